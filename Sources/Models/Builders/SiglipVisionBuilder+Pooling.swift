import IR
import Tensors

/// The head that makes one vector of all patches.
extension SiglipVisionBuilder {
  /// f32[1×S×D] features to f32[1×D]: a learned query, the probe, attends to all patches, and a
  /// feed-forward network with a residual follows.
  func pooled(_ features: Operand, _ graph: inout GraphBuilder) throws -> Operand {
    let module = "\(prefix)head"
    let attended = try attention(features, "\(module).attention", &graph)
    let norm = try graph.layerNorm(
      attended, "\(module).layernorm", epsilon: config.layerNormEpsilon, as: "head.layernorm")
    let fed = try encoder.feedForward(norm, "\(module).mlp", as: "head.mlp", &graph)
    let token = try graph.op("add", [attended, fed], as: "head")
    return try graph.reshape(token, [1, Dim(config.hiddenSize)], as: "pooler_output")
  }

  private func attention(
    _ features: Operand, _ module: String, _ graph: inout GraphBuilder
  ) throws -> Operand {
    let probe = try graph.tensor("\(prefix)head.probe")
    var heads: [Operand] = []
    for (index, (role, x)) in [("q", probe), ("k", features), ("v", features)].enumerated() {
      let name = "head.attention.\(role)"
      let projected = try projection(x, module, index, as: name, &graph)
      heads.append(try encoder.split(projected, as: name, &graph))
    }
    let merged = try encoder.attention(
      heads[0], heads[1], heads[2], as: "head.attention", &graph)
    return try graph.linear(merged, "\(module).out_proj", as: "head.attention.out")
  }

  /// PyTorch's `MultiheadAttention` keeps the projections to queries, keys and values below each
  /// other in one matrix.
  private func projection(
    _ x: Operand, _ module: String, _ index: Int, as name: String, _ graph: inout GraphBuilder
  ) throws -> Operand {
    let (start, end) = (Dim(config.hiddenSize * index), Dim(config.hiddenSize * (index + 1)))
    let weight = try graph.slice(
      try graph.tensor("\(module).in_proj_weight"), axis: 0, start, end, as: "\(name).weight")
    let bias = try graph.slice(
      try graph.tensor("\(module).in_proj_bias"), axis: 0, start, end, as: "\(name).bias")
    let product = try graph.op(
      "matmul", [x, weight], ["transpose_b": .flag(true)], as: "\(name).product")
    return try graph.op("add", [product, bias], as: name)
  }
}
