import IR
import Tensors

extension Pass {
  /// `fuse_epilogue` turns products with weight matrices into `linear` and draws into them what
  /// happens to their results next: bias, activation, gate, residual.
  static let fuseEpilogue = Pass(
    "fuse_epilogue", .reassociating,
    "Turns products with weights into linear, and draws bias, activation, gate and residual into it.",
    rules: FuseEpilogueRules.all)
}

/// Every rule but the first adds one part to a `linear` that is read once. The parts apply in the
/// order of the formula, residual + multiplier·activation(x·wᵀ + bias), so an earlier part is only
/// added while no later one is there.
enum FuseEpilogueRules {
  static let all = [
    linear, bias, activation, reshapedRows, multiplier, residual, up, embeddingScale,
    convResidual, convActivation,
  ]

  static let linear = RewriteRule(
    "linear", on: ["matmul"],
    "matmul(x, w) {transpose_b} => linear(x, w) for a matrix w of the module"
  ) { anchor, graph in
    guard anchor.isFlagSet("transpose_b"), !anchor.isFlagSet("transpose_a"),
      let weight = anchor["b"], graph.type(of: weight).rank == 2,
      try graph.isWeight(weight)
    else { return nil }
    var patch = graph.patch()
    let linear = try patch.append("linear", anchor.operands)
    return try patch.replacing(with: linear)
  }

  static let bias = RewriteRule(
    "bias", on: ["add"],
    "linear(x, w) + b => linear(x, w, bias = b)"
  ) { anchor, graph in
    for (product, bias) in graph.orders(anchor) {
      guard let linear = graph.openLinear(product, upTo: .bias),
        graph.type(of: bias).shape == [graph.type(of: product).shape.last],
        graph.type(of: bias).element.computed == graph.type(of: product).element
      else { continue }
      return try graph.extended(linear, .bias, bias)
    }
    return nil
  }

  static let activation = RewriteRule(
    "activation", on: ["gelu", "relu", "silu", "sigmoid", "tanh"],
    "activation(linear(…)) => linear(…) {activation}"
  ) { anchor, graph in
    guard let product = anchor["x"],
      let linear = graph.openLinear(product, upTo: .activation)
    else { return nil }
    var patch = graph.patch()
    let result = try patch.append(
      "linear", linear.operands, ["activation": .word(anchor.activationName)])
    return try patch.replacing(with: result)
  }

  static let reshapedRows = RewriteRule(
    "reshaped_rows", on: ["reshape"],
    "reshape(linear(reshape(x), …)) => linear(reshape(x), …) when the outer reshape leaves "
      + "rows whole, so that a residual of its shape meets the linear"
  ) { anchor, graph in
    guard let rows = graph.reshapedRows(.value(anchor.result), readOnce: false),
      let linear = graph.openLinear(rows, upTo: .multiplier),
      let input = linear["x"],
      let reshape = graph.definition(of: input, is: "reshape"), let x = reshape["x"],
      let width = graph.type(of: input).shape.last
    else { return nil }
    let shape = Array(graph.type(of: .value(anchor.result)).shape.dropLast()) + [width]
    guard
      try graph.layout(of: x).strides(viewing: graph.type(of: x).shape, as: shape) != nil
    else { return nil }
    var patch = graph.patch()
    let row = try patch.append("reshape", [x], ["shape": .dimensions(shape)])
    let result = try patch.append(
      "linear", linear.operands(with: ["x": row]), linear.attributes)
    return try patch.replacing(with: result)
  }

  static let multiplier = RewriteRule(
    "multiplier", on: ["mul"],
    "linear(…)·m => linear(…, multiplier = m), m of the result's shape. Of two products, "
      + "the one without activation takes the other as its multiplier, so that GeGLU's gate "
      + "stays fused too."
  ) { anchor, graph in
    let candidates = graph.orders(anchor).compactMap { product, factor in
      graph.type(of: product) == graph.type(of: factor)
        ? graph.openLinear(product, upTo: .multiplier).map { (linear: $0, factor: factor) } : nil
    }
    guard
      let (linear, factor) = candidates.first(where: { $0.linear.attributes.isEmpty })
        ?? candidates.first
    else { return nil }
    return try graph.extended(linear, .multiplier, factor)
  }

  static let residual = RewriteRule(
    "residual", on: ["add"],
    "linear(…) + r => linear(…, residual = r), r of the result's shape"
  ) { anchor, graph in
    for (product, residual) in graph.orders(anchor) {
      guard let linear = graph.openLinear(product, upTo: .residual),
        graph.type(of: product) == graph.type(of: residual)
      else { continue }
      return try graph.extended(linear, .residual, residual)
    }
    return nil
  }

