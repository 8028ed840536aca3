import IR
import Tensors

/// The SigLIP text tower: token embedding, learned positions, pre-norm blocks, a final norm, and a
/// head on the last token. N is the number of tokens, D the hidden size.
struct SiglipTextBuilder {
  let config: SiglipTextConfig
  /// What the canonical names of the tower's parameters begin with.
  let prefix: String

  /// i64[1×N] ids to f32[1×P], P the projection's size. Every token sees all others, padding too,
  /// and the last one, which may be padding, stands for the text.
  func pooled(_ ids: Operand, _ graph: inout GraphBuilder) throws -> Operand {
    let encoder = SiglipEncoderBuilder(config: config, prefix: prefix)
    let hidden = try encoder.encoder(try embeddings(ids, &graph), &graph)
    let norm = try graph.layerNorm(
      hidden, "\(prefix)final_layer_norm", epsilon: config.layerNormEpsilon,
      as: "final_layer_norm")
    let count = graph.shape(of: norm)[1]
    let last = try graph.slice(norm, axis: 1, try count - 1, count, as: "final_layer_norm.last")
    let head = try graph.linear(last, "\(prefix)head", as: "head")
    return try graph.reshape(head, [1, Dim(config.projectionSize)], as: "pooler_output")
  }

  /// i64[1×N] ids to f32[1×N×D]: rows of the embedding table plus those of the first N positions.
  private func embeddings(_ ids: Operand, _ graph: inout GraphBuilder) throws -> Operand {
    let module = "\(prefix)embeddings"
    let rows = try graph.op(
      "embedding", [try graph.tensor("\(module).token_embedding.weight"), ids],
      as: "embeddings.tokens")
    let positions = try graph.slice(
      try graph.tensor("\(module).position_embedding.weight"), axis: 0, 0,
      graph.shape(of: rows)[1], as: "embeddings.positions")
    return try graph.op("add", [rows, positions], as: "embeddings")
  }
}
