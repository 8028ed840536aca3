import JSON
import Tensors

/// Why a plan cannot be used. The caller adds the file's name.
public struct PlanError: Error, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// Checks everything about a plan except its weight bytes, so that executing it can only touch
/// memory that belongs to it. A plan is as untrusted as any file, right checksum or not.
public struct PlanVerifier {
  private let plan: Plan
  private let bounds: [String: Int]
  private let smallest: [String: Int]

  /// Most bytes that arena and states may ask for together (1 TiB).
  public static let memoryLimit = 1 << 40
  public static let rankLimit = 8

  public static func verify(_ plan: Plan) throws {
    let verifier = PlanVerifier(plan)
    try verifier.symbolsAreSound()
    try verifier.regionsAreSound()
    for function in plan.functions { try verifier.functionIsSound(function) }
  }

  private init(_ plan: Plan) {
    self.plan = plan
    bounds = Dictionary(plan.symbols.map { ($0.name, $0.bound) }, uniquingKeysWith: { a, _ in a })
    smallest = bounds.mapValues { _ in 1 }
  }

  private func symbolsAreSound() throws {
    guard bounds.count == plan.symbols.count else { throw PlanError("two symbols have one name") }
    for symbol in plan.symbols where symbol.bound < 1 {
      throw PlanError("symbol \(symbol.name) has bound \(symbol.bound)")
    }
  }

  private func regionsAreSound() throws {
    guard plan.arenaBytes + plan.stateBytes <= Self.memoryLimit else {
      throw PlanError("it asks for \(plan.arenaBytes) + \(plan.stateBytes) bytes of memory")
    }
    var end = 0
    for state in plan.states.sorted(by: { $0.offset < $1.offset }) {
      let bytes = try Self.byteCount(state.element, state.shape)
      guard state.offset % Plan.alignment == 0, state.offset >= end,
        state.offset + bytes <= plan.stateBytes
      else { throw PlanError("state \(state.name) is misplaced") }
      end = state.offset + bytes
    }
    for tensor in plan.tensors {
      _ = try Self.byteCount(tensor.element, tensor.shape)
      _ = try Self.byteCount(tensor.storedElement, tensor.storedShape)
    }
    let names = Set(plan.functions.map(\.name))
    guard names.count == plan.functions.count else {
      throw PlanError("two functions have one name")
    }
  }

  private static func byteCount(_ element: ElementType, _ shape: [Int]) throws -> Int {
    let count = try shape.map { Dim($0) }.elementCount().constant ?? 0
    guard shape.count <= rankLimit, count <= memoryLimit else {
      throw PlanError("shape \(shape) is too large")
    }
    return count * element.byteCount
  }

  private func functionIsSound(_ function: PlanFunction) throws {
    for port in function.inputs + function.outputs {
      try check(port.view, "@\(function.name), \(port.name)")
      if case .tensor(let index) = port.view.region, plan.tensors[index].packing != nil {
        throw PlanError("@\(function.name), \(port.name): a packed tensor is neither in nor output")
      }
    }
    for step in function.steps {
      let place = "@\(function.name), step \(step.name)"
      for case .some(let view) in step.operands {
        try check(view, place)
        try packingIsKnown(view, to: step, place)
      }
      try check(step.result, place)
      if case .tensor = step.result.region { throw PlanError("\(place) writes to a weight") }
    }
    for port in function.inputs {
      if case .arena = port.view.region { continue }
      throw PlanError("@\(function.name), \(port.name): an input is not in the arena")
    }
  }

  /// A packed tensor is read as a whole, by a kernel that is named after the packing.
  private func packingIsKnown(_ view: PlanView, to step: PlanStep, _ place: String) throws {
    guard case .tensor(let index) = view.region, let packing = plan.tensors[index].packing else {
      return
    }
    let (rows, columns) = (plan.tensors[index].shape[0], plan.tensors[index].shape[1])
    guard step.kernel.hasSuffix("_\(packing.rawValue)"), view.start == 0,
      view.shape == [Dim(rows), Dim(columns)], view.strides == [Dim(columns), 1]
    else {
      throw PlanError("\(place): kernel \(step.kernel) cannot read a tensor in \(packing.rawValue)")
    }
  }

  /// A view is well formed and, at the smallest and largest sizes of the symbols, inside its region.
  /// The executor checks symbolic views again at the sizes of each call.
  private func check(_ view: PlanView, _ place: String) throws {
    guard view.shape.count <= Self.rankLimit, view.shape.count == view.strides.count else {
      throw PlanError("\(place): \(view.shape.count) extents, \(view.strides.count) strides")
    }
    let size = try regionSize(of: view, place)
    for sizes in [smallest, bounds] {
      let used: Range<Int>
      do {
        // Kernels count elements, which strides of 0 keep out of the range.
        _ = try view.shape.elementCount().evaluate(sizes)
        used = try view.elementRange(sizes)
      } catch {
        throw PlanError("\(place): a size cannot be computed (\(error))")
      }
      guard used.lowerBound >= 0, used.upperBound <= size / view.element.byteCount else {
        throw PlanError("\(place): elements \(used) leave a region of \(size) bytes")
      }
    }
  }

  /// Bytes from the view's base to the end of its region.
  private func regionSize(of view: PlanView, _ place: String) throws -> Int {
    switch view.region {
    case .arena(let offset):
      guard offset % Plan.alignment == 0, offset <= plan.arenaBytes else {
        throw PlanError("\(place): arena offset \(offset) is misplaced")
      }
      return plan.arenaBytes - offset
    case .tensor(let index):
      guard plan.tensors.indices.contains(index), plan.tensors[index].element == view.element else {
        throw PlanError("\(place): tensor \(index) does not exist or has other elements")
      }
      return plan.tensors[index].byteCount
    case .state(let index):
      guard plan.states.indices.contains(index), plan.states[index].element == view.element else {
        throw PlanError("\(place): state \(index) does not exist or has other elements")
      }
      return plan.states[index].byteCount
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
    for (extent, step) in zip(extents, steps) {
      guard extent >= 0 else { throw DimError.tooLarge }
      if extent == 0 { return 0..<0 }
      let (reach, overflow) = (extent - 1).multipliedReportingOverflow(by: step)
      guard !overflow, abs(reach) <= Dim.limit else { throw DimError.tooLarge }
      if reach < 0 { low += reach } else { high += reach }
    }
    return low..<high + 1
  }
}
