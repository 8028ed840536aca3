/// The Gemma or Gemma 2 decoder.
public struct TextConfig: Sendable, Equatable {
  public enum Architecture: String, Sendable, CaseIterable {
    /// Two norms per layer, no softcaps, every layer sees everything.
    case gemma
    /// Four norms per layer, softcaps, a sliding window in some layers.
    case gemma2
  }

  /// What a layer's attention sees of the causal part.
  public enum LayerKind: String, Sendable, CaseIterable {
    case full = "full_attention"
    case sliding = "sliding_attention"
  }

  public var architecture: Architecture
  /// Rows of the embedding table and of the head.
  public var vocabularySize: Int
  public var hiddenSize: Int
  public var intermediateSize: Int
  public var headCount: Int
  /// Heads of keys and values; divides `headCount`.
  public var keyValueHeadCount: Int
  /// Elements of one head, even. Need not be `hiddenSize / headCount`.
  public var headSize: Int
  public var activation: Activation
  public var rmsNormEpsilon: Double
  public var ropeTheta: Double
  /// Attention scores are multiplied by this value's `-½` power.
  public var queryPreAttentionScalar: Double
  /// Scores become `c·tanh(score / c)` before the mask.
  public var attentionSoftcap: Double?
  /// Logits become `c·tanh(logit / c)`.
  public var finalSoftcap: Double?
  /// A generated token at position q sees the positions above `q - slidingWindow` in sliding
  /// layers. Nil only where there is no sliding layer.
  public var slidingWindow: Int?
  /// One kind per layer.
  public var layers: [LayerKind]

  public var layerCount: Int { layers.count }
  /// Query heads that share a head of keys and values.
  public var groupSize: Int { headCount / keyValueHeadCount }
  /// The factor of the attention scores.
  public var attentionScale: Double { 1 / queryPreAttentionScalar.squareRoot() }

  /// The window of one layer, nil when it sees everything.
  public func window(ofLayer layer: Int) -> Int? {
    layers[layer] == .sliding ? slidingWindow : nil
  }
}

extension TextConfig {
  /// transformers' `GemmaConfig()`: for fields that a `text_config` leaves out.
  static let gemma = TextConfig(
    architecture: .gemma, vocabularySize: 256_000, hiddenSize: 3072, intermediateSize: 24576,
    headCount: 16, keyValueHeadCount: 16, headSize: 256, activation: .geluTanh,
    rmsNormEpsilon: 1e-6, ropeTheta: 10_000, queryPreAttentionScalar: 256, attentionSoftcap: nil,
    finalSoftcap: nil, slidingWindow: nil, layers: kinds(28, of: .gemma))

  /// transformers' `Gemma2Config()`.
  static let gemma2 = TextConfig(
    architecture: .gemma2, vocabularySize: 256_000, hiddenSize: 2304, intermediateSize: 9216,
    headCount: 8, keyValueHeadCount: 4, headSize: 256, activation: .geluTanh,
    rmsNormEpsilon: 1e-6, ropeTheta: 10_000, queryPreAttentionScalar: 256, attentionSoftcap: 50,
    finalSoftcap: 30, slidingWindow: 4096, layers: kinds(26, of: .gemma2))

  /// transformers' decoder for a `config.json` without any `text_config`: Gemma 2B.
  static let paliGemma = TextConfig(
    architecture: .gemma, vocabularySize: 257_152, hiddenSize: 2048, intermediateSize: 16384,
    headCount: 8, keyValueHeadCount: 1, headSize: 256, activation: .geluTanh,
    rmsNormEpsilon: 1e-6, ropeTheta: 10_000, queryPreAttentionScalar: 256, attentionSoftcap: nil,
    finalSoftcap: nil, slidingWindow: nil, layers: kinds(18, of: .gemma))

  /// The kinds of `count` layers when `layer_types` is absent: Gemma 2 alternates and begins with
  /// a sliding layer.
  static func kinds(_ count: Int, of architecture: Architecture) -> [LayerKind] {
    (0..<count).map { architecture == .gemma2 && $0.isMultiple(of: 2) ? .sliding : .full }
  }
}
