import JSON
import Plans
import Runtime

/// An opened SigLIP plan, ready to say how well texts fit a picture.
///
///     let session = try ScoringSession(plan: "siglip.plan")
///     let scores = try session.score(picture, texts: ["a red circle", "a blue square"]).scores
///
/// One request runs at a time; others wait.
public final class ScoringSession: Sendable {
  public let settings: ScoringSettings
  public let tokenizer: Tokenizer
  public let file: PlanFile
  /// Seconds that opening took.
  public let loadSeconds: Double
  private let engine: Exclusive<ScoringEngine>

  /// - Parameter threads: threads to compute with; nil for one per processor.
  /// - Throws: an error whose description is one line that names the file.
  public convenience init(plan path: String, threads: Int? = nil) throws {
    try self.init(PlanFile(path: path), threads: threads)
  }

  public init(_ file: PlanFile, threads: Int? = nil) throws {
    let start = Timer()
    self.file = file
    (settings, tokenizer, engine) = try file.open(ScoringSettings.section, of: "SigLIP") { json in
      let settings = try ScoringSettings(json: json)
      let tokenizer = try file.tokenizer()
      let engine = try ScoringEngine(
        Executor(file, threads: threads), settings: settings, tokenizer: tokenizer)
      return (settings, tokenizer, Exclusive(engine))
    }
    loadSeconds = start.seconds
  }

  /// Whether a plan is one of a SigLIP model.
  public static func opens(_ file: PlanFile) -> Bool {
    file.plan.section(ScoringSettings.section) != nil
  }

  /// How well each text fits the picture.
  ///
  /// - Throws: `ScoringError` when there is no text or one is too long; `ExecutionError`.
  public func score(_ picture: RGBImage, texts: [String]) throws -> Scoring {
    var result = try engine.withLock { try $0.score(picture, texts) }
    result.statistics.load = loadSeconds
    return result
  }

  /// Times every step from now on; nothing is timed before.
  public func startProfile() { engine.withLock { $0.executor.startProfile() } }

  /// From now on the result of every step is looked at: the first that is not finite is an
  /// `ExecutionError`. Slow.
  public func checkFinite() { engine.withLock { $0.executor.checksFinite = true } }

  /// The steps that ran since `startProfile`.
  public var profile: StepProfile? { engine.withLock { $0.executor.profile } }
}
