import Interchange
import Inputs
import JSON
import PaliGraph
import Plans
import Runtime

/// `paligraph bench`: how fast a plan runs here, and how near that is to the machine's limits.
enum BenchCommand: Command {
  static let syntax = Syntax(
    name: "bench", arguments: [.planOrModel],
    options: [
      .value("--prompt-tokens", "N", "tokens after the picture's; by default 10").only(.answering),
      .value("--new-tokens", "N", "tokens to generate; by default 16").only(.answering),
      .values("--input", "NAME=FILE.npy", "an input tensor, for plans of graphs", .namedFile).only(
        .tensors),
      .value(
        "--function", "NAME", "the function of a graph to run; by default main or the only one"
      ).only(.tensors),
    ] + SizeOptions.options + [
      .value("--rounds", "N", "rounds to take the median of, after one to warm up; by default 5"),
      .value("--threads", "N", "threads to compute with; by default one per processor"),
      .flag("--kernels", "time each function's kernels too"),
      .flag("--json", "print one JSON object instead of a table"),
    ],
    summary: "Times the functions of a plan, and the machine's limits beside them.",
    uses: Use.allCases)

  static func run(_ arguments: Arguments) throws {
    let threads = try arguments.integer("--threads", in: 1...1024)
    let rounds = try arguments.integer("--rounds", in: 1...1000) ?? 5
    let sizes = try SizeOptions.sizes(arguments)
    let path = arguments.positional[0]
    if syntax.optionNames(onlyFor: .tensors).contains(where: arguments.has) {
      try arguments.check(.tensors, of: path)
      return try benchTensors(arguments, try OpenedPlan(path, sizes), threads, rounds)
    }
    let needs = try RunNeeds(path, sizes)
    try arguments.check(needs.use, of: path)
    switch needs.use {
    case .answering:
      let plan = try OpenedPlan(path, sizes)
      let benchmark = try SessionBenchmark(
        plan: plan.file.path, threads: threads,
        promptTokens: try arguments.integer("--prompt-tokens", in: 1...1 << 20) ?? 10,
        newTokens: try arguments.integer("--new-tokens", in: 2...1 << 20) ?? 16,
        rounds: rounds,
        timesKernels: arguments.has("--kernels"))
      let report = try BenchmarkReport(benchmark, MachineLimits.measure(threads: threads))
      put(report.json, report.table, arguments)
    case .tensors where needs.areNone:
      try benchTensors(arguments, try OpenedPlan(path, sizes), threads, rounds)
    case .tensors: throw UsageError(needs.problem)
    default:
      throw UsageError(
        "--function NAME is missing: \(path.printable) is \(needs.use.singular); bench times one "
          + "of its functions, with --input NAME=FILE.npy for each of its inputs")
    }
  }

  private static func benchTensors(
    _ arguments: Arguments, _ plan: OpenedPlan, _ threads: Int?, _ rounds: Int
  ) throws {
    let benchmark = try TensorBenchmark(
      arguments, plan: plan.file.path, threads: threads, rounds: rounds)
    put(benchmark.json, benchmark.table, arguments)
  }

  private static func put(_ json: JSON, _ table: [String], _ arguments: Arguments) {
    if arguments.has("--json") {
      Console.write(json.encoded() + "\n")
    } else {
      Console.write(lines: table)
    }
  }
}

/// A benchmark's figures beside the limits that hold for them.
private struct BenchmarkReport {
  let benchmark: SessionBenchmark
  let limits: MachineLimits
  let rows: [BenchmarkRow]

  init(_ benchmark: SessionBenchmark, _ limits: MachineLimits) throws {
    self.benchmark = benchmark
    self.limits = limits
    let steps = max(benchmark.newTokens - 1, 1)
    let times: [(String, seconds: Double, calls: Int)] = [
      ("vision", benchmark.median(\.vision), 1), ("prefill", benchmark.median(\.prefill), 1),
      ("decode", benchmark.median(\.decode), steps),
    ]
    let peak = limits.peak(of: benchmark.file.plan)
    rows = try times.map { name, seconds, calls in
      BenchmarkRow(
        name: name, seconds: seconds / Double(calls), work: try benchmark.work(of: name),
        limits: limits, peak: peak, kernels: try Self.kernels(of: name, calls: calls, benchmark))
    }
  }

  private static func kernels(
    of function: String, calls: Int, _ benchmark: SessionBenchmark
  ) throws -> [BenchmarkRow.Kernel] {
    let names = benchmark.rounds.first?.kernels[function]?.keys.sorted() ?? []
    let kernels = try names.map { name in
      BenchmarkRow.Kernel(
        name: name,
        seconds: benchmark.median { $0.kernels[function]?[name] ?? 0 } / Double(calls),
        work: try benchmark.work(of: function, kernel: name))
    }
    return kernels.sorted { $0.seconds > $1.seconds }
  }

  var json: JSON {
    [
      "threads": .integer(benchmark.threadCount),
      "instruction_set": .string(benchmark.instructionSet),
      "prompt_tokens": .integer(benchmark.promptTokens),
      "new_tokens": .integer(benchmark.newTokens),
      "rounds": .integer(benchmark.rounds.count),
      "load_s": .number(benchmark.load),
      "vision_s": .number(rows[0].seconds),
      "prefill_s": .number(rows[1].seconds),
      "first_token_s": .number(rows[0].seconds + rows[1].seconds),
      "decode_s_per_token": .number(rows[2].seconds),
      "tokens_per_s": .number(1 / rows[2].seconds),
      "peak_rss_bytes": .integer(benchmark.peakResidentBytes),
      "weight_bytes": .integer(benchmark.file.plan.weightBytes),
      "arena_bytes": .integer(benchmark.file.plan.arenaBytes),
      "state_bytes": .integer(benchmark.file.plan.stateBytes),
      "scratch_bytes": .integer(benchmark.scratchBytes),
      "kernels": .object(rows.map { JSON.Member($0.name, .object($0.kernels.map(\.json))) }),
      "share_of_limit": .object(rows.map { JSON.Member($0.name, .number($0.shareOfLimit)) }),
      "dispatch_s": .number(limits.dispatch), "limits": limits.json,
    ]
  }

  var table: [String] {
    let plan = benchmark.file.plan
    var lines = [
      "\(benchmark.threadCount.counting("thread")), \(benchmark.instructionSet), "
        + "\(benchmark.promptTokens) tokens of picture and prompt, median of "
        + benchmark.rounds.count.counting("round"),
      "load     \((benchmark.load * 1e3).formatted(decimals: 1)) ms",
    ]
    lines += rows.flatMap(\.lines)
    lines += [
      "answer   \((1 / rows[2].seconds).formatted(decimals: 2)) tokens/s, first token after "
        + "\(((rows[0].seconds + rows[1].seconds) * 1e3).formatted(decimals: 1)) ms",
      "memory   \(benchmark.peakResidentBytes.inMegabytes) at most; weights "
        + "\(plan.weightBytes.inMegabytes), arena \(plan.arenaBytes.inMegabytes), states "
        + "\(plan.stateBytes.inMegabytes), scratch \(benchmark.scratchBytes.inMegabytes)",
      limits.line,
    ]
    return lines
  }
}
