import JSON
import PaliGraph
import Plans
import Runtime
import Tensors

/// `paligraph bench`: how fast a plan runs here, and how near that is to the machine's limits.
enum BenchCommand: Command {
  static let syntax = Syntax(
    name: "bench", arguments: ["PLAN"],
    options: [
      .value("--prompt-tokens", "N", "tokens after the picture's; by default 10"),
      .value("--new-tokens", "N", "tokens to generate; by default 16"),
      .value("--rounds", "N", "rounds to take the median of, after one to warm up; by default 5"),
      .value("--threads", "N", "threads to compute with; by default one per processor"),
      .flag("--kernels", "time each function's kernels too"),
      .flag("--json", "print one JSON object instead of a table"),
    ],
    summary: "Times the functions of a PaliGemma plan, and the machine's limits beside them.")

  static func run(_ arguments: Arguments) throws {
    let threads = try arguments.integer("--threads", in: 1...1024)
    let benchmark = try SessionBenchmark(
      plan: arguments.positional[0], threads: threads,
      promptTokens: try arguments.integer("--prompt-tokens", in: 1...1 << 20) ?? 10,
      newTokens: try arguments.integer("--new-tokens", in: 2...1 << 20) ?? 16,
      rounds: try arguments.integer("--rounds", in: 1...1000) ?? 5,
      timesKernels: arguments.has("--kernels"))
    let report = try BenchmarkReport(benchmark, MachineLimits.measure(threads: threads))
    Console.write(arguments.has("--json") ? report.json.encoded() + "\n" : report.table)
  }
}

/// A benchmark's figures beside the limits that hold for them.
private struct BenchmarkReport {
  /// A kernel's steps in one call of a function.
  struct Kernel {
    let name: String
    let seconds: Double
    let work: PlanWork

    var json: JSON.Member {
      JSON.Member(
        name,
        [
          "seconds": .number(seconds), "operations": .integer(work.operations),
          "bytes": .integer(work.bytes),
        ])
    }
  }

  /// One function: its time, and which share of the machine's limit it reaches.
  struct Row {
    let name: String
    let seconds: Double
    let work: PlanWork
    let limits: MachineLimits
    /// Multiplications and additions in a second that the weights' type allows.
    let peak: Double
    /// Slowest first; empty unless they were asked for.
    let kernels: [Kernel]

    var operationsPerSecond: Double { Double(work.operations) / seconds }
    var bytesPerSecond: Double { Double(work.bytes) / seconds }
    /// The time that the machine needs at least for the arithmetic or for reading weights and states,
    /// whichever is more, as a share of the time taken.
    var shareOfLimit: Double {
      max(Double(work.operations) / peak, Double(work.bytes) / limits.readBandwidth) / seconds
    }
  }

  let benchmark: SessionBenchmark
  let limits: MachineLimits
  let rows: [Row]

  init(_ benchmark: SessionBenchmark, _ limits: MachineLimits) throws {
    self.benchmark = benchmark
    self.limits = limits
    let steps = max(benchmark.newTokens - 1, 1)
    let times: [(String, seconds: Double, calls: Int)] = [
      ("vision", benchmark.median(\.vision), 1), ("prefill", benchmark.median(\.prefill), 1),
      ("decode", benchmark.median(\.decode), steps),
    ]
    let peak = Self.peak(for: benchmark.file.plan, limits)
    rows = try times.map { name, seconds, calls in
      Row(
        name: name, seconds: seconds / Double(calls), work: try benchmark.work(of: name),
        limits: limits, peak: peak, kernels: try Self.kernels(of: name, calls: calls, benchmark))
    }
  }

  private static func kernels(
    of function: String, calls: Int, _ benchmark: SessionBenchmark
  ) throws -> [Kernel] {
    let names = benchmark.rounds.first?.kernels[function]?.keys.sorted() ?? []
    let kernels = try names.map { name in
      Kernel(
        name: name,
        seconds: benchmark.median { $0.kernels[function]?[name] ?? 0 } / Double(calls),
        work: try benchmark.work(of: function, kernel: name))
    }
    return kernels.sorted { $0.seconds > $1.seconds }
  }

  /// The arithmetic that most of the weights' bytes are multiplied with.
  private static func peak(for plan: Plan, _ limits: MachineLimits) -> Double {
    var bytes = [0, 0, 0]
    for tensor in plan.tensors {
      let kind = tensor.packing?.rounds == true ? 2 : tensor.element == .bf16 ? 1 : 0
      bytes[kind] += tensor.byteCount
    }
    let most = bytes.indices.max { bytes[$0] < bytes[$1] } ?? 0
    return [limits.f32, limits.bf16, limits.int8][most]
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
      "dispatch_s": .number(limits.dispatch),
      "limits": [
        "read_bytes_per_s": .number(limits.readBandwidth), "f32_flops": .number(limits.f32),
        "bf16_flops": .number(limits.bf16), "int8_ops": .number(limits.int8),
      ],
    ]
  }

  var table: String {
    func giga(_ value: Double) -> String { (value * 1e-9).formatted(decimals: 1) }
    let plan = benchmark.file.plan
    var lines = [
      "\(benchmark.threadCount.counting("thread")), \(benchmark.instructionSet), "
        + "\(benchmark.promptTokens) tokens of picture and prompt, median of "
        + benchmark.rounds.count.counting("round"),
      "load     \((benchmark.load * 1e3).formatted(decimals: 1)) ms",
    ]
    for row in rows {
      lines.append(
        "\(row.name)\(String(repeating: " ", count: 9 - row.name.count))"
          + "\((row.seconds * 1e3).formatted(decimals: 1)) ms, \(giga(row.operationsPerSecond)) GFLOPS, "
          + "\(giga(row.bytesPerSecond)) GB/s, "
          + "\((row.shareOfLimit * 100).formatted(decimals: 0)) % of the machine's limit")
      lines += row.kernels.map { kernel in
        "  \(kernel.name) \((kernel.seconds * 1e3).formatted(decimals: 3)) ms, "
          + "\(giga(Double(kernel.work.operations) / kernel.seconds)) GFLOPS, "
          + "\(giga(Double(kernel.work.bytes) / kernel.seconds)) GB/s"
      }
    }
    lines += [
      "answer   \((1 / rows[2].seconds).formatted(decimals: 2)) tokens/s, first token after "
        + "\(((rows[0].seconds + rows[1].seconds) * 1e3).formatted(decimals: 1)) ms",
      "memory   \(benchmark.peakResidentBytes.inMegabytes) at most; weights "
        + "\(plan.weightBytes.inMegabytes), arena \(plan.arenaBytes.inMegabytes), states "
        + "\(plan.stateBytes.inMegabytes), scratch \(benchmark.scratchBytes.inMegabytes)",
      "limits   reads \(giga(limits.readBandwidth)) GB/s, f32 \(giga(limits.f32)), bf16 "
        + "\(giga(limits.bf16)), int8 \(giga(limits.int8)) GFLOPS; a step is handed out in "
        + "\((limits.dispatch * 1e6).formatted(decimals: 1)) µs",
    ]
    return lines.map { $0 + "\n" }.joined()
  }
}
