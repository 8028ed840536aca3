import IR
import Tensors

/// Operators that normalise.
extension ONNXOperator {
  static let layerNormalization: Build = { node in
    let epsilon = try node.float("epsilon") ?? 1e-5
    let normal = try normalization(node) { x, weight, bias in
      try node.op("layer_norm", [x, weight, bias], ["eps": .real(epsilon)])
    }
    guard node.node.outputs.count > 1 else { return normal }
    let x = try node.computed(try node.input(0))
    let axis = try node.axis(try node.int("axis") ?? -1, rank: x.rank)
    let (mean, variance) = try moments(node, x, axes: Array(axis..<x.rank))
    let shifted = try node.op("add", [variance, .scalar(epsilon)], as: "shifted")
    return normal + [mean, try node.op("rsqrt", [shifted], as: "deviation")]
  }

  /// Mean and variance along axes, which stay.
  private static func moments(
    _ node: NodeImport, _ x: ImportedValue, axes: [Int]
  ) throws -> (mean: ImportedValue, variance: ImportedValue) {
    let mean = try node.op("mean", [x], ["axes": .integers(axes)], as: "mean")
    let centred = try node.op("sub", [x, mean], as: "centred")
    let square = try node.op("mul", [centred, centred], as: "square")
    return (mean, try node.op("mean", [square], ["axes": .integers(axes)], as: "variance"))
  }

  /// (x - mean)/(deviation + ε) over batch and places.
  static let meanVarianceNormalization: Build = { node in
    let x = try node.input(0)
    let axes = try node.axes(try node.ints("axes") ?? [0, 2, 3], rank: x.rank)
    let (mean, variance) = try moments(node, x, axes: axes)
    let deviation = try node.op(
      "add", [node.op("sqrt", [variance], as: "root"), .scalar(1e-9)], as: "deviation")
    return [try node.op("div", [node.op("sub", [x, mean], as: "difference"), deviation])]
  }

  /// x divided by its norm along an axis.
  static let lpNormalization: Build = { node in
    let x = try node.input(0)
    let axis = try node.axis(try node.int("axis") ?? -1, rank: x.rank)
    let length = try norm(
      node.with(inputs: node.inputs, name: "\(node.name).norm"), x, axes: [axis], keeps: true)
    return [try node.op("div", [x, length])]
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

  static let batchNormalization: Build = { node in
    guard try node.int("spatial") != 0 else {
      throw ONNXError("it is not supported for single elements")
    }
    let x = try node.input(0)
    guard x.rank >= 2 else { throw ONNXError("\(x.type) has no channels") }
    let isTraining = try node.flag("training_mode")
    let inputs = try (1..<(isTraining ? 3 : 5)).map { node.builder.loaded(try node.input($0)) }
    let epsilon = try node.float("epsilon") ?? 1e-5
    let result = try node.op("batch_norm", [x] + inputs, ["eps": .real(epsilon)])
    return isTraining ? [result] + (try runningStatistics(node, x)) : [result]
  }

  /// What becomes of the running mean and variance in training.
  private static func runningStatistics(
    _ node: NodeImport, _ x: ImportedValue
  ) throws -> [ImportedValue] {
    let (mean, variance) = try moments(node, x, axes: (0..<x.rank).filter { $0 != 1 })
    let momentum = try node.float("momentum") ?? 0.9
    func running(_ index: Int, _ current: ImportedValue) throws -> ImportedValue {
      let now = try node.reshape(current, [x.shape[1]], as: "current")
      return try node.op(
        "add",
        [
          node.op("mul", [node.input(index), .scalar(momentum)], as: "kept"),
          node.op("mul", [now, .scalar(1 - momentum)], as: "new"),
        ], as: "running")
    }
    return [try running(3, mean), try running(4, variance)]
  }
}
