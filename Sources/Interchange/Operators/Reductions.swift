import IR
import Tensors

/// What a reduction makes of the elements along its axes.
enum ReductionKind: Sendable { case sum, mean, max, min, product, l2, squares }

/// Operators that fold axes away, and those that normalise along one.
extension ONNXOperator {
  static func reduceByAttributes(_ kind: ReductionKind) -> Build {
    { node in [try reduce(kind, node, axes: node.ints("axes"))] }
  }

  static func reduceByInputs(_ kind: ReductionKind) -> Build {
    { node in
      let axes = try node.integers(1, "axes")
      if axes?.isEmpty ?? true, try node.flag("noop_with_empty_axes") {
        return [try node.input(0)]
      }
      return [try reduce(kind, node, axes: axes)]
    }
  }

  private static func reduce(
    _ kind: ReductionKind, _ node: NodeImport, axes: [Int]?
  ) throws -> ImportedValue {
    let x = try node.input(0)
    let axes =
      try axes.flatMap { $0.isEmpty ? nil : try node.axes($0, rank: x.rank) }
      ?? Array(0..<x.rank)
    let keeps = try node.int("keepdims") != 0
    guard x.type.element.isFloatingPoint else {
      return try reduceIntegers(kind, node, x, axes, keeps)
    }
    func fold(_ op: String, _ x: ImportedValue, as name: String = "") throws -> ImportedValue {
      try node.op(op, [x], ["axes": .integers(axes), "keep_dims": .flag(keeps)], as: name)
    }
    switch kind {
    case .sum: return try fold("sum", x)
    case .mean: return try fold("mean", x)
    case .max: return try fold("max", x)
    case .min:
      let largest = try fold("max", node.op("neg", [x], as: "neg"), as: "max")
      return try node.op("neg", [largest])
    case .squares: return try fold("sum", node.op("mul", [x, x], as: "square"))
    case .l2:
      let sum = try fold("sum", node.op("mul", [x, x], as: "square"), as: "sum")
      return try node.op("sqrt", [sum])
    case .product: return try product(node, x, axes, keeps)
    }
  }

  /// Integers and sizes are added element by element: shapes are small.
  private static func reduceIntegers(
    _ kind: ReductionKind, _ node: NodeImport, _ x: ImportedValue, _ axes: [Int], _ keeps: Bool
  ) throws -> ImportedValue {
    switch kind {
    case .sum: return try folded("add", node, x, axes, keeps)
    case .max: return try folded("maximum", node, x, axes, keeps)
    case .min: return try folded("minimum", node, x, axes, keeps)
    case .product: return try product(node, x, axes, keeps)
    case .mean, .l2, .squares: throw ONNXError("it is not supported for integers")
    }
  }

  private static func product(
    _ node: NodeImport, _ x: ImportedValue, _ axes: [Int], _ keeps: Bool
  ) throws -> ImportedValue {
    try folded("mul", node, x, axes, keeps)
  }

  /// One operation between the slices of each axis.
  private static func folded(
    _ op: String, _ node: NodeImport, _ x: ImportedValue, _ axes: [Int], _ keeps: Bool
  ) throws -> ImportedValue {
    var result = x
    for axis in axes {
      guard let count = result.shape[axis].constant, (1...64).contains(count) else {
        throw ONNXError(
          "it folds \(result.shape[axis]) integers or factors; at most 64 are supported")
      }
      let parts = try (0..<count).map {
        try node.slice(result, axis: axis, Dim($0), Dim($0 + 1), as: "part")
      }
      result = try parts.dropFirst().reduce(parts[0]) { try node.op(op, [$0, $1], as: "partial") }
    }
    guard !keeps else { return result }
    return try node.reshape(
      result, result.shape.indices.filter { !axes.contains($0) }.map { result.shape[$0] })
  }

  // MARK: Softmax

  static let softmax: Build = { node in
    let x = try node.input(0)
    return [try softmax(node, x, axis: try node.axis(try node.int("axis") ?? -1, rank: x.rank))]
  }

  private static func softmax(
    _ node: NodeImport, _ x: ImportedValue, axis: Int, as suffix: String = ""
  ) throws -> ImportedValue {
    try node.op("softmax", [x], ["axis": .integer(axis)], as: suffix)
  }

  /// Before version 13 the axes from `axis` on count as one.
  private static func flattened(
    _ node: NodeImport, _ body: (ImportedValue) throws -> ImportedValue
  ) throws -> ImportedValue {
    let x = try node.input(0)
    let axis = try node.axis(try node.int("axis") ?? 1, rank: x.rank)
    let outer = try Array(x.shape[..<axis]).elementCount()
    let inner = try Array(x.shape[axis...]).elementCount()
    let rows = try body(try node.reshape(x, [outer, inner], as: "rows"))
    return try node.reshape(rows, x.shape)
  }

  static let flattenedSoftmax: Build = { node in
    let x = try node.input(0)
    // Along the last axis both meanings are one.
    if try node.axis(try node.int("axis") ?? 1, rank: x.rank) == x.rank - 1 {
      return [try softmax(node, x, axis: x.rank - 1)]
    }
    return [try flattened(node) { try softmax(node, $0, axis: 1, as: "softmax") }]
  }

  static let logSoftmax: Build = { node in
    let x = try node.input(0)
    return [try logSoftmax(node, x, axis: try node.axis(try node.int("axis") ?? -1, rank: x.rank))]
  }

  static let flattenedLogSoftmax: Build = { node in
    [try flattened(node) { try logSoftmax(node, $0, axis: 1) }]
  }

  /// x - max - ln Σ e^(x - max), which is precise where the softmax is nearly 0.
  private static func logSoftmax(
    _ node: NodeImport, _ x: ImportedValue, axis: Int
  ) throws -> ImportedValue {
    let axes: Attributes = ["axes": .integers([axis])]
    let largest = try node.op("max", [x], axes, as: "max")
    let shifted = try node.op("sub", [x, largest], as: "shifted")
    let sum = try node.op("sum", [node.op("exp", [shifted], as: "exp")], axes, as: "sum")
    return try node.op("sub", [shifted, node.op("log", [sum], as: "log")])
  }
}
