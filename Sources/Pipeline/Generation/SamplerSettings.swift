/// How the next token is chosen from its logits.
public struct SamplerSettings: Sendable, Equatable {
  /// Divides the logits. 0: always the largest logit, and the other settings do not matter.
  public let temperature: Double
  /// Only the largest `topK` logits stay, and those equal to the last of them. 0: all.
  public let topK: Int
  /// Only the most probable tokens stay: those needed for their probabilities to reach `topP`, at
  /// least one. 1: all.
  public let topP: Double
  /// The same seed and logits give the same tokens.
  public let seed: UInt64

  public static let greedy = SamplerSettings()

  private init() {
    (temperature, topK, topP, seed) = (0, 0, 1, 0)
  }

  public init(
    temperature: Double, topK: Int = 0, topP: Double = 1, seed: UInt64 = 0
  ) throws(SamplerError) {
    guard temperature >= 0, temperature.isFinite else { throw .temperature(temperature) }
    guard topK >= 0 else { throw .topK(topK) }
    guard topP >= 0, topP <= 1 else { throw .topP(topP) }
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.seed = seed
  }
}

/// Why there is no next token.
public enum SamplerError: Error, Equatable, Sendable {
  case temperature(Double)
  case topK(Int)
  case topP(Double)
  /// Every logit is NaN or −∞, or there is none.
  case noLogit
}

extension SamplerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .temperature(let value):
      "temperature \(value); it must be 0 (the most probable token) or a positive number"
    case .topK(let value): "top-k \(value); it must be 0 (all tokens) or a positive number"
    case .topP(let value): "top-p \(value); it must be between 0 and 1"
    case .noLogit: "the model gave no usable logit; its weights may hold NaN or infinities"
    }
  }
}
