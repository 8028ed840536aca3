import IR
import Tensors

extension Pass {
  /// `channels_last` makes of convolutions and pooling operations on pictures whose pixels hold their
  /// channels side by side, as the rows that `linear` multiplies, and lets what follows them keep that
  /// order.
  static let channelsLast = Pass(
    "channels_last", .reassociating,
    "Turns convolutions and pooling into operations on pixels with their channels side by side.",
    rules: ChannelsLastRules.all)
}

enum ChannelsLastRules {
  static let all = [
    conv, pointConv, depthwiseConv, maxPool, bias, scale, elements, reduction,
    CanonicalizeRules.sameShapeView,
    CanonicalizeRules.nestedReshape, CanonicalizeRules.nestedTranspose,
    CanonicalizeRules.reshapedTranspose, CanonicalizeRules.reshapedElements,
    CanonicalizeRules.unitTranspose, CanonicalizeRules.needlessCopy,
  ]

  /// [batch, height, width, channels] from [batch, channels, height, width], and back.
  static let toLast = [0, 2, 3, 1]
  static let toFirst = [0, 3, 1, 2]

  static let conv = RewriteRule(
    "conv", on: ["matmul"],
    "matmul(w, reshape(unfold(x))) => transpose(conv(transpose(x), w)), the columns of w in "
      + "the order in which pixels lie"
  ) { anchor, graph in
    guard !anchor.isFlagSet("transpose_a"), !anchor.isFlagSet("transpose_b"),
      let matrix = anchor["a"], graph.type(of: matrix).rank == 2,
      let columns = graph.definition(of: anchor["b"], is: "reshape"),
      let unfold = graph.definition(of: columns["x"], is: "unfold"),
      unfold.attribute("value")?.real == 0, let pixels = unfold["pixels"]
    else { return nil }
    let shape = graph.type(of: .value(unfold.result)).shape
    let outputs = graph.type(of: matrix).shape[0]
    guard try graph.layout(of: matrix).root.tensor != nil,
      try graph.type(of: .value(columns.result)).shape == [
        shape[0], shape[1] * shape[2], shape[3] * shape[4],
      ]
    else { return nil }
    var patch = graph.patch()
    let last = try patch.pixels(pixels)
    let split = try patch.append(
      "reshape", [matrix], ["shape": .dimensions([outputs, shape[1], shape[2]])])
    let turned = try patch.append("transpose", [split], ["perm": .integers([0, 2, 1])])
    let ordered = shape[2].isOne ? turned : try patch.append("contiguous", [turned])
    let weight = try patch.append(
      "reshape", [shape[2].isOne ? matrix : ordered],
      ["shape": .dimensions([outputs, try shape[1] * shape[2]])])
    var attributes = unfold.attributes
    attributes["value"] = nil
    let result = try patch.append("conv", [last, weight], attributes)
    let rows = try patch.append(
      "reshape", [result],
      ["shape": .dimensions([shape[0], try shape[3] * shape[4], outputs])])
    let first = try patch.append("transpose", [rows], ["perm": .integers([0, 2, 1])])
    return try patch.replacing(with: first)
  }

  static let pointConv = RewriteRule(
    "point_conv", on: ["patch_conv"],
    "patch_conv(x, w) {stride = 1} => transpose(conv(transpose(x), w) {kernel = [1, 1]})"
  ) { anchor, graph in
    guard anchor.attributes["stride"]?.integer == 1, let pixels = anchor["pixels"],
      let kernel = anchor["kernel"], try graph.isContiguous(kernel)
    else { return nil }
    let shape = Array(graph.type(of: kernel).shape[..<2])
    var patch = graph.patch()
    let last = try patch.pixels(pixels)
    let weight = try patch.append("reshape", [kernel], ["shape": .dimensions(shape)])
    let result = try patch.append(
      "conv", [last, weight, anchor["bias"]], ["kernel": .integers([1, 1])])
    let first = try patch.append("transpose", [result], ["perm": .integers(toFirst)])
    return try patch.replacing(with: first)
  }

  static let depthwiseConv = RewriteRule(
    "depthwise_conv", on: ["matmul"],
    "matmul(w, reshape(unfold(x))) => transpose(depthwise_conv(transpose(x), w)) where each "
      + "channel has one row of w"
  ) { anchor, graph in
    guard !anchor.isFlagSet("transpose_a"), !anchor.isFlagSet("transpose_b"),
      let rows = anchor["a"],
      let columns = graph.definition(of: anchor["b"], is: "reshape"),
      let unfold = graph.definition(of: columns["x"], is: "unfold"),
      unfold.attribute("value")?.real == 0, let pixels = unfold["pixels"]
    else { return nil }
    let shape = graph.type(of: .value(unfold.result)).shape
    let (channels, elements) = (shape[1], shape[2])
    guard graph.type(of: rows).shape == [channels, 1, elements],
      try graph.layout(of: rows).root.tensor != nil,
      try graph.type(of: .value(columns.result)).shape == [
        shape[0], channels, elements, shape[3] * shape[4],
      ]
    else { return nil }
    var patch = graph.patch()
    let last = try patch.pixels(pixels)
    let matrix = try patch.append("reshape", [rows], ["shape": .dimensions([channels, elements])])
    let turned = try patch.append("transpose", [matrix], ["perm": .integers([1, 0])])
    let weight = try patch.append("contiguous", [turned])
    var attributes = unfold.attributes
    attributes["value"] = nil
    let result = try patch.append("depthwise_conv", [last, weight], attributes)
    let first = try patch.append("transpose", [result], ["perm": .integers(toFirst)])
    let places = try patch.append(
      "reshape", [first],
      ["shape": .dimensions(graph.type(of: .value(anchor.result)).shape)])
    return try patch.replacing(with: places)
  }

