import IR

/// The pre-norm transformer that both towers of SigLIP consist of. T is the number of tokens, D the
/// hidden size.
struct SiglipEncoderBuilder {
  let config: any SiglipEncoderConfig
  /// What the canonical names of the tower's parameters begin with.
  let prefix: String

  /// All blocks, f32[1×T×D] to f32[1×T×D].
  func encoder(_ x: Operand, _ graph: inout GraphBuilder) throws -> Operand {
    var hidden = x
    for layer in 0..<config.layerCount {
      hidden = try block(hidden, layer, &graph)
    }
    return hidden
  }

  /// x + attention(norm(x)), then the same with the feed-forward network.
  private func block(_ x: Operand, _ layer: Int, _ graph: inout GraphBuilder) throws -> Operand {
    let module = "\(prefix)encoder.layers.\(layer)"
    let name = "layers.\(layer)"
    let epsilon = config.layerNormEpsilon
    let norm1 = try graph.layerNorm(
      x, "\(module).layer_norm1", epsilon: epsilon, as: "\(name).layer_norm1")
    let attended = try attention(norm1, "\(module).self_attn", "\(name).self_attn", &graph)
    let middle = try graph.op("add", [x, attended], as: "\(name).middle")
    let norm2 = try graph.layerNorm(
      middle, "\(module).layer_norm2", epsilon: epsilon, as: "\(name).layer_norm2")
    let fed = try feedForward(norm2, "\(module).mlp", as: "\(name).mlp", &graph)
    return try graph.op("add", [middle, fed], as: name)
  }

  private func attention(
    _ x: Operand, _ module: String, _ name: String, _ graph: inout GraphBuilder
  ) throws -> Operand {
    var heads: [Operand] = []
    for role in ["q", "k", "v"] {
      let projected = try graph.linear(x, "\(module).\(role)_proj", as: "\(name).\(role)")
      heads.append(try split(projected, as: "\(name).\(role)", &graph))
    }
    let merged = try attention(heads[0], heads[1], heads[2], as: name, &graph)
    return try graph.linear(merged, "\(module).out_proj", as: "\(name).out")
  }

  /// f32[1×T×D] to heads.
  func split(_ x: Operand, as name: String, _ graph: inout GraphBuilder) throws -> Operand {
    try graph.splitHeads(x, heads: config.headCount, size: config.headSize, as: name)
  }

  /// Attention of split heads, in which every token sees all: f32[1×T×D].
  func attention(
    _ q: Operand, _ k: Operand, _ v: Operand, as name: String, _ graph: inout GraphBuilder
  ) throws -> Operand {
    try graph.attention(q, k, v, scale: 1 / Double(config.headSize).squareRoot(), as: name)
  }

  func feedForward(
    _ x: Operand, _ module: String, as name: String, _ graph: inout GraphBuilder
  ) throws -> Operand {
    let wide = try graph.linear(x, "\(module).fc1", as: "\(name).fc1")
    let active = try graph.activation(config.activation, wide, as: "\(name).activation")
    return try graph.linear(active, "\(module).fc2", as: "\(name).fc2")
  }
}
