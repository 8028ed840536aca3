import IR
import Tensors

/// Products, windows and normalisation.
extension ExportOperator {
  static let matmul: Build = { node in
    let (a, b) = try node.pair(0, 1)
    return try node.matmul(
      node.flag("transpose_a") ? node.transposed(a) : a,
      node.flag("transpose_b") ? node.transposed(b) : b)
  }

  static let patchConv: Build = { node in
    let stride = try node.integer("stride")
    return try node.op(
      "Conv", [node.number(0), node.number(1), node.optionalNumber(2)].trimmed,
      ["kernel_shape": .ints([stride, stride]), "strides": .ints([stride, stride])], node.result)
  }

  /// residual + multiplier·activation(x·weightᵀ + bias), the multiplier x·upᵀ where there is an up.
  static let linear: Build = { node in
    let (x, weight) = try node.pair(0, 1)
    var out = try node.matmul(x, node.transposed(weight))
    if let bias = try node.optionalNumber(2) { out = try node.op("Add", [out, bias]) }
    out = try activated(node, out)
    if let multiplier = try node.optionalNumber(3) { out = try node.op("Mul", [multiplier, out]) }
    if let up = try node.optionalNumber(5) {
      out = try node.op("Mul", [node.matmul(x, node.transposed(up)), out])
    }
    if let residual = try node.optionalNumber(4) { out = try node.op("Add", [residual, out]) }
    return out
  }

  static func activated(
    _ node: NodeExport, _ x: ExportedValue
  ) throws -> ExportedValue {
    switch try node.word("activation") {
    case "none": x
    case "gelu": try gelu(node, x, isTanh: false)
    case "gelu_tanh": try gelu(node, x, isTanh: true)
    case "relu": try relu(node, x)
    case "silu": try silu(node, x)
    case "sigmoid": try node.op("Sigmoid", [x])
    case "tanh": try node.op("Tanh", [x])
    case let other: throw OpError("the activation \(other) cannot be expressed in ONNX")
    }
  }

  /// The windows' rows, then their columns, each by a table of places.
  static let unfold: Build = { node in
    let (kernel, strides) = (try node.integers("kernel"), try node.integers("strides"))
    let (pads, dilations) = (try node.integers("pads"), try node.integers("dilations"))
    var x = try node.number(0)
    if pads.contains(where: { $0 > 0 }) { x = try padded(node, x, pads) }
    let (height, width) = (node.result.shape[3], node.result.shape[4])
    func gather(axis: Int, kernelAxis: Int, _ places: Dim) throws -> ExportedValue {
      let table = try windows(
        node, kernel[kernelAxis], dilations[kernelAxis], strides[kernelAxis], places)
      let shape = x.shape[..<axis] + table.shape + x.shape[(axis + 1)...]
      return try node.op(
        "Gather", [x, table], ["axis": .int(axis)], x.type.with(shape: Array(shape)))
    }
    x = try gather(axis: 2, kernelAxis: 0, height)
    x = try gather(axis: 4, kernelAxis: 1, width)
    return try node.reshape(try node.transpose(x, [0, 1, 2, 4, 3, 5]), node.result.shape)
  }

  private static func padded(
    _ node: NodeExport, _ x: ExportedValue, _ pads: [Int]
  ) throws -> ExportedValue {
    var shape = x.shape
    shape[2] = try shape[2] + Dim(pads[0] + pads[2])
    shape[3] = try shape[3] + Dim(pads[1] + pads[3])
    let around = node.builder.integers([0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]])
    return try node.op(
      "Pad", [x, around, node.constant(try node.real("value"), like: x)], [:],
      x.type.with(shape: shape))
  }

  /// i64[kernel×places]: where element i of window y lies, y·stride + i·dilation.
  private static func windows(
    _ node: NodeExport, _ kernel: Int, _ dilation: Int, _ stride: Int, _ places: Dim
  ) throws -> ExportedValue {
    let offsets = (0..<kernel).map { $0 * dilation }
    if let count = places.constant {
      return node.builder.constant(
        .i64, [kernel, count],
        offsets.flatMap { offset in (0..<count).map { Double($0 * stride + offset) } })
    }
    let starts = try node.op(
      "Mul", [node.range(0, places), node.builder.scalar(Double(stride), .i64)])
    return try node.op(
      "Add", [starts, node.builder.constant(.i64, [kernel, 1], offsets.map(Double.init))])
  }

  /// From version 17 on one node, where there is a weight; else from its parts.
  static let layerNorm: Build = { node in
    let x = try node.number(0)
    let (weight, bias) = (try node.optionalNumber(1), try node.optionalNumber(2))
    if node.opset >= 17, let weight {
      return try node.op(
        "LayerNormalization", [x, weight, bias].trimmed,
        ["axis": .int(-1), "epsilon": .float(try node.real("eps"))], x.type)
    }
    let centred = try node.op("Sub", [x, mean(node, x)])
    var out = try node.op("Div", [centred, deviation(node, centred)])
    if let weight { out = try node.op("Mul", [out, weight]) }
    if let bias { out = try node.op("Add", [out, bias]) }
    return out
  }

  static let rmsNorm: Build = { node in
    let x = try node.number(0)
    var weight = try node.number(1)
    let offset = try node.real("weight_offset")
    if offset != 0 { weight = try node.op("Add", [weight, node.constant(offset, like: weight)]) }
    return try node.op("Mul", [node.op("Div", [x, deviation(node, x)]), weight])
  }

  /// One node where statistics are given and the channels are the second axis; else from its parts.
  static let batchNorm: Build = { node in
    let x = try node.number(0)
    let axis = node.axis(try node.integer("axis"), rank: x.rank)
    let vectors = try (1...4).map { try node.optionalNumber($0) }
    let eps = try node.real("eps")
    if axis == 1, let weight = vectors[0], let bias = vectors[1], let mean = vectors[2],
      let variance = vectors[3]
    {
      return try node.op(
        "BatchNormalization", [x, weight, bias, mean, variance], ["epsilon": .float(eps)], x.type)
    }
    let places: Shape = [x.shape[axis]] + Array(repeating: 1, count: x.rank - 1 - axis)
    let parts = try vectors.map { try $0.map { try node.reshape($0, places) } }
    let others = (0..<x.rank).filter { $0 != axis }
    let mean = try parts[2] ?? node.reduce("ReduceMean", x, others, keep: true)
    let centred = try node.op("Sub", [x, mean])
    let variance =
      try parts[3]
      ?? node.reduce("ReduceMean", node.op("Mul", [centred, centred]), others, keep: true)
    let shifted = try node.op("Add", [variance, node.constant(eps, like: x)])
    var out = try node.op("Div", [centred, node.op("Sqrt", [shifted])])
    if let weight = parts[0] { out = try node.op("Mul", [out, weight]) }
    if let bias = parts[1] { out = try node.op("Add", [out, bias]) }
    return out
  }

  /// √(mean x² + ε) over the last axis.
  private static func deviation(_ node: NodeExport, _ x: ExportedValue) throws -> ExportedValue {
    let shifted = try node.op(
      "Add", [mean(node, node.op("Mul", [x, x])), node.constant(node.real("eps"), like: x)])
    return try node.op("Sqrt", [shifted])
  }

  private static func mean(_ node: NodeExport, _ x: ExportedValue) throws -> ExportedValue {
    try node.reduce("ReduceMean", x, [x.rank - 1], keep: true)
  }
}

extension [ExportedValue?] {
  /// Without the optional inputs at the end that are left out.
  var trimmed: Self {
    Array(prefix((lastIndex { $0 != nil } ?? -1) + 1))
  }
}