  static let maxPool = RewriteRule(
    "max_pool", on: ["max"],
    "max(unfold(x) {value = -∞}) => transpose(max_pool(transpose(x)))"
  ) { anchor, graph in
    guard anchor.attributes["axes"]?.integers == [2], !anchor.isFlagSet("keep_dims"),
      let unfold = graph.definition(of: anchor["x"], is: "unfold"),
      unfold.attribute("value")?.real == -.infinity, let pixels = unfold["pixels"]
    else { return nil }
    var patch = graph.patch()
    let last = try patch.pixels(pixels)
    var attributes = unfold.attributes
    attributes["value"] = nil
    let result = try patch.append("max_pool", [last], attributes)
    let first = try patch.append("transpose", [result], ["perm": .integers(toFirst)])
    return try patch.replacing(with: first)
  }

  static let bias = RewriteRule(
    "bias", on: ["add"],
    "conv(x, w, b) + c => conv(x, w, b + c), one number of c for each channel"
  ) { anchor, graph in
    for (product, term) in graph.orders(anchor) {
      guard let conv = graph.plainConv(product), graph.isConstant(term),
        graph.type(of: term).shape == [graph.type(of: product).shape[3]]
      else { continue }
      var patch = graph.patch()
      let sum = try conv["bias"].map { try patch.append("add", [$0, term]) } ?? term
      let result = try patch.append(
        conv.op, conv.operands(with: ["bias": sum]), conv.attributes)
      return try patch.replacing(with: result)
    }
    return nil
  }

  static let scale = RewriteRule(
    "scale", on: ["mul"],
    "conv(x, w, b)·c => conv(x, w·c, b·c), one number of c for each channel: what "
      + "normalises a batch"
  ) { anchor, graph in
    for (product, factor) in graph.orders(anchor) {
      guard let conv = graph.plainConv(product), let weight = conv["weight"],
        graph.isConstant(factor), graph.isConstant(weight)
      else { continue }
      let channels = graph.type(of: product).shape[3]
      guard graph.type(of: factor).shape == [channels] else { continue }
      var patch = graph.patch()
      // Of a depthwise kernel, the channels are the columns.
      let each =
        conv.op == "depthwise_conv"
        ? factor
        : try patch.append("reshape", [factor], ["shape": .dimensions([channels, 1])])
      let scaled = try patch.append("mul", [weight, each])
      let bias = try conv["bias"].map { try patch.append("mul", [$0, factor]) }
      let result = try patch.append(
        conv.op, conv.operands(with: ["weight": scaled, "bias": bias]), conv.attributes)
      return try patch.replacing(with: result)
    }
    return nil
  }

  static let elements = RewriteRule(
    "elements", on: OpRegistry.elementwise,
    "f(transpose(x), …) => transpose(f(x, …)) for an f of single elements, behind a "
      + "convolution, when the other operands are transposed alike, numbers, or one number for "
      + "each channel"
  ) { anchor, graph in
    let type = graph.type(of: .value(anchor.result))
    guard
      let permutation = anchor.operands.lazy.compactMap({ graph.channelsFirst($0)?.permutation })
        .first, permutation.count == type.rank
    else { return nil }
    var patch = graph.patch()
    var operands = anchor.operands
    for (index, operand) in anchor.operands.enumerated() {
      guard let operand else { return nil }
      if let (x, order) = graph.channelsFirst(operand), order == permutation {
        operands[index] = x
      } else if let vector = try graph.perChannel(operand, rank: type.rank, &patch) {
        operands[index] = vector
      } else {
        return nil
      }
    }
    let result = try patch.append(anchor.op, operands, anchor.attributes)
    let first = try patch.append("transpose", [result], ["perm": .integers(permutation)])
    return try patch.replacing(with: first)
  }

  static let reduction = RewriteRule(
    "reduction", on: ["mean", "sum", "max"],
    "mean(transpose(x)) => transpose(mean(x)) over the places of a picture behind a "
      + "convolution; and so for sum and max"
  ) { anchor, graph in
    guard let (x, permutation) = graph.channelsFirst(anchor["x"]),
      anchor.isFlagSet("keep_dims"), let axes = anchor.attributes["axes"]?.integers
    else { return nil }
    var attributes = anchor.attributes
    attributes["axes"] = .integers(axes.map { permutation[$0 < 0 ? $0 + permutation.count : $0] })
    var patch = graph.patch()
    let result = try patch.append(anchor.op, [x], attributes)
    let first = try patch.append("transpose", [result], ["perm": .integers(permutation)])
    return try patch.replacing(with: first)
  }
}
