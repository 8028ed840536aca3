import IR
import Tensors

/// Operations that make, choose or move elements.
extension ExportOperator {
  static let same: Build = { try $0.stored(0) }

  static let constant: Build = { node in
    let values = try node.operation.attribute("values")?.reals ?? [node.real("value")]
    return node.builder.constant(
      node.result.element, node.result.shape.compactMap(\.constant),
      values.map(node.result.element.converted))
  }

  static let iota: Build = { node in
    let start = try node.dimension("start")
    return try node.range(start, try start + node.dimension("count"))
  }

  static let embedding: Build = { node in
    let rows = try rows(node, axis: 0)
    let scale = try node.real("scale")
    return scale == 1 ? rows : try node.op("Mul", [rows, node.constant(scale, like: rows)])
  }

  static let gather: Build = { node in
    try rows(node, axis: node.axis(try node.integer("axis"), rank: try node.stored(0).rank))
  }

  /// What indices choose is widened, rather than all that there is to choose from.
  private static func rows(_ node: NodeExport, axis: Int) throws -> ExportedValue {
    let table = try node.stored(0)
    let rows = try node.op(
      "Gather", [table, try node.stored(1)], ["axis": .int(axis)],
      TensorType(table.element, node.result.shape))
    return try node.builder.cast(rows, to: table.element.computed)
  }

  static let concat: Build = { node in
    let parts = try node.operands.indices.map { try node.stored($0) }
    if parts.count == 1 { return parts[0] }
    return try node.op(
      "Concat", parts, ["axis": .int(node.axis(node.integer("axis"), rank: parts[0].rank))],
      parts[0].type.with(shape: node.result.shape))
  }

  static let slice: Build = { node in
    let x = try node.stored(0)
    return try node.slice(
      x, axis: node.axis(try node.integer("axis"), rank: x.rank), try node.dimension("start"),
      try node.dimension("end"))
  }

  /// Each masked element takes the element of source whose place is the number of masked ones before.
  static let maskedScatter: Build = { node in
    let (x, source) = (try node.stored(0), try node.stored(2))
    let mask = try node.expand(try node.stored(1), x.shape)
    let count = try x.shape.elementCount()
    let marks = try node.builder.cast(try node.reshape(mask, [count]), to: .i64)
    let counts = try node.op("CumSum", [marks, node.builder.scalar(0, .i64)], [:], marks.type)
    let places = try node.op("Sub", [counts, node.builder.scalar(1, .i64)])
    let inside = try node.op("Max", [places, node.builder.scalar(0, .i64)])
    let elements = try node.reshape(source, [source.shape.elementCount()])
    let picked = try node.op(
      "Gather", [elements, inside], ["axis": .int(0)], TensorType(x.element, [count]))
    return try node.op("Where", [mask, try node.reshape(picked, x.shape), x], [:], x.type)
  }

  /// The operator finds the elements as well, which nothing reads.
  static let topK: Build = { node in
    let x = try node.number(0)
    let attributes: [String: ExportedAttribute] = [
      "axis": .int(node.axis(try node.integer("axis"), rank: x.rank)),
      "largest": .int(try node.flag("largest") ? 1 : 0), "sorted": .int(1),
    ]
    let outputs = node.builder.op(
      "TopK", [x, try node.builder.size(try node.dimension("k"))], attributes,
      yielding: [x.type.with(shape: node.result.shape), node.result])
    return outputs[1]
  }

  static let scatter: Build = { node in
    let (x, ids) = (try node.number(0), try node.stored(1))
    let reduction = try node.word("reduction")
    if reduction == "add" || reduction == "mul" {
      try node.builder.require(16, "sums and products of what is scattered")
    } else if reduction != "none" {
      try node.builder.require(18, "the largest or smallest of what is scattered")
    }
    return try node.op(
      "ScatterND", [x, node.reshape(ids, ids.shape + [1]), node.number(2)],
      reduction == "none" ? [:] : ["reduction": .string(reduction)], x.type)
  }

  static let causalMask: Build = { node in
    try causalMask(
      node, queries: try node.dimension("queries"), keys: try node.dimension("keys"),
      window: node.operation.attribute("window")?.integer)
  }

  /// f32[queries×keys]: 0 where query q = keys - queries + i may see key j (j ≤ q and j > q - window),
  /// else -∞.
  static func causalMask(
    _ node: NodeExport, queries: Dim, keys: Dim, window: Int?
  ) throws -> ExportedValue {
    let (column, row) = (
      try node.reshape(try node.range(try keys - queries, keys), [queries, 1]),
      try node.reshape(try node.range(0, keys), [1, keys])
    )
    let flags = TensorType(.bool, [queries, keys])
    var hidden = try node.op("Less", [column, row], [:], flags)
    if let window {
      let oldest = try node.op("Sub", [column, node.builder.scalar(Double(window - 1), .i64)])
      hidden = try node.op("Or", [hidden, node.op("Less", [row, oldest], [:], flags)])
    }
    return try node.op(
      "Where", [hidden, node.builder.scalar(-.infinity), node.builder.scalar(0)], [:],
      flags.with(element: .f32))
  }
}
