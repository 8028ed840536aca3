/// What to generate.
public struct GenerationRequest: Sendable {
  public var picture: RGBImage
  public var prompt: String
  /// Tokens to generate at most; fewer when the plan's longest sequence is reached.
  public var maxNewTokens: Int
  public var sampling: SamplerSettings
  /// Keeps the raw logits of every step in the result.
  public var keepsLogits: Bool

  public init(
    picture: RGBImage, prompt: String, maxNewTokens: Int = 256,
    sampling: SamplerSettings = .greedy, keepsLogits: Bool = false
  ) {
    self.picture = picture
    self.prompt = prompt
    self.maxNewTokens = maxNewTokens
    self.sampling = sampling
    self.keepsLogits = keepsLogits
  }
}

/// What was generated.
public struct Generation: Sendable {
  public enum FinishReason: String, Sendable {
    /// The model ended its answer.
    case eos
    /// The limit of new tokens, or the plan's longest sequence, was reached.
    case length
  }

  /// The answer without special tokens.
  public var text = ""
  /// New ids, the one that ended the answer included.
  public var tokens: [Int32] = []
  /// Ids of the whole prompt, the picture's places included.
  public var promptTokens: [Int32] = []
  public var finishReason = FinishReason.length
  /// Objects that the answer names by `<loc…>` tokens.
  public var detections: [Detection] = []
  /// `[steps, vocabulary]`, row-major, when the request asked for them.
  public var logits: [Float] = []
  public var statistics = GenerationStatistics()
}

/// Where time and memory went.
public struct GenerationStatistics: Sendable, Equatable {
  /// Seconds: opening the plan, the picture's features, the prompt, all further tokens.
  public var load = 0.0
  public var vision = 0.0
  public var prefill = 0.0
  public var decode = 0.0
  public var promptTokens = 0
  public var newTokens = 0
  public var peakResidentBytes = 0
  public var arenaBytes = 0
  public var weightBytes = 0

  /// Decoding speed; the first token belongs to the prefill.
  public var tokensPerSecond: Double {
    decode > 0 ? Double(max(newTokens - 1, 0)) / decode : 0
  }
}