  static let up = RewriteRule(
    "up", on: ["linear"],
    "linear(x, u, multiplier = linear(x, g) {activation}) => linear(x, g, up = u) "
      + "{activation}, so that the gate of GeGLU never stands in memory. Both weights are "
      + "factors only, so they are stored alike."
  ) { anchor, graph in
    guard anchor.attribute("activation")?.word == "none", anchor["bias"] == nil,
      anchor["up"] == nil,
      let multiplier = anchor["multiplier"],
      let gate = graph.openLinear(multiplier, upTo: .multiplier), gate["x"] == anchor["x"],
      let (first, second) = graph.twins(gate, anchor)
    else { return nil }
    var patch = graph.patch()
    let result = try patch.append(
      "linear",
      gate.operands(with: ["weight": first, "residual": anchor["residual"], "up": second]),
      gate.attributes)
    return try patch.replacing(with: result)
  }

  static let embeddingScale = RewriteRule(
    "embedding_scale", on: ["mul"],
    "embedding(t, ids)·c => embedding(t, ids) {scale = c}"
  ) { anchor, graph in
    guard let (rows, factor) = graph.scaled(anchor),
      let embedding = graph.definition(of: rows, is: "embedding"), graph.isReadOnce(embedding),
      graph.type(of: rows) == graph.type(of: .value(anchor.result)),
      let scale = embedding.attribute("scale")?.real, Float(scale * factor).isFinite
    else { return nil }
    var patch = graph.patch()
    let result = try patch.append(
      "embedding", embedding.operands, ["scale": .single(scale * factor)])
    return try patch.replacing(with: result)
  }
}

extension FuseEpilogueRules {
  static let convResidual = RewriteRule(
    "conv_residual", on: ["add"],
    "conv(…) + r => conv(…, residual = r), r of the result's shape"
  ) { anchor, graph in
    for (product, residual) in graph.orders(anchor) {
      guard let conv = graph.openConv(product), conv.op == "conv", conv["residual"] == nil,
        graph.type(of: product) == graph.type(of: residual)
      else { continue }
      var patch = graph.patch()
      let result = try patch.append(
        "conv", conv.operands(with: ["residual": residual]), conv.attributes)
      return try patch.replacing(with: result)
    }
    return nil
  }

  static let convActivation = RewriteRule(
    "conv_activation", on: ["gelu", "relu", "silu", "sigmoid", "tanh"],
    "activation(conv(…)) => conv(…) {activation}"
  ) { anchor, graph in
    guard let product = anchor["x"], let conv = graph.openConv(product) else { return nil }
    var attributes = conv.attributes
    attributes["activation"] = .word(anchor.activationName)
    var patch = graph.patch()
    let result = try patch.append(conv.op, conv.operands, attributes)
    return try patch.replacing(with: result)
  }
}

extension Operation {
  /// The name by which products know an activation.
  fileprivate var activationName: String {
    op == "gelu" && attribute("approximate")?.word == "tanh" ? "gelu_tanh" : op
  }
}

/// What may be drawn into a `linear`. Raw values are the names of operands and of the attribute.
private enum LinearPart: String {
  case activation, bias, multiplier, residual, up
}

extension RewriteGraph {
  /// Whether an operand is a whole tensor of the module that no call changes.
  fileprivate func isWeight(_ operand: Operand) throws -> Bool {
    let layout = try layout(of: operand)
    guard let root = layout.root.tensor else { return false }
    return try module.tensor(root).kind != .state
      && layout.isContiguous(for: type(of: operand).shape)
  }

  /// The `linear` that computes an operand, when only this operand reads it and it has neither the
  /// given part nor one that applies later.
  fileprivate func openLinear(_ operand: Operand, upTo part: LinearPart) -> Operation? {
    guard let linear = definition(of: operand, is: "linear"), isReadOnce(linear) else { return nil }
    let later: [LinearPart] =
      switch part {
      case .bias: [.bias, .activation, .multiplier, .residual, .up]
      case .activation: [.activation, .multiplier, .residual, .up]
      case .multiplier, .up: [.multiplier, .residual, .up]
      case .residual: [.residual]
      }
    let isOpen = later.allSatisfy { part in
      part == .activation
        ? linear.attribute("activation")?.word == "none" : linear[part.rawValue] == nil
    }
    return isOpen ? linear : nil
  }

  /// The `conv` that computes an operand, when only this operand reads it and it has no activation.
  func openConv(_ operand: Operand) -> Operation? {
    guard let conv = definition(of: operand, is: "conv", "depthwise_conv"), isReadOnce(conv),
      conv.attribute("activation")?.word == "none"
    else { return nil }
    return conv
  }

  /// The weights of two `linear`, when they have one shape and type and every function only multiplies
  /// rows with them: no pass stores such weights in different ways.
  fileprivate func twins(_ first: Operation, _ second: Operation) -> (Operand, Operand)? {
    guard let a = first["weight"], let b = second["weight"], type(of: a) == type(of: b),
      let one = a.tensor, let other = b.tensor
    else { return nil }
    let uses = module.panelUses()
    return uses[one] == [.factor] && uses[other] == [.factor] ? (a, b) : nil
  }

  /// The patch that adds an operand to a `linear`.
  fileprivate func extended(
    _ linear: Operation, _ part: LinearPart, _ operand: Operand
  ) throws -> Patch {
    var patch = patch()
    let result = try patch.append(
      "linear", linear.operands(with: [part.rawValue: operand]), linear.attributes)
    return try patch.replacing(with: result)
  }
}
