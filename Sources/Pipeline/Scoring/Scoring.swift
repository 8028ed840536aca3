import Foundation

/// How well one text fits a picture.
public struct TextScore: Sendable, Equatable {
  public var text: String
  /// What transformers calls `logits_per_image`.
  public var logit: Float

  /// The sigmoid of the logit. Each text is judged for itself: probabilities do not add up to 1.
  public var probability: Double { 1 / (1 + exp(-Double(logit))) }
}

/// Texts scored against a picture.
public struct Scoring: Sendable {
  /// In the order of the texts.
  public var scores: [TextScore] = []
  /// The picture's embedding, of length 1.
  public var imageEmbedding: [Float] = []
  /// The texts' embeddings, of length 1.
  public var textEmbeddings: [[Float]] = []
  public var statistics = ScoringStatistics()
}

/// Where time and memory went.
public struct ScoringStatistics: Sendable, Equatable {
  /// Seconds: opening the plan, the picture's embedding, those of all texts and their scores.
  public var load = 0.0
  public var vision = 0.0
  public var text = 0.0
  public var peakResidentBytes = 0
  public var arenaBytes = 0
  public var weightBytes = 0
}
