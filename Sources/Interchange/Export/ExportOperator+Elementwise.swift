import IR
import Tensors

/// Functions of single elements and sums over axes.
extension ExportOperator {
  static func unary(_ op: String) -> Build { { try $0.op(op, [$0.number(0)]) } }

  /// - Parameter flags: the operator on two flags, where there is one.
  static func binary(_ op: String, flags: String? = nil) -> Build {
    { node in
      let (a, b) = try node.pair(0, 1)
      guard a.element == .bool else { return try node.op(op, [a, b]) }
      guard let flags else { throw OpError("it has no meaning on flags in ONNX; use where") }
      return try node.op(flags, [a, b])
    }
  }

  static func comparison(_ op: String) -> Build {
    { node in
      let (a, b) = try node.pair(0, 1)
      return try node.op(op, [a, b], [:], node.result)
    }
  }

  /// Where of flags is not everywhere to be had: (c ∧ a) ∨ (¬c ∧ b).
  static let choice: Build = { node in
    let condition = try node.stored(0)
    let (a, b) = try node.pair(1, 2)
    guard a.element == .bool else {
      return try node.op("Where", [condition, a, b], [:], node.result.with(element: a.element))
    }
    let other = try node.op("Not", [condition])
    return try node.op(
      "Or", [node.op("And", [condition, a]), node.op("And", [other, b])])
  }

  /// The IR's cast stops at the limits of small integers, where ONNX leaves open what it does.
  static let cast: Build = { node in
    guard let element = ElementType(rawValue: try node.word("to")) else {
      throw OpError("to is no element type")
    }
    let x = try node.stored(0)
    guard let range = element.integerRange, element.byteCount < 8, x.element != .bool else {
      return try node.builder.cast(x, to: element)
    }
    if let own = x.element.integerRange, range.contains(own.lowerBound),
      range.contains(own.upperBound)
    {
      return try node.builder.cast(x, to: element)
    }
    let number = try node.number(0)
    var (low, high) = (Double(range.lowerBound), Double(range.upperBound))
    if number.element == .f32 {
      // The nearest numbers inside.
      low = Double(Float(low))
      high = Double(Float(high)) > high ? Double(Float(high).nextDown) : high
    }
    let clipped = try node.op(
      "Clip", [number, node.constant(low, like: number), node.constant(high, like: number)], [:],
      number.type)
    return try node.builder.cast(clipped, to: element)
  }

  static func relu(_ node: NodeExport, _ x: ExportedValue) throws -> ExportedValue {
    // The operator takes integers only in later versions.
    try x.element.isFloatingPoint
      ? node.op("Relu", [x]) : node.op("Max", [x, node.constant(0, like: x)])
  }

  static func silu(_ node: NodeExport, _ x: ExportedValue) throws -> ExportedValue {
    try node.op("Mul", [x, node.op("Sigmoid", [x])])
  }

  /// ½x·(1 + erf(x/√2)), or ½x·(1 + tanh(√(2/π)·(x + 0.044715x³))).
  static func gelu(
    _ node: NodeExport, _ x: ExportedValue, isTanh: Bool
  ) throws -> ExportedValue {
    if node.opset >= 20 {
      return try node.op("Gelu", [x], ["approximate": .string(isTanh ? "tanh" : "none")])
    }
    func times(_ factor: Double, _ value: ExportedValue) throws -> ExportedValue {
      try node.op("Mul", [value, node.constant(factor, like: x)])
    }
    let squashed: ExportedValue
    if isTanh {
      let cube = try node.op("Mul", [node.op("Mul", [x, x]), x])
      let inner = try node.op("Add", [x, times(0.044715, cube)])
      squashed = try node.op("Tanh", [times((2 / Double.pi).squareRoot(), inner)])
    } else {
      squashed = try node.op("Erf", [times(0.5.squareRoot(), x)])
    }
    let raised = try node.op("Add", [squashed, node.constant(1, like: x)])
    return try node.op("Mul", [times(0.5, x), raised])
  }

  /// The lower bits are a remainder, in versions that have no bit operations.
  static let bitAnd: Build = { node in
    let (a, mask) = (try node.stored(0), try node.stored(1))
    if node.opset < 18, let bits = node.builder.number(of: mask), bits > 0, bits < 0x1p52,
      (Int64(bits) + 1).nonzeroBitCount == 1
    {
      return try node.op("Mod", [a, node.constant(bits + 1, like: a)])
    }
    return try bitwise("BitwiseAnd")(node)
  }

  static func bitwise(_ op: String) -> Build {
    { node in
      try node.builder.require(18, "bit operations")
      return try node.op(op, [node.stored(0), node.stored(1)])
    }
  }

  /// Bits are shifted in unsigned integers only.
  static let shiftLeft: Build = { node in
    let shifted = try node.op(
      "BitShift", [unsigned(node, 0), unsigned(node, 1)], ["direction": .string("LEFT")])
    return try node.builder.cast(shifted, to: .i64)
  }

  /// ⌊a/2ᵇ⌋: the sign stays.
  static let shiftRight: Build = { node in
    let a = try node.stored(0)
    let power = try node.builder.cast(
      try node.op(
        "BitShift", [node.builder.scalar(1, .u64), unsigned(node, 1)],
        ["direction": .string("LEFT")]), to: .i64)
    return try node.op("Div", [node.op("Sub", [a, node.op("Mod", [a, power])]), power])
  }

  private static func unsigned(_ node: NodeExport, _ index: Int) throws -> ExportedValue {
    try node.builder.cast(try node.stored(index), to: .u64)
  }

  static func reduction(_ op: String, axesAreInputFrom version: Int = 18) -> Build {
    { node in
      let x = try node.number(0)
      let axes = try node.integers("axes").map { node.axis($0, rank: x.rank) }.sorted()
      return try node.reduce(
        op, x, axes, keep: node.flag("keep_dims"), axesAreInputFrom: version)
    }
  }

  static let cumulativeSum: Build = { node in
    let x = try node.number(0)
    let axis = node.axis(try node.integer("axis"), rank: x.rank)
    return try node.op(
      "CumSum", [x, node.builder.scalar(Double(axis), .i64)],
      [
        "exclusive": .int(node.flag("exclusive") ? 1 : 0),
        "reverse": .int(node.flag("reverse") ? 1 : 0),
      ], x.type)
  }
}
