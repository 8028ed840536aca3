import IR
import Tensors

/// Builds the textbook graph of a PaliGemma model: what an importer of the PyTorch code would see,
/// with nothing fused. Reads no weight bytes.
///
/// The module has three functions; R is the picture's side, S the number of image tokens, D the
/// decoder's hidden size, V the vocabulary's size:
///
/// - `@vision(%pixel_values: f32[1×3×R×R]) -> (image_features: f32[1×S×D])`
/// - `@prefill(%image_features: f32[1×S×D], %input_ids: i64[1×T]) -> (logits: f32[1×V])`: the whole
///   prompt with its S image places; the last token's logits. Fills the caches.
/// - `@decode(%input_ids: i64[1×1]) -> (logits: f32[1×V])`: one more token. The caller gives P, the
///   number of positions already in the caches.
public struct PaliGemmaBuilder {
  /// Tokens of the prompt.
  public static let promptSymbol = "T"
  /// Positions in the caches before a decoding step.
  public static let cachedSymbol = "P"
  /// Largest capacity that a module can be built for.
  public static let tokenLimit = 1 << 20

  let config: PaliGemmaConfig
  let checkpoint: CheckpointResolution
  let vision: SiglipVisionBuilder
  let decoder: GemmaBuilder
  let maxTokens: Int

  /// - Parameters:
  ///   - checkpoint: the element type of each weight, and whether the head is the embedding table.
  ///   - maxTokens: longest sequence of image, prompt and generated tokens.
  /// - Throws: `PaliGemmaBuilderError` for an impossible `maxTokens`, the IR's `OpError` when the
  ///   checkpoint is not one of `config`'s resolutions.
  public static func module(
    _ config: PaliGemmaConfig, _ checkpoint: CheckpointResolution, maxTokens: Int
  ) throws -> Module {
    // The image, <bos> and the newline of an empty prompt, and one generated token.
    let least = config.imageTokenCount + 3
    let range = least...max(least, tokenLimit)
    guard range.contains(maxTokens) else {
      throw PaliGemmaBuilderError.maxTokens(maxTokens, range)
    }
    return try PaliGemmaBuilder(config, checkpoint, maxTokens).module()
  }

  private init(_ config: PaliGemmaConfig, _ checkpoint: CheckpointResolution, _ maxTokens: Int) {
    self.config = config
    self.checkpoint = checkpoint
    self.maxTokens = maxTokens
    vision = SiglipVisionBuilder(config: config.vision, prefix: PaliGemmaConfig.visionPrefix)
    decoder = GemmaBuilder(
      config: config.text, prefix: PaliGemmaConfig.languagePrefix, capacity: maxTokens)
  }

  private func module() throws -> Module {
    var module = Module(
      name: "paligemma",
      symbols: [
        Symbol(Self.promptSymbol, bound: maxTokens),
        Symbol(Self.cachedSymbol, bound: maxTokens - 1),
      ],
      tensors: weights + vision.buffers + decoder.buffersAndStates)
    module.functions = [
      try visionFunction(GraphBuilder("vision", in: module)),
      try prefillFunction(GraphBuilder("prefill", in: module)),
      try decodeFunction(GraphBuilder("decode", in: module)),
    ]
    return module
  }

  /// Everything that comes from the checkpoint. A tied head is no tensor of its own.
  private var weights: [ModuleTensor] {
    checkpoint.weights(
      of: config.expectedTensors.filter {
        $0.name != PaliGemmaConfig.head || !checkpoint.headIsTied
      })
  }
}

// MARK: The functions

extension PaliGemmaBuilder {
  private func visionFunction(_ graph: consuming GraphBuilder) throws -> Function {
    let side = Dim(config.vision.imageSize)
    let pixels = graph.parameter("pixel_values", TensorType(.f32, [1, 3, side, side]))
    let features = try vision.tower(pixels, &graph)
    let projected = try graph.linear(
      features, "\(PaliGemmaConfig.projectorPrefix)linear", as: "image_features")
    graph.returns(projected, as: "image_features")
    return graph.function
  }

  private func prefillFunction(_ graph: consuming GraphBuilder) throws -> Function {
    let features = graph.parameter(
      "image_features",
      TensorType(.f32, [1, Dim(config.imageTokenCount), Dim(config.text.hiddenSize)]))
    let ids = graph.parameter("input_ids", TensorType(.i64, [1, GemmaBuilder.Span.prompt.count]))
    let merged = try merge(ids, features, &graph)
    let hidden = try decoder.decoder(merged, .prompt, &graph)
    let count = GemmaBuilder.Span.prompt.count
    let last = try graph.slice(hidden, axis: 1, try count - 1, count, as: "norm.last")
    graph.returns(try logits(last, &graph), as: "logits")
    return graph.function
  }

  private func decodeFunction(_ graph: consuming GraphBuilder) throws -> Function {
    let ids = graph.parameter("input_ids", TensorType(.i64, [1, 1]))
    let embeddings = try decoder.embeddings(ids, &graph)
    let hidden = try decoder.decoder(embeddings, .step, &graph)
    graph.returns(try logits(hidden, &graph), as: "logits")
    return graph.function
  }

  /// Token embeddings with the image's features, unscaled, in the places of `<image>`.
  private func merge(
    _ ids: Operand, _ features: Operand, _ graph: inout GraphBuilder
  ) throws -> Operand {
    let imageToken = try graph.constant(id: config.imageToken, as: "image_token")
    let places = try graph.op("equal", [ids, imageToken], as: "image_places")
    let embeddings = try decoder.embeddings(
      try knownIDs(ids, places, &graph), &graph)
    let shape = graph.shape(of: embeddings)
    let column = try graph.reshape(places, [1, shape[1], 1], as: "image_places.column")
    let mask = try graph.broadcast(column, shape, as: "image_places.mask")
    return try graph.op("masked_scatter", [embeddings, mask, features], as: "embeddings")
  }

  /// The table has no row for an image token beyond the vocabulary: any other stands in for it.
  private func knownIDs(
    _ ids: Operand, _ places: Operand, _ graph: inout GraphBuilder
  ) throws -> Operand {
    guard config.imageToken >= config.text.vocabularySize else { return ids }
    let standIn = try graph.constant(id: 0, as: "stand_in")
    return try graph.op("where", [places, standIn, ids], as: "known_ids")
  }

  /// f32[1×1×D] features of one token to f32[1×V].
  private func logits(_ features: Operand, _ graph: inout GraphBuilder) throws -> Operand {
    let table =
      checkpoint.headIsTied
      ? PaliGemmaConfig.embedding : PaliGemmaConfig.head
    let raw = try graph.op(
      "matmul", [features, try graph.tensor(table)], ["transpose_b": .flag(true)], as: "lm_head")
    let capped = try graph.softcap(raw, config.text.finalSoftcap, as: "lm_head.capped")
    return try graph.reshape(capped, [1, Dim(config.text.vocabularySize)], as: "logits")
  }
}

/// A module that cannot be built from what was asked for.
public enum PaliGemmaBuilderError: Error, Equatable, Sendable {
  case maxTokens(Int, ClosedRange<Int>)
}

extension PaliGemmaBuilderError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .maxTokens(let found, let range):
      "a sequence of at most \(found) tokens; give a number from \(range.lowerBound) (the image, "
        + "<bos>, a newline, one answer token) to \(range.upperBound)"
    }
  }
}
