import Glibc

/// Chooses tokens, one after the other, as transformers' temperature, top-k and top-p warpers do, in
/// this order.
///
/// NaN counts as −∞. Greedy choice allocates nothing; sampling reuses its buffers from step to step.
public struct Sampler: Sendable {
  public let settings: SamplerSettings
  private var random: SplitMix64
  private var largest = Heap<Float>()
  /// What temperature, top-k and top-p have left in the last step.
  private(set) var candidates: [Candidate] = []
  private var ranking = Heap<Candidate>()

  /// A token that can still be chosen.
  struct Candidate: Sendable, Comparable {
    var id: Int32
    var logit: Float
    /// e^((logit − largest logit) ∕ temperature): the probability but for a common factor.
    var weight: Double

    /// More probable first, of equal ones the lower id.
    static func < (a: Candidate, b: Candidate) -> Bool {
      a.logit == b.logit ? a.id < b.id : a.logit > b.logit
    }
  }

  public init(_ settings: SamplerSettings) {
    self.settings = settings
    random = SplitMix64(seed: settings.seed)
  }

  /// The id of the next token. `logits` [V]: one per token of the vocabulary.
  public mutating func next(_ logits: Span<Float>) throws(SamplerError) -> Int32 {
    let best = try Self.argmax(logits)
    if settings.temperature == 0 { return best }
    keepCandidates(logits, largest: logits[Int(best)])
    return draw(best: best)
  }

  /// The id of the largest logit, of equal ones the lowest.
  static func argmax(_ logits: Span<Float>) throws(SamplerError) -> Int32 {
    var best = -1
    var value = -Float.infinity
    for index in logits.indices where logits[index] > value {
      best = index
      value = logits[index]
    }
    guard let id = Int32(exactly: best), id >= 0 else { throw .noLogit }
    return id
  }

  /// Leaves in `candidates` the tokens that temperature, top-k and top-p allow.
  private mutating func keepCandidates(_ logits: Span<Float>, largest best: Float) {
    candidates.removeAll(keepingCapacity: true)
    let threshold = topKThreshold(logits)
    for index in logits.indices where logits[index] >= threshold && logits[index] > -.infinity {
      let logit = logits[index]
      // The difference of two infinities is NaN; the largest logit weighs 1 whatever it is.
      let weight = logit == best ? 1 : exp((Double(logit) - Double(best)) / settings.temperature)
      candidates.append(Candidate(id: Int32(index), logit: logit, weight: weight))
    }
    if settings.topP < 1 { keepTopP() }
  }

  /// The `topK`-th largest logit; −∞ when all tokens stay.
  private mutating func topKThreshold(_ logits: Span<Float>) -> Float {
    guard settings.topK > 0, settings.topK < logits.count else { return -.infinity }
    largest.removeAll()
    for index in logits.indices {
      let logit = logits[index].isNaN ? -.infinity : logits[index]
      if largest.count < settings.topK {
        largest.push(logit)
      } else if let smallest = largest.first, logit > smallest {
        largest.replaceFirst(with: logit)
      }
    }
    return largest.first ?? -.infinity
  }

  /// Going down from the most probable token, a token stays while it and all that are less probable
  /// weigh more than 1 − `topP` of the whole.
  private mutating func keepTopP() {
    var below = candidates.reduce(0) { $0 + $1.weight }
    let dropped = (1 - settings.topP) * below
    ranking.replaceAll(with: candidates)
    candidates.removeAll(keepingCapacity: true)
    while let candidate = ranking.first, candidates.isEmpty || below > dropped {
      candidates.append(candidate)
      below -= candidate.weight
      _ = ranking.pop()
    }
  }

  /// One of the candidates by its weight; the most probable one weighs 1, so there is one.
  private mutating func draw(best: Int32) -> Int32 {
    var rest = random.nextUnit() * candidates.reduce(0) { $0 + $1.weight }
    // Rounding may leave a rest after the last candidate, which is then chosen.
    var chosen = best
    for candidate in candidates where candidate.weight > 0 {
      chosen = candidate.id
      rest -= candidate.weight
      if rest < 0 { break }
    }
    return chosen
  }
}
