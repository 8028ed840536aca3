import IR
import Tensors

/// The Gemma and Gemma 2 decoder. T is the number of tokens of a call, L of those it sees, E the
/// hidden size, D the head size.
struct GemmaBuilder {
  let config: TextConfig
  /// What the canonical names of the decoder's parameters begin with.
  let prefix: String
  /// Positions that the key and value caches can hold.
  let capacity: Int

  /// What distinguishes the calls of a decoder.
  struct Span {
    /// Tokens of this call.
    let count: Dim
    /// Positions already in the caches; 0 starts anew.
    let start: Dim

    /// The whole prompt at once. Its tokens all see each other, so there is no mask.
    static let prompt = Span(count: Dim(symbol: PaliGemmaBuilder.promptSymbol), start: 0)
    /// One token after those of earlier calls.
    static let step = Span(count: 1, start: Dim(symbol: PaliGemmaBuilder.cachedSymbol))
  }

  /// What all layers of one function share.
  struct Shared {
    let span: Span
    /// f32[1×1×T×D]
    let cosines: Operand
    /// f32[1×1×T×D]
    let sines: Operand
    /// f32[1×L], 0 or -∞; nil where a layer sees everything.
    let windowMask: Operand?
  }

  /// Name of the buffer of RoPE's inverse frequencies.
  var inverseFrequencies: String { "\(prefix)rotary_emb.inv_freq" }

  /// The module tensors that are not in the checkpoint.
  var buffersAndStates: [ModuleTensor] {
    let frequencies = ModuleTensor(
      inverseFrequencies, TensorType(.f32, [Dim(config.headSize / 2)]),
      .buffer(persistent: false), .ropeFrequencies(base: config.ropeTheta))
    let cache = TensorType(
      .f32, [1, Dim(config.keyValueHeadCount), Dim(capacity), Dim(config.headSize)])
    let states = (0..<config.layerCount).flatMap { layer in
      ["key", "value"].map { ModuleTensor("cache.\(layer).\($0)", cache, .state) }
    }
    return [frequencies] + states
  }

  /// i64[1×T] ids to f32[1×T×E]: rows of the embedding table times √E.
  func embeddings(_ ids: Operand, _ graph: inout GraphBuilder) throws -> Operand {
    let table = try graph.tensor("\(prefix)embed_tokens.weight")
    let rows = try graph.op("embedding", [table, ids], as: "embed_tokens")
    let scale = try graph.constant(
      Double(config.hiddenSize).squareRoot(), as: "embed_tokens.scale")
    return try graph.op("mul", [rows, scale], as: "embed_tokens.scaled")
  }

  /// f32[1×T×E] embeddings to f32[1×T×E] features after the final norm. Fills the caches.
  func decoder(
    _ embeddings: Operand, _ span: Span, _ graph: inout GraphBuilder
  ) throws -> Operand {
    let shared = try shared(span, &graph)
    var hidden = embeddings
    for layer in config.layers.indices {
      hidden = try block(hidden, layer, shared, &graph)
    }
    return try graph.rmsNorm(
      hidden, "\(prefix)norm", epsilon: config.rmsNormEpsilon, as: "norm")
  }

  /// The tables and the mask that every layer uses.
  func shared(_ span: Span, _ graph: inout GraphBuilder) throws -> Shared {
    let (cosines, sines) = try rotaryTables(span, &graph)
    return Shared(
      span: span, cosines: cosines, sines: sines, windowMask: try windowMask(span, &graph))
  }

  /// The layers of a decoding step that have a window see only its last positions.
  private func windowMask(_ span: Span, _ graph: inout GraphBuilder) throws -> Operand? {
    guard let window = config.slidingWindow, config.layers.contains(.sliding),
      span.start != 0
    else { return nil }
    let attributes: Attributes = [
      "queries": .dimension(span.count), "keys": .dimension(try span.start + span.count),
      "window": .integer(window),
    ]
    return try graph.op("causal_mask", [], attributes, as: "window_mask")
  }

  /// One layer: Gemma normalises what goes into attention and feed-forward network, Gemma 2 also
  /// what comes out of them.
  func block(
    _ x: Operand, _ layer: Int, _ shared: Shared, _ graph: inout GraphBuilder
  ) throws -> Operand {
    let name = "layers.\(layer)"
    let isGemma2 = config.architecture == .gemma2
    let input = try norm(x, layer, "input_layernorm", &graph)
    var attended = try attention(input, layer, shared, &graph)
    if isGemma2 { attended = try norm(attended, layer, "post_attention_layernorm", &graph) }
    let middle = try graph.op("add", [x, attended], as: "\(name).middle")
    let before = isGemma2 ? "pre_feedforward_layernorm" : "post_attention_layernorm"
    var fed = try feedForward(try norm(middle, layer, before, &graph), layer, &graph)
    if isGemma2 { fed = try norm(fed, layer, "post_feedforward_layernorm", &graph) }
    return try graph.op("add", [middle, fed], as: name)
  }

  private func norm(
    _ x: Operand, _ layer: Int, _ kind: String, _ graph: inout GraphBuilder
  ) throws -> Operand {
    try graph.rmsNorm(
      x, "\(prefix)layers.\(layer).\(kind)", epsilon: config.rmsNormEpsilon,
      as: "layers.\(layer).\(kind)")
  }

  /// GeGLU (Shazeer, "GLU Variants Improve Transformer", 2020): down(gelu(gate(x))·up(x)).
  private func feedForward(
    _ x: Operand, _ layer: Int, _ graph: inout GraphBuilder
  ) throws -> Operand {
    let (module, name) = ("\(prefix)layers.\(layer).mlp", "layers.\(layer).mlp")
    let gate = try graph.linear(x, "\(module).gate_proj", as: "\(name).gate")
    let active = try graph.activation(config.activation, gate, as: "\(name).activation")
    let up = try graph.linear(x, "\(module).up_proj", as: "\(name).up")
    let gated = try graph.op("mul", [active, up], as: "\(name).gated")
    return try graph.linear(gated, "\(module).down_proj", as: "\(name).down")
  }
}
