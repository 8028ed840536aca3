import IR
import Tensors

/// A state of a function as an input and an output.
///
/// A cache that is appended to once and read in no other way comes in as long as it is filled and goes
/// out as long as it has become: `[b, h, P, d]` and `[b, h, P+1, d]`; an empty one does not come in at
/// all. Any other state comes and goes whole.
struct ExportedState {
  let type: TensorType
  let isWritten: Bool
  /// Positions that are filled before the call, for a cache that grows.
  let filled: Dim?
  /// Its value so far; nil for a cache that is empty.
  var current: ExportedValue?

  /// The type of the input; nil when nothing comes in.
  var input: TensorType? {
    guard let filled else { return type }
    return filled == 0 ? nil : type.with(extent: filled)
  }

  var inputDoc: String {
    filled.map { "the \($0) positions that are cached before the call" } ?? "state before the call"
  }

  var outputDoc: String { filled == nil ? "state after the call" : "all positions cached so far" }

  /// Every state that a function uses.
  static func states(
    of function: Function, in module: Module
  ) throws -> [TensorID: ExportedState] {
    var reads: [TensorID: Int] = [:]
    var starts: [TensorID: [Dim]] = [:]
    for operation in function.operations {
      for id in operation.operands.compactMap({ $0?.tensor }) { reads[id, default: 0] += 1 }
      if operation.op == "cache_append", let id = operation.operands[0]?.tensor,
        let at = operation.attribute("at")?.dimension
      {
        starts[id, default: []].append(at)
      }
    }
    for id in function.results.compactMap(\.operand.tensor) { reads[id, default: 0] += 1 }
    var states: [TensorID: ExportedState] = [:]
    for (id, count) in reads where module.tensor(id).kind == .state {
      let grows = count == 1 && starts[id]?.count == 1
      states[id] = ExportedState(
        type: module.tensor(id).type.with(shape: try module.storageShape(of: id)),
        isWritten: starts[id] != nil, filled: grows ? starts[id]?[0] : nil)
    }
    return states
  }

  /// The state after new positions, and what of it is filled.
  func appending(
    _ new: ExportedValue, _ node: NodeExport
  ) throws -> (next: ExportedValue, visible: ExportedValue) {
    let at = try node.dimension("at")
    let end = try at + new.shape[2]
    if filled != nil {
      let parts = [current, new].compactMap { $0 }
      // An output needs a node of its own.
      let grown = try node.op(
        parts.count == 1 ? "Identity" : "Concat", parts,
        parts.count == 1 ? [:] : ["axis": .int(2)], type.with(extent: end))
      return (grown, grown)
    }
    guard let current else { throw OpError("its state has no value") }
    let parts = try [
      node.slice(current, axis: 2, 0, at), new, node.slice(current, axis: 2, end, type.shape[2]),
    ].filter { $0.shape[2] != 0 }
    let next = try node.op("Concat", parts, ["axis": .int(2)], type)
    return (next, try node.slice(next, axis: 2, 0, end))
  }
}

extension TensorType {
  /// With another number of positions.
  fileprivate func with(extent: Dim) -> TensorType {
    var shape = shape
    shape[2] = extent
    return with(shape: shape)
  }
}
