import IR
import Inputs
import Tensors

/// Activations, from the operations that the IR has.
extension ONNXOperator {
  static let gelu: Build = { node in
    let form = try node.string("approximate") ?? "none"
    try node.requireDefault(form == "none" || form == "tanh", "approximate = \(form.printable)")
    return [try node.op("gelu", [node.input(0)], ["approximate": .word(form)])]
  }

  static let clipByAttributes: Build = { node in
    let x = try node.input(0)
    return [
      try clip(
        node, x, low: node.float("min").map { node.constant($0, like: x) },
        high: node.float("max").map { node.constant($0, like: x) })
    ]
  }

  static let clipByInputs: Build = { node in
    [try clip(node, try node.input(0), low: node.optional(1), high: node.optional(2))]
  }

  private static func clip(
    _ node: NodeImport, _ x: ImportedValue, low: ImportedValue?, high: ImportedValue?
  ) throws -> ImportedValue {
    let x = try node.computed(x)
    let raised = try low.map { try node.op("maximum", [x, $0], as: high == nil ? "" : "low") } ?? x
    return try high.map { try node.op("minimum", [raised, $0]) } ?? raised
  }

  /// max(x, 0) + slope·min(x, 0)
  private static func leaky(
    _ node: NodeImport, _ slope: ImportedValue
  ) throws -> ImportedValue {
    let x = try node.input(0)
    let negative = try node.op("minimum", [x, node.constant(0, like: x)], as: "negative")
    let scaled = try node.op("mul", [negative, slope], as: "scaled")
    return try node.op("add", [node.op("relu", [x], as: "positive"), scaled])
  }

  static let leakyRelu: Build = { [try leaky($0, .scalar($0.float("alpha") ?? 0.01))] }

  static let pRelu: Build = { [try leaky($0, try $0.input(1))] }

  /// outer·(max(x, 0) + alpha·(e^min(x/inner, 0) - 1))
  private static func exponential(
    _ node: NodeImport, alpha: Double, inner: Double = 1, outer: Double = 1
  ) throws -> ImportedValue {
    let x = try node.input(0)
    let ratio = inner == 1 ? x : try node.op("div", [x, .scalar(inner)], as: "ratio")
    let negative = try node.op("minimum", [ratio, .scalar(0)], as: "negative")
    let power = try node.op("exp", [negative], as: "exp")
    let shifted = try node.op("sub", [power, .scalar(1)], as: "shifted")
    let scaled = try node.op("mul", [shifted, .scalar(alpha * outer)], as: "scaled")
    let positive = try node.op("relu", [x], as: "positive")
    let wide = outer == 1 ? positive : try node.op("mul", [positive, .scalar(outer)], as: "wide")
    return try node.op("add", [wide, scaled])
  }

  static let elu: Build = { [try exponential($0, alpha: $0.float("alpha") ?? 1)] }

  static let celu: Build = { node in
    let alpha = try node.float("alpha") ?? 1
    return [try exponential(node, alpha: alpha, inner: alpha)]
  }

  static let selu: Build = { node in
    let alpha = try node.float("alpha") ?? 1.67326319217681884765625
    let gamma = try node.float("gamma") ?? 1.05070102214813232421875
    return [try exponential(node, alpha: alpha, outer: gamma)]
  }

  private static func hardSigmoid(
    _ node: NodeImport, alpha: Double, beta: Double, as suffix: String
  ) throws -> ImportedValue {
    let scaled = try node.op("mul", [node.input(0), .scalar(alpha)], as: "scaled")
    let shifted = try node.op("add", [scaled, .scalar(beta)], as: "shifted")
    let low = try node.op("maximum", [shifted, .scalar(0)], as: "low")
    return try node.op("minimum", [low, .scalar(1)], as: suffix)
  }

  static let hardSigmoid: Build = { node in
    [
      try hardSigmoid(
        node, alpha: node.float("alpha") ?? 0.2, beta: node.float("beta") ?? 0.5, as: "")
    ]
  }

  static let hardSwish: Build = { node in
    let gate = try hardSigmoid(node, alpha: 1.0 / 6, beta: 0.5, as: "gate")
    return [try node.op("mul", [node.input(0), gate])]
  }

  /// max(x, 0) + ln(1 + e^-|x|), which never overflows.
  private static func softplus(_ node: NodeImport, as suffix: String) throws -> ImportedValue {
    let x = try node.input(0)
    let size = try node.op("abs", [x], as: "abs")
    let power = try node.op("exp", [node.op("neg", [size], as: "neg")], as: "exp")
    let tail = try node.op("log", [node.op("add", [power, .scalar(1)], as: "sum")], as: "log")
    return try node.op("add", [node.op("relu", [x], as: "positive"), tail], as: suffix)
  }

  static let softplus: Build = { [try softplus($0, as: "")] }

  static let mish: Build = { node in
    let gate = try node.op("tanh", [softplus(node, as: "softplus")], as: "gate")
    return [try node.op("mul", [node.input(0), gate])]
  }

  static let softsign: Build = { node in
    let x = try node.input(0)
    let bound = try node.op("add", [node.op("abs", [x], as: "abs"), .scalar(1)], as: "bound")
    return [try node.op("div", [x, bound])]
  }

  static let thresholdedRelu: Build = { node in
    let x = try node.input(0)
    let isAbove = try node.op("less", [.scalar(node.float("alpha") ?? 1), x], as: "above")
    return [try node.op("where", [isAbove, x, .scalar(0)])]
  }

  /// x + bias below -lambd, x - bias above lambd, 0 between.
  static let shrink: Build = { node in
    let x = try node.input(0)
    let (bias, limit) = (try node.float("bias") ?? 0, try node.float("lambd") ?? 0.5)
    let isLow = try node.op("less", [x, node.constant(-limit, like: x)], as: "low")
    let isHigh = try node.op("less", [node.constant(limit, like: x), x], as: "high")
    let raised = try node.op("add", [x, node.constant(bias, like: x)], as: "raised")
    let lowered = try node.op("sub", [x, node.constant(bias, like: x)], as: "lowered")
    let upper = try node.op("where", [isHigh, lowered, node.constant(0, like: x)], as: "upper")
    return [try node.op("where", [isLow, raised, upper])]
  }

  static let swish: Build = { node in
    let x = try node.input(0)
    let alpha = try node.float("alpha") ?? 1
    if alpha == 1 { return [try node.op("silu", [x])] }
    let scaled = try node.op("mul", [x, .scalar(alpha)], as: "scaled")
    return [try node.op("mul", [x, node.op("sigmoid", [scaled], as: "gate")])]
  }

  /// Before version 7, slopes are those of channels.
  static let channelPRelu: Build = { node in
    let (x, slope) = (try node.input(0), try node.input(1))
    guard slope.rank == 1, x.rank > 2, !slope.shape[0].isOne else {
      return [try leaky(node, slope)]
    }
    let shape = slope.shape + Array(repeating: 1, count: x.rank - 2)
    return [try leaky(node, try node.reshape(slope, shape, as: "slope"))]
  }
}
