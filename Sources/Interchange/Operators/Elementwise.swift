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

  /// One operation between all inputs, from the first to the last.
  static func folding(_ op: String) -> Build {
    { node in
      let first = try node.computed(node.input(0))
      return [
        try node.inputs.indices.dropFirst().reduce(first) { try node.op(op, [$0, node.input($1)]) }
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
    if let training = node.optional(2), training.known?.values != [0] {
      throw ONNXError("training_mode is not supported; export the model for inference")
    }
    return [try node.input(0)]
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

  /// a - ⌊a/b⌋·b; with fmod, the quotient truncates instead. For integers only: of numbers, quotients
  /// round.
  static let mod: Build = { node in
    let (a, b) = (try node.input(0), try node.input(1))
    guard a.type.element == .i64 else { throw ONNXError("it is supported for integers only") }
    let quotient = try node.op("div", [a, b], as: "quotient")
    let rest = try node.op("sub", [a, node.op("mul", [quotient, b], as: "whole")], as: "rest")
    if try node.flag("fmod") { return [rest] }
    let sign = try node.op("mul", [rest, b], as: "sign")
    let isOpposite = try node.op("less", [sign, .scalar(0, .i64)], as: "opposite")
    return [try node.op("where", [isOpposite, node.op("add", [rest, b], as: "raised"), rest])]
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
