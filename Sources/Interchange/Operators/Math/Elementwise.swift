import Foundation
import IR
import Tensors

/// Operators that compute each element from the same place of their inputs.
extension ONNXOperator {
  static func unary(_ op: String) -> Build {
    { [try $0.op(op, [$0.input(0)])] }
  }

  static func binary(_ op: String) -> Build {
    { [try $0.op(op, [$0.input(0), $0.input(1)])] }
  }

  /// Arithmetic that leaves the range of narrow integers and wraps around in it.
  static func wrapping(_ op: String) -> Build {
    { node in
      let (a, b) = (try node.input(0), try node.input(1))
      let element = a.element
      guard a.type.element == .i64, element.byteCount < 4 else {
        return [try node.op(op, [a, b])]
      }
      return [try node.wrapped(try node.op(op, [a, b], as: "wide"), in: element)]
    }
  }

  /// Before version 7, the second operand is stretched only where `broadcast` says so: its axes are
  /// those of the first from `axis` on, by default the last ones.
  static func aligned(_ op: @escaping Build) -> Build {
    { node in
      let (a, b) = (try node.input(0), try node.input(1))
      guard try node.flag("broadcast"), let given = try node.int("axis") else {
        return try op(node)
      }
      let axis = try node.axis(given, rank: a.rank)
      guard axis + b.rank <= a.rank else { throw ONNXError("\(b.type) does not fit \(a.type)") }
      let shape = b.shape + Array(repeating: 1, count: a.rank - axis - b.rank)
      var inputs = node.inputs
      inputs[1] = try node.reshape(b, shape, as: "aligned").declaring(b.declared)
      return try op(node.with(inputs: inputs))
    }
  }

  /// One operation between all inputs, from the first to the last.
  static func folding(_ op: String) -> Build {
    { node in
      let first = try node.computed(node.input(0))
      return [
        try node.inputs.indices.dropFirst().reduce(first) {
          try node.op(op, [$0, node.input($1)]).declaring(first.declared)
        }
      ]
    }
  }

  static let meanOfAll: Build = { node in
    let sum = try folding("add")(node)[0]
    return [try node.op("div", [sum, node.constant(Double(node.inputs.count), like: sum)])]
  }

  static let identity: Build = { [try $0.input(0)] }

  /// Inference: nothing is dropped.
  static let dropout: Build = { node in
    let x = try node.input(0)
    let isTraining = node.optional(2).map { $0.known?.values != [0] } ?? false
    if isTraining, try node.numbers(1) != [0] {
      throw ONNXError("training_mode is not supported; export the model for inference")
    }
    return [x, try node.broadcast(.scalar(1, .bool), x.shape, as: "mask")]
  }

  static let reciprocal: Build = { node in
    let x = try node.input(0)
    return [try node.op("div", [node.constant(1, like: x), x])]
  }

  /// The base says the type of the result.
  static let pow: Build = { node in
    let (base, exponent) = (try node.input(0), try node.input(1))
    guard base.type.element.isFloatingPoint != exponent.type.element.isFloatingPoint else {
      return [try node.op("pow", [base, exponent])]
    }
    let power = try node.op(
      "pow", [node.cast(base, .f32, as: "base"), node.cast(exponent, .f32, as: "exponent")],
      as: "power")
    return [try node.cast(power, base.type.element.computed)]
  }

  static let tan: Build = { node in
    let x = try node.input(0)
    return [try node.op("div", [node.op("sin", [x], as: "sin"), node.op("cos", [x], as: "cos")])]
  }

  // MARK: Integers

  /// -⌊-x⌋
  static let ceil: Build = { node in
    let negative = try node.op("neg", [node.input(0)], as: "neg")
    return [try node.op("neg", [node.op("floor", [negative], as: "floor")])]
  }

  static let sign: Build = { node in
    let x = try node.input(0)
    let (zero, one) = (node.constant(0, like: x), node.constant(1, like: x))
    let isNegative = try node.op("less", [x, zero], as: "negative")
    let isPositive = try node.op("less", [zero, x], as: "positive")
    let lower = try node.op("where", [isNegative, node.constant(-1, like: x), zero], as: "lower")
    return [try node.op("where", [isPositive, one, lower])]
  }

