import IR
import Tensors

/// What a reduction makes of the elements along its axes.
enum ReductionKind: Sendable {
  case sum, mean, max, min, product, l1, l2, squares, logSum, logSumExp
}

/// Operators that fold axes away, and those that normalise along one.
extension ONNXOperator {
  static func reduceByAttributes(_ kind: ReductionKind) -> Build {
    { node in [try reduce(kind, node, axes: node.ints("axes"))] }
  }

  static func reduceByInputs(_ kind: ReductionKind) -> Build {
    { node in
      let axes = try node.integers(1, "axes")
      if axes?.isEmpty ?? true, try node.flag("noop_with_empty_axes") {
        return [try reduce(kind, node, axes: [])]
      }
      return [try reduce(kind, node, axes: axes.flatMap { $0.isEmpty ? nil : $0 })]
    }
  }

  private static func reduce(
    _ kind: ReductionKind, _ node: NodeImport, axes: [Int]?
  ) throws -> ImportedValue {
    var x = try node.computed(try node.input(0))
    let axes = try axes.map { try node.axes($0, rank: x.rank) } ?? Array(0..<x.rank)
    let keeps = try node.int("keepdims") != 0
    let isFlag = x.type.element == .bool
    if isFlag { x = try node.cast(x, .i64, as: "number") }
    if x.type.element == .i64, let kept = try reducedSizes(kind, node, x, axes, keeps) {
      return kept
    }
    let result = try Fold(node: node, axes: axes, keeps: keeps)(kind, x)
    return isFlag ? try node.cast(result, .bool) : result
  }

  /// Sizes are added and multiplied one by one, so that the result is a size again.
  private static func reducedSizes(
    _ kind: ReductionKind, _ node: NodeImport, _ x: ImportedValue, _ axes: [Int], _ keeps: Bool
  ) throws -> ImportedValue? {
    guard case .sizes(let sizes) = x.content, x.rank == 1, axes == [0] else { return nil }
    let result: Dim
    switch kind {
    case .sum: result = try sizes.reduce(0) { try $0 + $1 }
    case .product: result = try sizes.elementCount()
    default: return nil
    }
    return ImportedValue(sizes: [result], shape: keeps ? [1] : [])
  }

  /// A reduction over given axes.
  private struct Fold {
    let node: NodeImport
    let axes: [Int]
    let keeps: Bool

    func callAsFunction(_ kind: ReductionKind, _ x: ImportedValue) throws -> ImportedValue {
      switch kind {
      case .sum: return try fold("sum", x)
      case .max: return try fold("max", x)
      case .product: return try fold("prod", x)
      case .squares: return try fold("sum", node.op("mul", [x, x], as: "square"))
      case .l1: return try fold("sum", node.op("abs", [x], as: "abs"))
      case .min:
        // Nothing turns the smallest of all integers around but flipping its bits.
        let isFlipped = x.type.element == .i64
        let turned =
          isFlipped
          ? try node.op("bit_xor", [x, .scalar(-1, .i64)], as: "flipped")
          : try node.op("neg", [x], as: "neg")
        let largest = try fold("max", turned, as: "max")
        return isFlipped
          ? try node.op("bit_xor", [largest, .scalar(-1, .i64)]) : try node.op("neg", [largest])
      case .mean, .l2, .logSum, .logSumExp: return try number(kind, x)
      }
    }

    /// Reductions to what need not be an integer.
    private func number(_ kind: ReductionKind, _ x: ImportedValue) throws -> ImportedValue {
      let isInteger = x.type.element == .i64
      let x = try node.cast(x, .f32, as: "number")
      let result: ImportedValue
      switch kind {
      case .mean: result = try fold("mean", x)
      case .l2:
        let sum = try fold("sum", node.op("mul", [x, x], as: "square"), as: "sum")
        result = try node.op("sqrt", [sum])
      case .logSum: result = try node.op("log", [fold("sum", x, as: "sum")])
      default: result = try logSumExp(x)
      }
      return isInteger ? try node.cast(result, .i64) : result
    }

    /// The largest element stands outside the sum, which then never overflows.
    private func logSumExp(_ x: ImportedValue) throws -> ImportedValue {
      let largest = try node.op("max", [x], ["axes": .integers(axes)], as: "max")
      // Of elements that are all -∞, nothing may be subtracted.
      let isFinite = try node.op(
        "less", [node.op("abs", [largest], as: "abs"), .scalar(.infinity)])
      let shift = try node.op("where", [isFinite, largest, .scalar(0)], as: "shift")
      let power = try node.op("exp", [node.op("sub", [x, shift], as: "shifted")], as: "exp")
      let sum = try node.op("log", [fold("sum", power, as: "sum")], as: "log")
      let dropped = keeps ? shift : try node.reshape(shift, sum.shape, as: "shift")
      return try node.op("add", [sum, dropped])
    }

    private func fold(
      _ op: String, _ x: ImportedValue, as name: String = ""
    ) throws -> ImportedValue {
      try node.op(op, [x], ["axes": .integers(axes), "keep_dims": .flag(keeps)], as: name)
    }
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
  static func logSoftmax(
    _ node: NodeImport, _ x: ImportedValue, axis: Int, as suffix: String = ""
  ) throws -> ImportedValue {
    let axes: Attributes = ["axes": .integers([axis])]
    let largest = try node.op("max", [x], axes, as: "max")
    let shifted = try node.op("sub", [x, largest], as: "shifted")
    let sum = try node.op("sum", [node.op("exp", [shifted], as: "exp")], axes, as: "sum")
    return try node.op("sub", [shifted, node.op("log", [sum], as: "log")], as: suffix)
  }

  /// 1 at the first largest element along an axis, 0 elsewhere.
  static let hardmax: Build = { node in
    let x = try node.input(0)
    let axis = try node.axis(try node.int("axis") ?? -1, rank: x.rank)
    return [try hardmax(node, x, axis: axis)]
  }

  static let flattenedHardmax: Build = { node in
    [try flattened(node) { try hardmax(node, $0, axis: 1) }]
  }

  private static func hardmax(
    _ node: NodeImport, _ x: ImportedValue, axis: Int
  ) throws -> ImportedValue {
    let place = try node.op(
      "top_k", [x], ["k": .integer(1), "axis": .integer(axis)], as: "place")
    let isLargest = try node.op("equal", [place, node.places(along: axis, of: x.shape)], as: "hit")
    return try node.cast(isLargest, .f32)
  }
}
