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
    guard let source = graph.definition(of: anchor["x"]), graph.isReadOnce(source),
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
    guard let site = try? graph.module.site(of: source, in: graph.function) else { return nil }
    return site.definition.slicing?.axes(
      Slicing.Request(
        site: site, result: graph.type(of: .value(source.result)), axis: slice.axis,
        isLast: slice.isLast))
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
