import IR
import Tensors

/// Operators that normalise.
extension ONNXOperator {
  static let layerNormalization: Build = { node in
    try normalization(node) { x, weight, bias in
      try node.op(
        "layer_norm", [x, weight, bias], ["eps": .real(try node.float("epsilon") ?? 1e-5)])
    }
  }

  static let rmsNormalization: Build = { node in
    try normalization(node) { x, weight, _ in
      try node.op("rms_norm", [x, weight], ["eps": .real(try node.float("epsilon") ?? 1e-5)])
    }
  }

  /// Over the axes from `axis` on, as if they were one.
  private static func normalization(
    _ node: NodeImport,
    _ body: (ImportedValue, ImportedValue, ImportedValue?) throws -> ImportedValue
  ) throws -> [ImportedValue] {
    let x = try node.input(0)
    let axis = try node.axis(try node.int("axis") ?? -1, rank: x.rank)
    let inner = Array(x.shape[axis...])
    let width = try inner.elementCount()
    func vector(_ value: ImportedValue, as name: String) throws -> ImportedValue {
      try node.reshape(try node.broadcast(value, inner, as: name), [width], as: name)
    }
    let rows = try node.reshape(x, Array(x.shape[..<axis]) + [width], as: "rows")
    let result = try body(
      rows, vector(node.input(1), as: "scale"), node.optional(2).map { try vector($0, as: "bias") })
    return [try node.reshape(result, x.shape)]
  }

  static let instanceNormalization: Build = { node in
    let x = try node.input(0)
    guard x.rank >= 3 else { throw ONNXError("\(x.type) has no places") }
    return [try grouped(node, x, groups: x.shape[1], scalesGroups: false)]
  }

  /// Before version 21, scale and bias are those of groups rather than channels.
  static let groupNormalization: Build = { node in
    let x = try node.input(0)
    guard x.rank >= 3, let groups = try node.int("num_groups"), groups > 0 else {
      throw ONNXError("it needs groups and places")
    }
    return [try grouped(node, x, groups: Dim(groups), scalesGroups: node.version < 21)]
  }

  private static func grouped(
    _ node: NodeImport, _ x: ImportedValue, groups: Dim, scalesGroups: Bool
  ) throws -> ImportedValue {
    guard let part = x.shape[1].dividedExactly(by: groups) else {
      throw ONNXError("\(x.shape[1]) channels do not divide into \(groups) groups")
    }
    let places = try Array(x.shape[2...]).elementCount()
    let rows = try node.reshape(x, [x.shape[0], groups, try part * places], as: "rows")
    let epsilon = try node.float("epsilon") ?? 1e-5
    let normal = try node.op("layer_norm", [rows], ["eps": .real(epsilon)], as: "normal")
    let shape = scalesGroups ? [groups, 1] : [x.shape[1], 1]
    let split =
      scalesGroups
      ? normal : try node.reshape(normal, [x.shape[0], x.shape[1], places], as: "split")
    let scaled = try node.op(
      "mul", [split, node.reshape(node.input(1), shape, as: "scale")], as: "scaled")
    let result = try node.op(
      "add", [scaled, node.reshape(node.input(2), shape, as: "bias")], as: "sum")
    return try node.reshape(result, x.shape)
  }

  /// (x - mean)/√(var + ε)·scale + bias for each channel, as one factor and one term where the
  /// parameters are constants.
  static let batchNormalization: Build = { node in
    guard try !node.flag("training_mode"), try node.int("spatial") != 0 else {
      throw ONNXError("it is not supported in training or for single elements")
    }
    let x = try node.input(0)
    guard x.rank >= 2 else { throw ONNXError("\(x.type) has no channels") }
    let (scale, bias, mean, variance) = (
      node.builder.loaded(try node.input(1)), node.builder.loaded(try node.input(2)),
      node.builder.loaded(try node.input(3)), node.builder.loaded(try node.input(4))
    )
    let epsilon = ImportedValue.scalar(try node.float("epsilon") ?? 1e-5)
    let deviation = try node.op(
      "sqrt", [node.op("add", [variance, epsilon], as: "shifted")], as: "deviation")
    let factor = try node.op("div", [scale, deviation], as: "factor")
    let term = try node.op(
      "sub", [bias, node.op("mul", [mean, factor], as: "centre")], as: "term")
    let shape = [x.shape[1]] + Array(repeating: 1, count: x.rank - 2)
    let scaled = try node.op("mul", [x, node.reshape(factor, shape, as: "factor")], as: "scaled")
    return [try node.op("add", [scaled, node.reshape(term, shape, as: "term")])]
  }
}
