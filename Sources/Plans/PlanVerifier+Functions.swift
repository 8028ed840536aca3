import Inputs
import Tensors

extension PlanVerifier {
  func functionIsSound(_ function: PlanFunction) throws {
    let name = "@\(function.name.printable)"
    try Self.requireUnique(function.inputs.map(\.name), "inputs of \(name)")
    for port in function.inputs {
      let place = "\(name), input \(port.name.printable)"
      guard case .arena = port.view.region else { throw PlanError("\(place) is not in the arena") }
      try checkIsWritable(port.view, try check(port.view, place), place)
    }
    for step in function.steps { try check(step, "\(name), step \(step.name.printable)") }
    for port in function.outputs {
      let place = "\(name), output \(port.name.printable)"
      let bounds = try check(port.view, place)
      try checkPacking(of: port.view, readBy: "", place)
      // What leaves a function is a copy, which may be far larger than the memory that its view repeats.
      let (bytes, overflow) = bounds.elementLimit.multipliedReportingOverflow(
        by: port.view.element.byteCount)
      guard !overflow, bytes <= Self.memoryLimit else {
        throw PlanError("\(place) has \(bytes) bytes")
      }
    }
    try checkArena(of: function, name)
  }

  private func check(_ step: PlanStep, _ place: String) throws {
    for case .some(let view) in step.operands {
      try check(view, place)
      try checkPacking(of: view, readBy: step.kernel, place)
    }
    // However many there are: only figures depend on them.
    for symbol in step.multiplyAdds.symbols where views.bounds[symbol] == nil {
      throw PlanError("\(place): there is no symbol \(symbol.printable)")
    }
    let result = try check(step.result, place)
    if case .tensor = step.result.region { throw PlanError("\(place) writes to a weight") }
    try checkIsWritable(step.result, result, place)
    for case .some(let view) in step.operands {
      let operand = try views.bounds(of: view)
      guard view.sharing(operand, with: step.result, result) == nil else { continue }
      switch view.region {
      case .arena(let offset):
        let bytes = view.bytes(operand, from: offset)
        throw PlanError("\(place) writes over its operand at arena bytes \(bytes)")
      default:
        throw PlanError("\(place) writes over its operand, elements \(operand.range) of a state")
      }
    }
  }

  /// A view is well formed and inside its region, but for what the executor checks at each call.
  @discardableResult
  private func check(_ view: PlanView, _ place: String) throws -> ViewBounds {
    guard view.shape.count <= Self.rankLimit, view.shape.count == view.strides.count else {
      throw PlanError("\(place): \(view.shape.count) extents, \(view.strides.count) strides")
    }
    let size = try regionSize(of: view, place)
    let bounds = try naming(place) { try views.bounds(of: view) }
    guard bounds.isEmpty || !bounds.isExact || bounds.firstRange.upperBound >= 0,
      bounds.range.upperBound <= size / view.element.byteCount
    else {
      throw PlanError("\(place): elements \(bounds.range) leave a region of \(size) bytes")
    }
    return bounds
  }

  /// A packed tensor is read as a whole, by a kernel that is named after the packing.
  private func checkPacking(of view: PlanView, readBy kernel: String, _ place: String) throws {
    guard case .tensor(let index) = view.region, let packing = plan.tensors[index].packing else {
      return
    }
    let shape = plan.tensors[index].shape.map { Dim($0) }
    guard kernel.hasSuffix("_\(packing.rawValue)"), view.start == 0, view.shape == shape,
      view.strides == [shape[1], 1]
    else { throw PlanError("\(place) cannot read a tensor in \(packing.rawValue)") }
  }

  /// Bytes from the view's base to the end of its region.
  private func regionSize(of view: PlanView, _ place: String) throws -> Int {
    switch view.region {
    case .arena(let offset):
      guard offset % Plan.alignment == 0, (0...plan.arenaBytes).contains(offset) else {
        throw PlanError("\(place): arena offset \(offset) is misplaced")
      }
      return plan.arenaBytes - offset
    case .tensor(let index):
      guard plan.tensors.indices.contains(index), plan.tensors[index].element == view.element else {
        throw PlanError("\(place): tensor \(index) does not exist or has other elements")
      }
      // Views of packed tensors count the elements of the matrix.
      return plan.tensors[index].shape.reduce(view.element.byteCount, *)
    case .state(let index):
      guard plan.states.indices.contains(index), plan.states[index].element == view.element else {
        throw PlanError("\(place): state \(index) does not exist or has other elements")
      }
      return plan.states[index].byteCount
    }
  }

  /// No two elements of what is written share a place, so it does not matter who writes first. In the
  /// arena nothing between them is left out, so that all bytes from first to last are the value's.
  private func checkIsWritable(_ view: PlanView, _ bounds: ViewBounds, _ place: String) throws {
    guard bounds.hasDistinctPlaces else {
      throw PlanError("\(place): elements overlap with strides \("\(view.strides)".printable)")
    }
    guard case .arena = view.region, try naming(place, { try !bounds.isGapless(view.shape) }) else {
      return
    }
    throw PlanError("\(place): elements have gaps with strides \("\(view.strides)".printable)")
  }

  /// Follows what the arena holds, step by step.
  private func checkArena(of function: PlanFunction, _ name: String) throws {
    var contents = ArenaContents()
    for port in function.inputs {
      let place = "\(name), input \(port.name.printable)"
      try naming(place) { try arenaValue(of: port.view).map { contents.write($0) } }
    }
    for step in function.steps {
      let place = "\(name), step \(step.name.printable)"
      try naming(place) {
        for case .some(let view) in step.operands {
          try arenaValue(of: view).map { try contents.checkHolds($0, views.bounds, place) }
        }
        try arenaValue(of: step.result).map { contents.write($0) }
      }
    }
    for port in function.outputs {
      let place = "\(name), output \(port.name.printable)"
      try naming(place) {
        try arenaValue(of: port.view).map { try contents.checkHolds($0, views.bounds, place) }
      }
    }
  }

  /// Says where a size cannot be bounded.
  private func naming<Result>(_ place: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch DimError.unboundSymbol(let name) {
      throw PlanError("\(place): there is no symbol \(name.printable)")
    } catch DimError.tooLarge {
      throw PlanError("\(place): a size is negative or too large")
    }
  }

  /// The bytes of the arena that a view touches; nil when there are none. Only for views that passed
  /// `check`.
  private func arenaValue(of view: PlanView) throws -> ArenaContents.Value? {
    guard case .arena(let offset) = view.region else { return nil }
    let bounds = try views.bounds(of: view)
    let bytes = view.bytes(bounds, from: offset)
    guard !bytes.isEmpty else { return nil }
    let size = Dim(view.element.byteCount)
    return ArenaContents.Value(
      offset: offset, begin: try bounds.first * size, end: try (bounds.last + 1) * size,
      bytes: bytes)
  }
}
