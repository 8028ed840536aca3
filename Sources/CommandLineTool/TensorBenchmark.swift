import JSON
import PaliGraph
import Plans
import Runtime
import Tensors

/// The times of one function of a plan on tensors from files.
struct TensorBenchmark {
  private let threadCount: Int
  private let instructionSet: String
  private let load: Double
  /// Seconds of each round, shortest first. Writing the inputs and reading the outputs is no part.
  private let times: [Double]
  private let row: BenchmarkRow
  private let limits: MachineLimits

  init(_ arguments: Arguments, plan path: String, threads: Int?, rounds: Int) throws {
    let inputs = try TensorInputs(arguments)
    let start = Stopwatch()
    let file = try PlanFile(path: path)
    let function = try inputs.function(of: file)
    let executor = try Executor(file, threads: threads)
    load = start.seconds
    let tensors = try inputs.tensors()
    var times: [Double] = []
    do {
      for round in 0...rounds {
        try executor.setInputs(tensors, of: function)
        if round == 1, arguments.has("--kernels") { executor.startProfile() }
        let clock = Stopwatch()
        try executor.run(function)
        if round > 0 { times.append(clock.seconds) }
      }
    } catch let error as ExecutionError {
      throw FileError(file.path, "\(error)")
    }
    self.times = times.sorted()
    (threadCount, instructionSet) = (executor.threadCount, executor.instructionSet)
    limits = try MachineLimits.measure(threads: threads)
    let sizes = executor.sizes
    let kernels = try (executor.profile?.totals(ofFunction: function) ?? []).map { total in
      BenchmarkRow.Kernel(
        name: total.kernel, seconds: total.seconds / Double(rounds),
        work: try file.plan.work(ofFunction: function, at: sizes, kernel: total.kernel))
    }
    row = BenchmarkRow(
      name: file.plan.functions[function].name, seconds: self.times[rounds / 2],
      work: try file.plan.work(ofFunction: function, at: sizes), limits: limits,
      peak: limits.peak(of: file.plan), kernels: kernels)
  }

  var json: JSON {
    [
      "threads": .integer(threadCount), "instruction_set": .string(instructionSet),
      "rounds": .integer(times.count), "load_s": .number(load), "function": .string(row.name),
      "run_s": .number(row.seconds), "best_run_s": .number(times[0]),
      "operations": .integer(row.work.operations), "bytes": .integer(row.work.bytes),
      "kernels": .object(row.kernels.map(\.json)), "share_of_limit": .number(row.shareOfLimit),
      "dispatch_s": .number(limits.dispatch), "limits": limits.json,
    ]
  }

  var table: [String] {
    [
      "\(threadCount.counting("thread")), \(instructionSet), median of "
        + times.count.counting("round"), "load     \((load * 1e3).formatted(decimals: 1)) ms",
    ] + row.lines + ["best     \((times[0] * 1e3).formatted(decimals: 1)) ms", limits.line]
  }
}
