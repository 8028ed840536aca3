import Inputs
import Tensors

/// Why a plan cannot be used. The caller adds the file's name.
public struct PlanError: Error, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// Checks everything about a plan except its weight bytes, so that executing it can only touch
/// memory that belongs to it. A plan is as untrusted as any file, right checksum or not.
///
/// - Names are unique, symbols have bounds, arena and states stay within `memoryLimit`.
/// - States lie apart from each other in their region.
/// - Every view lies in its region and has its region's element type.
/// - Inputs and results are no weights, and their elements do not share places.
/// - A result shares memory with an operand only where they are the same elements in the same places, or
///   parts of one state from one place on. Which kernel may do so is checked where kernels are known.
/// - No output has more than `memoryLimit` bytes.
/// - What a function reads from the arena is a value that an input or an earlier step left whole.
///
/// All that depends on symbols holds for every combination of their values, or the plan is refused. Two
/// things may depend on a call: whether an extent is negative, and whether a view begins before its
/// region. The executor looks at both whenever a symbol changes.
public struct PlanVerifier {
  let plan: Plan
  let views: ViewBoundsTable

  /// Most bytes that arena and states may ask for together (1 TiB).
  public static let memoryLimit = 1 << 40
  public static let rankLimit = 8
  /// Most steps of all functions together.
  public static let stepLimit = 1 << 16

  /// Throws `PlanError` for the first fault.
  public static func verify(_ plan: Plan) throws {
    let verifier = try PlanVerifier(plan)
    try verifier.regionsAreSound()
    try verifier.functionNamesAreSound()
    for function in plan.functions { try verifier.functionIsSound(function) }
  }

  private init(_ plan: Plan) throws {
    self.plan = plan
    for symbol in plan.symbols where !(1...Dim.limit).contains(symbol.bound) {
      throw PlanError("symbol \(symbol.name.printable) has bound \(symbol.bound)")
    }
    let bounds = Dictionary(
      plan.symbols.map { ($0.name, $0.bound) }, uniquingKeysWith: { first, _ in first })
    guard bounds.count == plan.symbols.count else { throw PlanError("two symbols have one name") }
    views = ViewBoundsTable(bounds)
  }

  private func regionsAreSound() throws {
    let limits = 0...Self.memoryLimit
    guard limits.contains(plan.arenaBytes), limits.contains(plan.stateBytes),
      limits.contains(plan.arenaBytes + plan.stateBytes)
    else { throw PlanError("it asks for \(plan.arenaBytes) + \(plan.stateBytes) bytes of memory") }
    try Self.requireUnique(plan.tensors.map(\.name), "tensors")
    for tensor in plan.tensors {
      let place = "tensor \(tensor.name.printable)"
      _ = try Self.byteCount(tensor.element, tensor.shape, place)
      guard let packing = tensor.packing else { continue }
      guard tensor.shape.count == 2, tensor.element == packing.element else {
        throw PlanError("\(place): \(packing.rawValue) holds no \(tensor.element)\(tensor.shape)")
      }
      _ = try Self.byteCount(tensor.storedElement, tensor.storedShape, place)
    }
    try Self.requireUnique(plan.states.map(\.name), "states")
    var end = 0
    for state in plan.states.sorted(by: { $0.offset < $1.offset }) {
      let place = "state \(state.name.printable)"
      let bytes = try Self.byteCount(state.element, state.shape, place)
      guard state.offset % Plan.alignment == 0, state.offset >= end,
        state.offset <= plan.stateBytes, bytes <= plan.stateBytes - state.offset
      else { throw PlanError("\(place) is misplaced") }
      end = state.offset + bytes
    }
  }

  static func byteCount(
    _ element: ElementType, _ shape: [Int], _ place: String
  ) throws -> Int {
    do { return try TensorData.byteCount(element, shape) } catch {
      throw PlanError("\(place): \(error)")
    }
  }

  private func functionNamesAreSound() throws {
    try Self.requireUnique(plan.functions.map(\.name), "functions")
    let steps = plan.functions.reduce(0) { $0 + $1.steps.count }
    guard steps <= Self.stepLimit else {
      throw PlanError("it has \(steps) steps; at most \(Self.stepLimit) are run")
    }
  }

  static func requireUnique(_ names: [String], _ what: String) throws {
    guard Set(names.map { UTF8Key($0) }).count == names.count else {
      throw PlanError("two \(what) have one name")
    }
  }
}
