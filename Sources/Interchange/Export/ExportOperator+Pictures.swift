import IR
import Tensors

/// Windows of pictures whose channels stand side by side; ONNX has the channels first.
extension ExportOperator {
  /// activation(bias + residual + convolution).
  static let conv: Build = { node in
    let x = try channelsFirst(node, node.number(0))
    let weight = try node.number(1)
    let kernel = try node.integers("kernel")
    let channels = try node.reshape(
      weight, [weight.type.shape[0], Dim(kernel[0]), Dim(kernel[1]), x.type.shape[1]])
    let inputs = [x, try node.transpose(channels, [0, 3, 1, 2]), try node.optionalNumber(2)]
    var out = try channelsLast(node, "Conv", inputs.trimmed)
    if let residual = try node.optionalNumber(3) { out = try node.op("Add", [residual, out]) }
    return try activated(node, out)
  }

  /// activation(bias + convolution of each channel by itself).
  static let depthwiseConv: Build = { node in
    let x = try channelsFirst(node, node.number(0))
    let kernel = try node.integers("kernel")
    let channels = x.type.shape[1]
    let rows = try node.transpose(try node.number(1), [1, 0])
    let weight = try node.reshape(rows, [channels, 1, Dim(kernel[0]), Dim(kernel[1])])
    guard let group = channels.constant else { throw OpError("the number of channels is open") }
    let inputs = [x, weight, try node.optionalNumber(2)]
    return try activated(
      node, channelsLast(node, "Conv", inputs.trimmed, ["group": .int(group)]))
  }

  static let maxPool: Build = { node in
    try channelsLast(node, "MaxPool", [channelsFirst(node, node.number(0))])
  }

  private static func channelsFirst(
    _ node: NodeExport, _ x: ExportedValue
  ) throws -> ExportedValue {
    try node.transpose(x, [0, 3, 1, 2])
  }

  /// The result of an operator on windows, its channels last again.
  private static func channelsLast(
    _ node: NodeExport, _ name: String, _ inputs: [ExportedValue?],
    _ more: [String: ExportedAttribute] = [:]
  ) throws -> ExportedValue {
    let shape = node.result.shape
    let windows = try node.op(
      name, inputs,
      [
        "kernel_shape": .ints(try node.integers("kernel")),
        "strides": .ints(try node.integers("strides")), "pads": .ints(try node.integers("pads")),
        "dilations": .ints(try node.integers("dilations")),
      ].merging(more) { $1 }, node.result.with(shape: [shape[0], shape[3], shape[1], shape[2]]))
    return try node.transpose(windows, [0, 2, 3, 1])
  }
}