  /// a - ⌊a/b⌋·b; with fmod, the quotient truncates instead.
  static let mod: Build = { node in
    let (a, b) = (try node.computed(try node.input(0)), try node.computed(try node.input(1)))
    var quotient = try node.op("div", [a, b], as: "quotient")
    if a.type.element.isFloatingPoint { quotient = try truncated(node, quotient) }
    let rest = try node.op("sub", [a, node.op("mul", [quotient, b], as: "whole")], as: "rest")
    if try node.flag("fmod") { return [rest] }
    let sign = try node.op("mul", [rest, b], as: "sign")
    let isOpposite = try node.op("less", [sign, node.constant(0, like: sign)], as: "opposite")
    return [try node.op("where", [isOpposite, node.op("add", [rest, b], as: "raised"), rest])]
  }

  /// The nearest integer toward zero.
  private static func truncated(_ node: NodeImport, _ x: ImportedValue) throws -> ImportedValue {
    let size = try node.op("floor", [node.op("abs", [x], as: "abs")], as: "whole")
    let isNegative = try node.op("less", [x, .scalar(0)], as: "negative")
    return try node.op(
      "where", [isNegative, node.op("neg", [size], as: "negated"), size], as: "truncated")
  }

  // MARK: Bits

  static func bitwise(_ op: String) -> Build {
    { [try $0.op(op, [$0.input(0), $0.input(1)])] }
  }

  /// All bits flipped: -1 - x, within what the type has.
  static let bitwiseNot: Build = { node in
    let x = try node.input(0)
    let flipped = try node.op("bit_xor", [x, .scalar(-1, .i64)], as: "flipped")
    return [
      x.element.integerRange?.lowerBound == 0 ? try node.wrapped(flipped, in: x.element) : flipped
    ]
  }

  static let bitShift: Build = { node in
    let (x, count) = (try node.input(0), try node.input(1))
    switch try node.string("direction") {
    case "LEFT":
      let shifted = try node.op("shift_left", [x, count], as: "shifted")
      return [try node.wrapped(shifted, in: x.element)]
    case "RIGHT": return [try node.op("shift_right", [x, count])]
    default: throw ONNXError("attribute direction is neither LEFT nor RIGHT")
    }
  }

  static let isInf: Build = { node in
    let x = try node.input(0)
    let (above, below) = (
      try node.int("detect_positive") != 0, try node.int("detect_negative") != 0
    )
    switch (above, below) {
    case (true, true):
      return [try node.op("equal", [node.op("abs", [x], as: "abs"), .scalar(.infinity)])]
    case (true, false): return [try node.op("equal", [x, .scalar(.infinity)])]
    case (false, true): return [try node.op("equal", [x, .scalar(-.infinity)])]
    case (false, false):
      return [try node.broadcast(.scalar(0, .bool), x.shape)]
    }
  }

  static let isNaN: Build = { node in
    let x = try node.input(0)
    return [try negation(node, try node.op("equal", [x, x], as: "equal"))]
  }

  // MARK: Types

  static let cast: Build = { node in
    guard let type = try node.type("to") else { throw ONNXError("attribute to is missing") }
    return [try node.converted(try node.input(0), to: type.element)]
  }

  static let castLike: Build = { [try $0.converted(try $0.input(0), to: try $0.input(1).element)] }

  // MARK: Comparison and logic

  static let equal: Build = binary("equal")

  static let less: Build = binary("less")

  static let greater: Build = { [try $0.op("less", [$0.input(1), $0.input(0)])] }

  /// a ≤ b is a < b or a = b: neither holds for NaN.
  static let lessOrEqual: Build = { node in
    let (a, b) = (try node.input(0), try node.input(1))
    return [
      try disjunction(
        node, node.op("less", [a, b], as: "less"), node.op("equal", [a, b], as: "equal"))
    ]
  }

  static let greaterOrEqual: Build = { node in
    let (a, b) = (try node.input(0), try node.input(1))
    return [
      try disjunction(
        node, node.op("less", [b, a], as: "less"), node.op("equal", [a, b], as: "equal"))
    ]
  }

  static let not: Build = { [try negation($0, try $0.input(0))] }

  static let and: Build = { node in
    [try node.op("where", [node.input(0), node.input(1), .scalar(0, .bool)])]
  }

  static let or: Build = { [try disjunction($0, try $0.input(0), try $0.input(1))] }

  static let xor: Build = { node in
    [try negation(node, try node.op("equal", [node.input(0), node.input(1)], as: "equal"))]
  }

  static let select: Build = { [try $0.op("where", [$0.input(0), $0.input(1), $0.input(2)])] }

  private static func negation(_ node: NodeImport, _ x: ImportedValue) throws -> ImportedValue {
    try node.op("equal", [x, .scalar(0, .bool)])
  }

  private static func disjunction(
    _ node: NodeImport, _ a: ImportedValue, _ b: ImportedValue
  ) throws -> ImportedValue {
    try node.op("where", [a, .scalar(1, .bool), b])
  }
}
