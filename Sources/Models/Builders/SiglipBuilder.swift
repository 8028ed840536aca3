import IR
import Tensors

/// The SigLIP vision tower: patch embedding, learned positions, pre-norm blocks, a final norm.
/// S is the number of patches, D the hidden size.
struct SiglipBuilder {
  let config: VisionConfig
  /// What the canonical names of the tower's parameters begin with.
  let prefix: String

  /// Name of the buffer that numbers the patches.
  var positionIDs: String { "\(prefix)embeddings.position_ids" }

  /// The module tensors that are not in the checkpoint.
  var buffers: [ModuleTensor] {
    [
      ModuleTensor(
        positionIDs, TensorType(.i64, [1, Dim(config.patchCount)]), .buffer(persistent: false),
        .iota)
    ]
  }

  /// f32[1×3×R×R] pixels to f32[1×S×D] features.
  func tower(_ pixels: Operand, _ graph: inout GraphBuilder) throws -> Operand {
    var hidden = try embeddings(pixels, &graph)
    for layer in 0..<config.layerCount {
      hidden = try block(hidden, layer, &graph)
    }
    return try graph.layerNorm(
      hidden, "\(prefix)post_layernorm", epsilon: config.layerNormEpsilon, as: "post_layernorm")
  }

  /// One token per patch, row by row of the picture, plus what the tower learned about its place.
  func embeddings(_ pixels: Operand, _ graph: inout GraphBuilder) throws -> Operand {
    let module = "\(prefix)embeddings"
    let convolution = "\(module).patch_embedding"
    let grid = try graph.op(
      "patch_conv",
      [
        pixels, try graph.tensor("\(convolution).weight"), try graph.tensor("\(convolution).bias"),
      ], ["stride": .integer(config.patchSize)], as: "embeddings.grid")
    let shape: Shape = [1, Dim(config.hiddenSize), Dim(config.patchCount)]
    let flat = try graph.reshape(grid, shape, as: "embeddings.flat")
    let transposed = try graph.transpose(flat, [0, 2, 1], as: "embeddings.transposed")
    let patches = try graph.contiguous(transposed, as: "embeddings.patches")
    let table = try graph.tensor("\(module).position_embedding.weight")
    let positions = try graph.op(
      "embedding", [table, try graph.tensor(positionIDs)], as: "embeddings.positions")
    return try graph.op("add", [patches, positions], as: "embeddings")
  }

  /// x + attention(norm(x)), then the same with the feed-forward network.
  func block(_ x: Operand, _ layer: Int, _ graph: inout GraphBuilder) throws -> Operand {
    let module = "\(prefix)encoder.layers.\(layer)"
    let name = "layers.\(layer)"
    let epsilon = config.layerNormEpsilon
    let norm1 = try graph.layerNorm(
      x, "\(module).layer_norm1", epsilon: epsilon, as: "\(name).layer_norm1")
    let attended = try attention(norm1, module, name, &graph)
    let middle = try graph.op("add", [x, attended], as: "\(name).middle")
    let norm2 = try graph.layerNorm(
      middle, "\(module).layer_norm2", epsilon: epsilon, as: "\(name).layer_norm2")
    let fed = try feedForward(norm2, module, name, &graph)
    return try graph.op("add", [middle, fed], as: name)
  }

  private func attention(
    _ x: Operand, _ module: String, _ name: String, _ graph: inout GraphBuilder
  ) throws -> Operand {
    let (module, name) = ("\(module).self_attn", "\(name).self_attn")
    var heads: [Operand] = []
    for role in ["q", "k", "v"] {
      let projected = try graph.linear(x, "\(module).\(role)_proj", as: "\(name).\(role)")
      heads.append(
        try graph.splitHeads(
          projected, heads: config.headCount, size: config.headSize, as: "\(name).\(role)"))
    }
    let merged = try graph.attention(
      heads[0], heads[1], heads[2], scale: 1 / Double(config.headSize).squareRoot(), as: name)
    return try graph.linear(merged, "\(module).out_proj", as: "\(name).out")
  }

  private func feedForward(
    _ x: Operand, _ module: String, _ name: String, _ graph: inout GraphBuilder
  ) throws -> Operand {
    let (module, name) = ("\(module).mlp", "\(name).mlp")
    let wide = try graph.linear(x, "\(module).fc1", as: "\(name).fc1")
    let active = try graph.activation(config.activation, wide, as: "\(name).activation")
    return try graph.linear(active, "\(module).fc2", as: "\(name).fc2")
  }
}
