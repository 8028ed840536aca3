import Glibc
import Plans
import Runtime

/// Times the functions of a PaliGemma plan in this process, without pictures and tokenizer: the same
/// work for every program that runs the same shapes.
public struct SessionBenchmark: Sendable {
  /// Seconds of one round.
  public struct Round: Sendable {
    public var vision = 0.0
    public var prefill = 0.0
    /// All new tokens but the first, which the prefill yields.
    public var decode = 0.0
    /// Seconds by function and kernel; empty unless they were asked for.
    public var kernels: [String: [String: Double]] = [:]
  }

  public let file: PlanFile
  public let threadCount: Int
  public let instructionSet: String
  /// Bytes that kernels may use beside the plan's memory.
  public let scratchBytes: Int
  /// Tokens of picture and prompt.
  public let promptTokens: Int
  public let newTokens: Int
  /// Seconds from nothing until the first step could run.
  public let load: Double
  public let rounds: [Round]
  public let peakResidentBytes: Int

  /// - Parameters:
  ///   - promptTokens: tokens after the picture's.
  ///   - rounds: after one that is not counted.
  ///   - timesKernels: whether each kernel is timed too.
  /// - Throws: an error whose description is one line that names the file.
  public init(
    plan path: String, threads: Int? = nil, promptTokens: Int = 10, newTokens: Int = 16,
    rounds: Int = 5, timesKernels: Bool = false
  ) throws {
    let start = Timer()
    let file = try PlanFile(path: path)
    let session = try Session(file, threads: threads)
    load = start.seconds
    let settings = session.settings
    let total = settings.imageTokenCount + promptTokens
    guard total + newTokens <= settings.maxTokens else {
      throw PlanFileError(
        path: path,
        problem:
          "picture, prompt and answer take \(total + newTokens) tokens, more than the plan's "
          + "\(settings.maxTokens); compile with a larger --max-tokens")
    }
    self.file = file
    self.promptTokens = total
    self.newTokens = newTokens
    do {
      (threadCount, instructionSet, scratchBytes, self.rounds) = try session.withEngine { engine in
        let measured = try (0...rounds).map { _ in
          try engine.timeRound(
            promptTokens: total, newTokens: newTokens, timesKernels: timesKernels)
        }
        return (
          engine.executor.threadCount, engine.executor.instructionSet,
          engine.executor.scratchBytes, Array(measured.dropFirst())
        )
      }
    } catch let error as ExecutionError {
      throw PlanFileError(path: path, problem: "\(error)")
    }
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    peakResidentBytes = usage.ru_maxrss * 1024
  }

  /// The median of a time over the rounds.
  public func median(_ time: (Round) -> Double) -> Double {
    let sorted = rounds.map(time).sorted()
    guard !sorted.isEmpty else { return 0 }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// What one call of a function has to do at least, or of its steps with a kernel: of `vision`,
  /// `prefill`, or `decode` with half of the answer in the cache.
  public func work(of function: String, kernel: String? = nil) throws -> PlanWork {
    guard let index = file.plan.functionIndex(function) else { return PlanWork() }
    let sizes = ["T": promptTokens, "P": promptTokens + newTokens / 2]
    return try file.plan.work(ofFunction: index, at: sizes, kernel: kernel)
  }
}

extension Engine {
  /// A grey picture, a prompt of as many tokens, and greedy decoding that no end token ends.
  fileprivate func timeRound(
    promptTokens: Int, newTokens: Int, timesKernels: Bool
  ) throws -> SessionBenchmark.Round {
    var round = SessionBenchmark.Round()
    if timesKernels { executor.startProfile() }
    var timer = Timer()
    let features = try visionForTiming()
    round.vision = timer.seconds
    timer = Timer()
    var token = try prefillForTiming(promptTokens, features: features)
    round.prefill = timer.seconds
    timer = Timer()
    for step in 0..<max(newTokens - 1, 0) {
      token = try decodeForTiming(token, after: promptTokens + step)
    }
    round.decode = timer.seconds
    guard let profile = executor.profile else { return round }
    for (index, function) in executor.file.plan.functions.enumerated() {
      let totals = profile.totals(ofFunction: index).map { ($0.kernel, $0.seconds) }
      round.kernels[function.name] = Dictionary(uniqueKeysWithValues: totals)
    }
    return round
  }
}
