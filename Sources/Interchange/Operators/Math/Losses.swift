import IR
import Inputs
import Tensors

/// Losses of classification.
extension ONNXOperator {
  static let negativeLogLikelihood: Build = { node in
    [try loss(node, node.computed(try node.input(0)))]
  }

  static let softmaxCrossEntropy: Build = { node in
    let scores = try node.computed(try node.input(0))
    let logs = try logSoftmax(node, scores, axis: 1, as: "logs")
    return [try loss(node, logs), logs]
  }

  /// -weight[class]·logs[class] for each place, and their sum or mean.
  private static func loss(_ node: NodeImport, _ logs: ImportedValue) throws -> ImportedValue {
    let classes = try node.input(1)
    guard logs.rank >= 2, classes.shape == [logs.shape[0]] + logs.shape[2...] else {
      throw ONNXError("classes of \(classes.type) do not fit \(logs.type)")
    }
    let ignored = try node.int("ignore_index")
    var isCounted: ImportedValue?
    var safe = classes
    if let ignored {
      let isIgnored = try node.op(
        "equal", [classes, .scalar(Double(ignored), .i64)], as: "ignored")
      isCounted = try node.op("equal", [isIgnored, .scalar(0, .bool)], as: "counted")
      safe = try node.op("where", [isIgnored, .scalar(0, .i64), classes], as: "classes")
    }
    let column = try node.reshape(
      safe, [logs.shape[0], 1] + logs.shape[2...], as: "classes")
    let chosen = try node.reshape(
      node.elements(of: logs, at: node.flatPlaces(column, axis: 1, in: logs.shape), as: "chosen"),
      classes.shape, as: "chosen")
    var weights: ImportedValue?
    if let given = node.optional(2) {
      weights = try node.op(
        "gather", [node.computed(given), safe], ["axis": .integer(0)], as: "weights")
    }
    if let isCounted {
      weights = try node.op("where", [isCounted, weights ?? .scalar(1), .scalar(0)], as: "weights")
    }
    var loss = try node.op("neg", [chosen], as: "losses")
    if let weights { loss = try node.op("mul", [loss, weights], as: "weighted") }
    return try reduced(node, loss, weights)
  }

  private static func reduced(
    _ node: NodeImport, _ loss: ImportedValue, _ weights: ImportedValue?
  ) throws -> ImportedValue {
    let all: Attributes = [
      "axes": .integers(Array(0..<loss.rank)), "keep_dims": .flag(false),
    ]
    switch try node.string("reduction") ?? "mean" {
    case "none": return loss
    case "sum": return try node.op("sum", [loss], all)
    case "mean":
      guard let weights else { return try node.op("mean", [loss], all) }
      return try node.op(
        "div",
        [node.op("sum", [loss], all, as: "sum"), node.op("sum", [weights], all, as: "weight")])
    case let other: throw ONNXError("reduction = \(other.printable) is not known")
    }
  }
}
