import IR

/// Inverse and hyperbolic functions, by those that the IR has.
extension ONNXOperator {
  /// 2·arctan(x/(1 + √(1 - x²)))
  static let asin: Build = { node in
    let x = try node.input(0)
    let height = try node.op("add", [.scalar(1), chord(node, x)], as: "height")
    return [try doubledArc(node, try node.op("div", [x, height], as: "tangent"))]
  }

  /// 2·arctan(√(1 - x²)/(1 + x))
  static let acos: Build = { node in
    let x = try node.input(0)
    let width = try node.op("add", [.scalar(1), x], as: "width")
    return [try doubledArc(node, try node.op("div", [chord(node, x), width], as: "tangent"))]
  }

  private static func chord(_ node: NodeImport, _ x: ImportedValue) throws -> ImportedValue {
    let rest = try node.op("sub", [.scalar(1), node.op("mul", [x, x], as: "square")], as: "rest")
    return try node.op("sqrt", [rest], as: "chord")
  }

  private static func doubledArc(_ node: NodeImport, _ x: ImportedValue) throws -> ImportedValue {
    try node.op("mul", [node.op("atan", [x], as: "half"), .scalar(2)])
  }

  /// (e^x ± e^-x)/2
  static func hyperbolic(_ op: String) -> Build {
    { node in
      let x = try node.input(0)
      let grown = try node.op("exp", [x], as: "grown")
      let shrunk = try node.op("exp", [node.op("neg", [x], as: "neg")], as: "shrunk")
      return [try node.op("mul", [node.op(op, [grown, shrunk], as: "both"), .scalar(0.5)])]
    }
  }

  /// sign(x)·ln(|x| + √(x² + 1)): of negative numbers, the sum would cancel.
  static let asinh: Build = { node in
    let x = try node.input(0)
    let size = try node.op("abs", [x], as: "abs")
    let square = try node.op("mul", [x, x], as: "square")
    let root = try node.op("sqrt", [node.op("add", [square, .scalar(1)], as: "sum")], as: "root")
    let arc = try node.op("log", [node.op("add", [size, root], as: "reach")], as: "arc")
    let isNegative = try node.op("less", [x, .scalar(0)], as: "negative")
    return [try node.op("where", [isNegative, node.op("neg", [arc], as: "negated"), arc])]
  }

  /// ln(x + √(x² - 1))
  static let acosh: Build = { node in
    let x = try node.input(0)
    let square = try node.op("mul", [x, x], as: "square")
    let root = try node.op("sqrt", [node.op("sub", [square, .scalar(1)], as: "rest")], as: "root")
    return [try node.op("log", [node.op("add", [x, root], as: "reach")])]
  }

  /// ½·ln((1 + x)/(1 - x))
  static let atanh: Build = { node in
    let x = try node.input(0)
    let ratio = try node.op(
      "div",
      [
        node.op("add", [.scalar(1), x], as: "above"), node.op("sub", [.scalar(1), x], as: "below"),
      ], as: "ratio")
    return [try node.op("mul", [node.op("log", [ratio], as: "log"), .scalar(0.5)])]
  }
}
