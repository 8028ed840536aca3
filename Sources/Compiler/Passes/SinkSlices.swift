import IR
import Tensors

extension Pass {
  /// `sink_slices` moves slices towards the inputs, so that only what is read later is computed: of
  /// the last layer, the final norm and the head, a prompt needs the last token alone.
  static let sinkSlices = Pass(
    "sink_slices", .exact,
    "Moves slices in front of what computes each row for itself.",
    rules: [SinkSlicesRules.merge, SinkSlicesRules.sink])
}

enum SinkSlicesRules {
  static let merge = RewriteRule(
    "merge", on: ["slice"],
    "slice(x), slice(x) => one of them: two readers of a value slice it alike when slices "
      + "have sunk through both."
  ) { anchor, graph in
    guard let former = graph.equal(slice: anchor) else { return nil }
    return try graph.replacing(with: .value(former.result))
  }

  static let sink = RewriteRule(
    "sink", on: ["slice"],
    "slice(f(x, …)) => f(slice(x), …) for an f that computes the slice from slices of its "
      + "operands, when nothing else reads f's result."
  ) { anchor, graph in
    guard let source = graph.definition(of: anchor.operands[0]), graph.isReadOnce(source),
      let slice = Slice(anchor, of: graph.type(of: .value(source.result)).shape),
      let axes = slicedAxes(of: source, by: slice, graph)
    else { return nil }
    var patch = graph.patch()
    var operands = source.operands
    for (index, axis) in axes.sorted(by: { $0.key < $1.key }) {
      guard let operand = operands[index] else { continue }
      operands[index] = try patch.append(
        "slice", [operand], slice.attributes(axis: axis), named: graph.name(of: operand))
    }
    var attributes = source.attributes
    if source.op == "reshape" {
      attributes["shape"] = .list(
        graph.type(of: .value(anchor.result)).shape.map { .dimension($0) })
    }
    let result = try patch.append(source.op, operands, attributes)
    return try patch.replacing(with: result)
  }

  /// The axis along which each operand is sliced so that an operation computes a slice of its result;
  /// nil when it cannot, and no axis for an operand that stays whole.
  private static func slicedAxes(
    of source: Operation, by slice: Slice, _ graph: RewriteGraph
  ) -> [Int: Int]? {
    let result = graph.type(of: .value(source.result))
    func shape(_ index: Int) -> Shape? { source.operands[index].map { graph.type(of: $0).shape } }
    /// Operands that broadcast to the result, where they have the sliced extent, be it 1.
    func broadcast(_ indices: some Sequence<Int>) -> [Int: Int] {
      indices.reduce(into: [:]) { axes, index in
        guard let shape = shape(index) else { return }
        let axis = slice.axis - (result.rank - shape.count)
        if axis >= 0, shape[axis] == result.shape[slice.axis] { axes[index] = axis }
      }
    }
    switch source.op {
    case "linear":
      return slice.axis < result.rank - 1 ? broadcast([0, 3, 4]) : nil
    case "rms_norm", "layer_norm":
      return slice.axis < result.rank - 1 ? [0: slice.axis] : nil
    case "rope":
      return slice.axis < result.rank - 1 ? broadcast(0...2) : nil
    case "attention":
      // Queries are counted from the last key, so under a mask only the last ones can be sliced.
      guard slice.axis == 1, !source.isFlagSet("causal") || slice.isLast else { return nil }
      let mask = shape(3).flatMap { $0.count >= 2 && !$0[$0.count - 2].isOne ? $0.count - 2 : nil }
      return mask.map { [0: 2, 3: $0] } ?? [0: 2]
    case "embedding":
      return shape(1).flatMap { slice.axis < $0.count ? [1: slice.axis] : nil }
    case "transpose":
      return source.attributes["perm"]?.integers.map { [0: $0[slice.axis]] }
    case "reshape":
      let prefix = result.shape[...slice.axis]
      return shape(0).flatMap { $0.prefix(slice.axis + 1) == prefix ? [0: slice.axis] : nil }
    case "contiguous", "cast":
      return [0: slice.axis]
    case let op where OperandReading.elementwise.contains(op):
      return broadcast(source.operands.indices)
    default: return nil
    }
  }
}

/// What a `slice` takes of a value.
private struct Slice {
  let axis: Int
  let start: Dim
  let end: Dim
  /// Whether it ends where the value ends.
  let isLast: Bool

  init?(_ operation: Operation, of shape: Shape) {
    guard let axis = operation.axis("axis", rank: shape.count),
      let start = operation.attribute("start")?.dimension,
      let end = operation.attribute("end")?.dimension
    else { return nil }
    self.axis = axis
    self.start = start
    self.end = end
    isLast = end == shape[axis]
  }

  func attributes(axis: Int) -> Attributes {
    ["axis": .dimension(Dim(axis)), "start": .dimension(start), "end": .dimension(end)]
  }
}
