import JSON
import Plans
import Runtime

/// An opened PaliGemma plan, ready to answer prompts about pictures.
///
///     let session = try Session(plan: "mini.plan")
///     for try await piece in session.generate(request) { print(piece, terminator: "") }
///
/// One request runs at a time; others wait.
public final class Session: Sendable {
  public let settings: SessionSettings
  public let tokenizer: Tokenizer
  public let file: PlanFile
  /// Seconds that opening took.
  public let loadSeconds: Double
  private let engine: Exclusive<Engine>

  /// - Parameter threads: threads to compute with; nil for one per processor.
  /// - Throws: an error whose description is one line that names the file.
  public convenience init(plan path: String, threads: Int? = nil) throws {
    try self.init(PlanFile(path: path), threads: threads)
  }

  public init(_ file: PlanFile, threads: Int? = nil) throws {
    let start = Timer()
    self.file = file
    (settings, tokenizer, engine) = try file.open(SessionSettings.section, of: "PaliGemma") {
      json in
      let settings = try SessionSettings(json: json)
      let tokenizer = try file.tokenizer()
      let engine = try Engine(
        Executor(file, threads: threads), settings: settings, tokenizer: tokenizer)
      return (settings, tokenizer, Exclusive(engine))
    }
    loadSeconds = start.seconds
  }

  /// Answers a prompt. Calls `onText` with each piece of text as soon as it is settled; when it
  /// returns false, generation stops there.
  public func answer(
    _ request: GenerationRequest, onText: (String) -> Bool = { _ in true }
  ) throws -> Generation {
    var result = try engine.withLock { try $0.generate(request, onText: onText) }
    result.statistics.load = loadSeconds
    return result
  }

  /// The answer piece by piece. Ending the iteration early stops the generation.
  public func generate(_ request: GenerationRequest) -> AsyncThrowingStream<String, any Error> {
    AsyncThrowingStream { continuation in
      let task = Task.detached {
        do {
          _ = try self.answer(request) { piece in
            continuation.yield(piece)
            return !Task.isCancelled
          }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  /// What a benchmark times.
  func withEngine<Result>(_ body: (Engine) throws -> Result) rethrows -> Result {
    try engine.withLock { try body($0) }
  }

  /// Times every step from now on; nothing is timed before.
  public func startProfile() { engine.withLock { $0.executor.startProfile() } }

  /// From now on the result of every step is looked at: the first that is not finite is an
  /// `ExecutionError`. Slow.
  public func checkFinite() { engine.withLock { $0.executor.checksFinite = true } }

  /// The steps that ran since `startProfile`.
  public var profile: StepProfile? { engine.withLock { $0.executor.profile } }
}
