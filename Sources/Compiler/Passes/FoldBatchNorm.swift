import IR
import Tensors

extension Pass {
  /// `fold_batch_norm` multiplies what normalises by known statistics into the weight of the product or
  /// convolution before it. Statistics of the batch itself stay.
  static let foldBatchNorm = Pass(
    "fold_batch_norm", .reassociating,
    "Multiplies normalisation by known statistics into the weights before it.",
    rules: FoldBatchNormRules.all)
}

enum FoldBatchNormRules {
  static let all = [patchConv, product, affine]

  static let patchConv = RewriteRule(
    "patch_conv", on: ["batch_norm"],
    "batch_norm(patch_conv(x, k, b), …) => patch_conv(x, k·f, b·f + t), where f = w/√(variance + ε) "
      + "and t = bias - mean·f"
  ) { anchor, graph in
    guard let norm = graph.knownBatchNorm(anchor), norm.axis == 1,
      let conv = graph.definition(of: norm.x, is: "patch_conv"), graph.isReadOnce(conv),
      let kernel = conv["kernel"], graph.isConstant(kernel),
      conv["bias"].map({ graph.isConstant($0) }) ?? true
    else { return nil }
    var patch = graph.patch()
    let (factor, term) = try patch.affine(norm)
    let column = try patch.append(
      "reshape", [factor], ["shape": .dimensions([norm.channels, 1, 1, 1])])
    let scaled = try patch.append("mul", [kernel, column])
    let bias = try patch.shifted(conv["bias"], factor, term)
    let result = try patch.append(
      "patch_conv", conv.operands(with: ["kernel": scaled, "bias": bias]), conv.attributes)
    return try patch.replacing(with: result)
  }

  static let product = RewriteRule(
    "product", on: ["batch_norm"],
    "batch_norm(x·w + b, …) over the last axis => x·(w·f) + (b·f + t); b may be absent"
  ) { anchor, graph in
    guard let norm = graph.knownBatchNorm(anchor), norm.axis == norm.rank - 1,
      let (product, bias) = graph.biasedProduct(norm.x), let matrix = product["b"],
      graph.type(of: matrix).rank == 2, graph.isConstant(matrix)
    else { return nil }
    var patch = graph.patch()
    let (factor, term) = try patch.affine(norm)
    let isTransposed = product.isFlagSet("transpose_b")
    let shape: Shape = isTransposed ? [norm.channels, 1] : [1, norm.channels]
    let column = try patch.append("reshape", [factor], ["shape": .dimensions(shape)])
    let scaled = try patch.append("mul", [matrix, column])
    let result = try patch.append(
      "matmul", product.operands(with: ["b": scaled]), product.attributes)
    let sum = try patch.append("add", [result, patch.shifted(bias, factor, term)])
    return try patch.replacing(with: sum)
  }

  static let affine = RewriteRule(
    "affine", on: ["batch_norm"],
    "batch_norm(x, w, bias, mean, variance) => x·f + t where nothing before it takes it in"
  ) { anchor, graph in
    guard let norm = graph.batchNorm(anchor) else { return nil }
    var patch = graph.patch()
    let (factor, term) = try patch.affine(norm)
    let inner = Array(repeating: Dim(1), count: norm.rank - 1 - norm.axis)
    let places: Attributes = ["shape": .dimensions([norm.channels] + inner)]
    let scaled = try patch.append("mul", [norm.x, patch.append("reshape", [factor], places)])
    let sum = try patch.append("add", [scaled, patch.append("reshape", [term], places)])
    return try patch.replacing(with: sum)
  }
}

/// A normalisation whose statistics are operands.
private struct BatchNorm {
  let x: Operand
  let rank: Int
  let axis: Int
  let channels: Dim
  let weight, bias: Operand?
  let mean, variance: Operand
  let eps: Double
}

extension RewriteGraph {
  /// All of it in one element type, so that what replaces it has that, too.
  fileprivate func batchNorm(_ operation: Operation) -> BatchNorm? {
    guard let x = operation["x"], let mean = operation["mean"],
      let variance = operation["variance"],
      let axis = operation.axis("axis", rank: type(of: x).rank),
      let eps = operation.attribute("eps")?.real,
      operation.operands.allSatisfy({ $0.map { type(of: $0).element.computed == .f32 } ?? true })
    else { return nil }
    return BatchNorm(
      x: x, rank: type(of: x).rank, axis: axis, channels: type(of: x).shape[axis],
      weight: operation["weight"], bias: operation["bias"], mean: mean, variance: variance, eps: eps
    )
  }

  /// One whose numbers no call changes.
  fileprivate func knownBatchNorm(_ operation: Operation) -> BatchNorm? {
    let isKnown = operation.operands.dropFirst().allSatisfy { $0.map { isConstant($0) } ?? true }
    return isKnown ? batchNorm(operation) : nil
  }

  /// The product and the bias, one number for each column, that an operand is made of and that nothing
  /// else reads.
  fileprivate func biasedProduct(_ operand: Operand) -> (product: Operation, bias: Operand?)? {
    if let product = definition(of: operand, is: "matmul"), isReadOnce(product) {
      return (product, nil)
    }
    guard let sum = definition(of: operand, is: "add"), isReadOnce(sum) else { return nil }
    for (operand, bias) in orders(sum) {
      guard let product = definition(of: operand, is: "matmul"), isReadOnce(product),
        type(of: bias).rank == 1, isConstant(bias),
        type(of: bias).shape.last == type(of: operand).shape.last
      else { continue }
      return (product, bias)
    }
    return nil
  }
}

extension PatchBuilder {
  /// The f and t for which it is x·f + t.
  fileprivate mutating func affine(_ norm: BatchNorm) throws -> (factor: Operand, term: Operand) {
    let eps = try append("constant", [], ["value": .single(norm.eps)])
    let shifted = try append("add", [norm.variance, eps])
    let factor =
      try norm.weight.map { try append("div", [$0, append("sqrt", [shifted])]) }
      ?? append("rsqrt", [shifted])
    let centre = try append("mul", [norm.mean, factor])
    let term = try norm.bias.map { try append("sub", [$0, centre]) } ?? append("neg", [centre])
    return (factor, term)
  }

  /// b·f + t
  fileprivate mutating func shifted(
    _ bias: Operand?, _ factor: Operand, _ term: Operand
  ) throws -> Operand {
    guard let bias else { return term }
    return try append("add", [append("mul", [bias, factor]), term])
  }
}
