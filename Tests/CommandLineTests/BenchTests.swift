import Foundation
import Tensors
import Testing

/// `paligraph bench` times what it says and knows the machine's limits.
@Suite struct BenchTests {
  @Test func `the JSON object has times, shares and limits`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let run = try CommandLineProcess.run(
      ["bench", plan, "--json", "--rounds", "2", "--prompt-tokens", "4", "--new-tokens", "3"])
    #expect(run.status == 0 && run.errors.isEmpty)
    let object = try PictureRunTests.object(run)
    let times = ["load_s", "vision_s", "prefill_s", "first_token_s", "decode_s_per_token"]
    let sizes = ["tokens_per_s", "peak_rss_bytes", "weight_bytes", "scratch_bytes", "dispatch_s"]
    for name in times + sizes {
      #expect((object[name] as? Double ?? 0) > 0, "\(name)")
    }
    #expect(object["new_tokens"] as? Int == 3 && object["rounds"] as? Int == 2)
    let limits = try #require(object["limits"] as? [String: Double])
    #expect(
      limits.keys.sorted() == ["bf16_flops", "f32_flops", "int8_ops", "read_bytes_per_s"])
    #expect(limits.values.allSatisfy { $0 > 1e6 })
    let shares = try #require(object["share_of_limit"] as? [String: Double])
    #expect(shares.keys.sorted() == ["decode", "prefill", "vision"])
    #expect(shares.values.allSatisfy { $0 > 0 })
    #expect(
      object["kernels"] as? [String: [String: Double]] == [
        "vision": [:], "prefill": [:], "decode": [:],
      ])
  }

  @Test func `the kernels of a function take its time and do its work`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let run = try CommandLineProcess.run(
      ["bench", plan, "--json", "--kernels", "--rounds", "1", "--new-tokens", "3"])
    #expect(run.status == 0 && run.errors.isEmpty)
    let object = try PictureRunTests.object(run)
    let kernels = try #require(object["kernels"] as? [String: [String: [String: Double]]])
    let times = ["vision": "vision_s", "prefill": "prefill_s", "decode": "decode_s_per_token"]
    for (function, time) in times {
      let rows = try #require(kernels[function])
      let seconds = rows.values.reduce(0) { $0 + ($1["seconds"] ?? 0) }
      let all = try #require(object[time] as? Double)
      #expect(seconds > 0 && seconds <= all, "\(function)")
      #expect((rows["attention"]?["operations"] ?? 0) > 0, "\(function)")
      #expect(rows.values.contains { ($0["bytes"] ?? 0) > 0 }, "\(function)")
    }
    #expect((kernels["decode"]?["attention"]?["bytes"] ?? 0) > 0)
  }

  @Test func `the table has a line for each function`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let run = try CommandLineProcess.run(["bench", plan, "--rounds", "1", "--threads", "1"])
    #expect(run.status == 0)
    let starts = run.output.split(separator: "\n").map { $0.prefix { $0 != " " } }
    #expect(starts == ["1", "load", "vision", "prefill", "decode", "answer", "memory", "limits"])
    let detailed = try CommandLineProcess.run(["bench", plan, "--rounds", "1", "--kernels"])
    #expect(detailed.status == 0)
    let rows = detailed.output.split(separator: "\n").filter { $0.hasPrefix("  ") }
    #expect(rows.count { $0.hasPrefix("  attention ") } == 3)
  }

  @Test func `more tokens than the plan holds are refused`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch, ["--max-tokens", "40"])
    let run = try CommandLineProcess.run(["bench", plan, "--new-tokens", "500"])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains("--max-tokens"))
  }
}

/// `paligraph bench` on the inputs of a graph.
@Suite struct TensorBenchTests {
  private func benchmark(_ options: [String]) throws -> CommandLineProcess {
    let scratch = try Scratch()
    let graph = """
      module @m {
        weight %w : f32[5x4] {value = splat(1.0)}
        func @main(%x: f32[3x4]) -> (y: f32[3x5]) {
          %y = matmul(%x, %w) {transpose_b = true} : f32[3x5]
          return %y
        }
      }
      """
    try graph.write(toFile: scratch.path("m.pg"), atomically: true, encoding: .utf8)
    let compiled = try CommandLineProcess.run(
      ["compile", scratch.path("m.pg"), "-o", scratch.path("m.plan")])
    try #require(compiled.status == 0, "\(compiled.errors)")
    try NPYFile.write(
      TensorData([Float](repeating: 1, count: 12), shape: [3, 4]), path: scratch.path("x.npy"))
    return try CommandLineProcess.run(
      ["bench", scratch.path("m.plan"), "--input", "x=\(scratch.path("x.npy"))"] + options)
  }

  @Test func `the JSON object has times, work and kernels`() throws {
    let run = try benchmark(["--json", "--kernels", "--rounds", "3"])
    #expect(run.status == 0 && run.errors.isEmpty)
    let object = try PictureRunTests.object(run)
    let (median, best) = (object["run_s"] as? Double ?? 0, object["best_run_s"] as? Double ?? 0)
    #expect(0 < best && best <= median)
    #expect(object["rounds"] as? Int == 3 && object["function"] as? String == "main")
    #expect(object["operations"] as? Int == 2 * 3 * 4 * 5)
    let kernels = try #require(object["kernels"] as? [String: [String: Double]])
    #expect(kernels["linear_f32_panels"]?["operations"] == 120)
  }

  @Test func `the table has the function's line`() throws {
    let run = try benchmark(["--rounds", "1"])
    let starts = run.output.split(separator: "\n").map { $0.prefix { $0 != " " } }
    #expect(run.status == 0 && starts.dropFirst() == ["load", "main", "best", "limits"])
  }

  @Test(arguments: [
    ["--input", "z=none.npy"], ["--prompt-tokens", "3"], ["--function", "other"],
  ])
  func `what does not fit is refused in one line`(options: [String]) throws {
    let run = try benchmark(options)
    #expect(run.status != 0 && run.errorLines.count == 1)
  }
}
