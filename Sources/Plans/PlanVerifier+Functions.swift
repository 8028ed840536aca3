import JSON
import Tensors

extension PlanVerifier {
  func functionIsSound(_ function: PlanFunction) throws {
    let name = "@\(function.name.printable)"
    try Self.requireUnique(function.inputs.map(\.name), "inputs of \(name)")
    for port in function.inputs {
      let place = "\(name), input \(port.name.printable)"
      guard case .arena = port.view.region else { throw PlanError("\(place) is not in the arena") }
      try check(port.view, place)
      try checkIsWritable(port.view, place)
    }
    for step in function.steps {
      let place = "\(name), step \(step.name.printable)"
      for case .some(let view) in step.operands {
        try check(view, place)
        try checkPacking(of: view, readBy: step.kernel, place)
      }
      try check(step.result, place)
      if case .tensor = step.result.region { throw PlanError("\(place) writes to a weight") }
      try checkIsWritable(step.result, place)
    }
    for port in function.outputs {
      let place = "\(name), output \(port.name.printable)"
      try check(port.view, place)
      try checkPacking(of: port.view, readBy: "", place)
      try checkIsCopyable(port.view, place)
    }
    for sizes in extremes { try checkArena(of: function, name, at: sizes) }
  }

  /// A view is well formed and, at the smallest and largest sizes of the symbols, inside its region.
  /// The executor checks symbolic views again at the sizes of each call.
  private func check(_ view: PlanView, _ place: String) throws {
    guard view.shape.count <= Self.rankLimit, view.shape.count == view.strides.count else {
      throw PlanError("\(place): \(view.shape.count) extents, \(view.strides.count) strides")
    }
    let size = try regionSize(of: view, place)
    for sizes in extremes {
      let used: Range<Int>
      do {
        // Kernels count elements, which strides of 0 keep out of the range.
        try view.requireCountableElements(sizes)
        used = try view.elementRange(sizes)
      } catch DimError.unboundSymbol(let name) {
        throw PlanError("\(place): there is no symbol \(name.printable)")
      } catch {
        throw PlanError("\(place): a size is negative or too large")
      }
      guard used.lowerBound >= 0, used.upperBound <= size / view.element.byteCount else {
        throw PlanError("\(place): elements \(used) leave a region of \(size) bytes")
      }
    }
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

  /// No two elements of what is written share a place, so it does not matter who writes first.
  private func checkIsWritable(_ view: PlanView, _ place: String) throws {
    for sizes in extremes where try !view.hasDistinctPlaces(sizes) {
      throw PlanError(
        "\(place): elements overlap with strides \("\(view.strides)".printable)")
    }
  }

  /// What leaves a function is a copy, which may be far larger than the memory that its view repeats.
  private func checkIsCopyable(_ view: PlanView, _ place: String) throws {
    for sizes in extremes {
      let bytes = try Self.byteCount(view.element, try view.shape.evaluate(sizes), place)
      guard bytes <= Self.memoryLimit else { throw PlanError("\(place) has \(bytes) bytes") }
    }
  }

  /// Follows what the arena holds, step by step, at these sizes of the symbols.
  private func checkArena(
    of function: PlanFunction, _ name: String, at sizes: [String: Int]
  ) throws {
    var contents = ArenaContents()
    for port in function.inputs {
      if let input = try port.view.arenaBytes(sizes) { contents.write(input) }
    }
    for step in function.steps {
      let place = "\(name), step \(step.name.printable)"
      let result = try step.result.arenaBytes(sizes)
      for case .some(let view) in step.operands {
        guard let operand = try view.arenaBytes(sizes) else { continue }
        try contents.checkHolds(operand, place)
        // At the same offset a kernel computes in place; elsewhere it would read what it wrote.
        if let result, result.offset != operand.offset, result.bytes.overlaps(operand.bytes) {
          throw PlanError("\(place) writes over its operand at arena bytes \(operand.bytes)")
        }
      }
      if let result { contents.write(result) }
    }
    for port in function.outputs {
      guard let output = try port.view.arenaBytes(sizes) else { continue }
      try contents.checkHolds(output, "\(name), output \(port.name.printable)")
    }
  }
}

extension PlanView {
  /// Elements from the base of the region that the view can touch at these sizes; empty when it
  /// has no elements.
  public func elementRange(_ sizes: [String: Int]) throws -> Range<Int> {
    let extents = try shape.evaluate(sizes)
    let steps = try strides.evaluate(sizes)
    var low = try start.evaluate(sizes)
    var high = low
    guard extents.allSatisfy({ $0 >= 0 }) else { throw DimError.tooLarge }
    if extents.contains(0) { return 0..<0 }
    for (extent, step) in zip(extents, steps) {
      let (reach, overflow) = (extent - 1).multipliedReportingOverflow(by: step)
      guard !overflow, reach.magnitude <= Dim.limit else { throw DimError.tooLarge }
      if reach < 0 { low += reach } else { high += reach }
    }
    return low..<high + 1
  }

  /// The arena bytes between the first and the last element at these sizes, and where their buffer
  /// begins; nil when there are none. Only for views that passed `check`.
  fileprivate func arenaBytes(_ sizes: [String: Int]) throws -> ArenaContents.Value? {
    guard case .arena(let offset) = region else { return nil }
    let elements = try elementRange(sizes)
    guard !elements.isEmpty else { return nil }
    let size = element.byteCount
    return ArenaContents.Value(
      offset: offset,
      bytes: offset + elements.lowerBound * size..<offset + elements.upperBound * size)
  }

  /// Throws when there are more elements than any tensor has.
  fileprivate func requireCountableElements(_ sizes: [String: Int]) throws {
    var count = 1
    for extent in try shape.evaluate(sizes) {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product.magnitude <= Dim.limit else { throw DimError.tooLarge }
      count = product
    }
  }

  /// Whether each axis steps over all that the axes with smaller strides reach, as in everything
  /// that kernels write. Only for views that passed `check`.
  fileprivate func hasDistinctPlaces(_ sizes: [String: Int]) throws -> Bool {
    let extents = try shape.evaluate(sizes)
    if extents.contains(0) { return true }
    let axes = zip(extents, try strides.evaluate(sizes)).filter { extent, _ in extent > 1 }
    var reach = 0
    for (extent, step) in axes.sorted(by: { $0.1 < $1.1 }) {
      guard step > reach else { return false }
      reach += (extent - 1) * step
    }
    return true
  }
}
