/// The SigLIP text tower: token embedding, learned positions, pre-norm blocks, a final layer norm and
/// a head on the last token.
public struct SiglipTextConfig: SiglipEncoderConfig, Equatable {
  /// Rows of the embedding table.
  public var vocabularySize: Int
  public var hiddenSize: Int
  public var intermediateSize: Int
  public var layerCount: Int
  public var headCount: Int
  /// Most tokens of a text.
  public var positionCount: Int
  public var activation: Activation
  public var layerNormEpsilon: Double
  /// Elements of a text's embedding.
  public var projectionSize: Int

  /// Elements of one attention head; `headCount` heads make up `hiddenSize`.
  public var headSize: Int { hiddenSize / headCount }
}

extension SiglipTextConfig {
  /// transformers' `SiglipTextConfig()`.
  static let siglip = SiglipTextConfig(
    vocabularySize: 32_000, hiddenSize: 768, intermediateSize: 3072, layerCount: 12,
    headCount: 12, positionCount: 64, activation: .geluTanh, layerNormEpsilon: 1e-6,
    projectionSize: 768)

  /// Reads a `text_config`; nil stands for a `config.json` without one.
  ///
  /// Its special tokens are not looked at: the tokenizer knows them, and published files leave those
  /// of another tokenizer in.
  init(_ section: ConfigSection?) throws(ConfigError.Problem) {
    self = .siglip
    guard let section else { return }
    _ = try section.choice("model_type", among: ["siglip_text_model": ()], default: ())
    try readEncoder(section)
    vocabularySize = try section.int("vocab_size", in: 1...1 << 22, default: vocabularySize)
    positionCount = try section.int(
      "max_position_embeddings", in: 1...1 << 16, default: positionCount)
    // `null` and absent mean the same here.
    projectionSize =
      try section.optionalInt("projection_size", in: 1...1 << 16, default: nil) ?? hiddenSize
  }
}
