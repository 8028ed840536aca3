import JSON
import Runtime

/// What `--stats` and `--profile` say about the steps that ran.
struct ProfileOutput {
  private let arguments: Arguments

  init(_ arguments: Arguments) { self.arguments = arguments }

  /// Measures the machine, prints and writes; nothing at all without a profile.
  ///
  /// - Parameter callName: what the trace calls the call of a function, its calls counted from 1.
  func write(
    _ profile: StepProfile?, threads: Int?,
    callName: (_ function: String, _ count: Int) -> String = { function, _ in "@\(function)" }
  ) throws {
    guard let profile else { return }
    let limits = try MachineLimits.measure(threads: threads)
    if arguments.has("--stats") {
      Console.writeError(
        lines: try ProfileTable(profile, limits).lines(width: Console.errorColumns))
    }
    if let path = arguments.string("--profile") {
      try OutputPaths.write(
        Array(profile.trace(limits, callName: callName).encoded().utf8), to: path)
    }
  }
}

/// A few lines of times and memory for people.
enum StatisticsTable {
  static func lines(_ rows: [(name: String, value: String)]) -> [String] {
    TextTable(rows.map { [$0.name, $0.value] }, .left).lines()
  }

  static func milliseconds(_ seconds: Double) -> String {
    "\((seconds * 1e3).formatted(decimals: 1)) ms"
  }

  /// All in bytes.
  static func memory(_ peak: Int, _ weights: Int, _ arena: Int) -> String {
    "\(peak.inMegabytes) at most; weights \(weights.inMegabytes), arena \(arena.inMegabytes)"
  }
}
