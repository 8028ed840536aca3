import Foundation
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
    for name in times + ["tokens_per_s", "peak_rss_bytes", "weight_bytes", "dispatch_s"] {
      #expect((object[name] as? Double ?? 0) > 0, "\(name)")
    }
    #expect(object["new_tokens"] as? Int == 3 && object["rounds"] as? Int == 2)
    let limits = try #require(object["limits"] as? [String: Double])
    #expect(
      limits.keys.sorted() == ["bf16_flops", "f32_flops", "int8_ops", "read_bytes_per_s"])
    #expect(limits.values.allSatisfy { $0 > 1e6 })
    let shares = try #require(object["share_of_limit"] as? [String: Double])
    #expect(shares.keys.sorted() == ["decode", "prefill", "vision"])
    #expect(shares.values.allSatisfy { $0 > 0 && $0 < 1.5 })
  }

  @Test func `the table has a line for each function`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let run = try CommandLineProcess.run(["bench", plan, "--rounds", "1", "--threads", "1"])
    #expect(run.status == 0)
    let starts = run.output.split(separator: "\n").map { $0.prefix { $0 != " " } }
    #expect(starts == ["1", "load", "vision", "prefill", "decode", "answer", "memory", "limits"])
  }

  @Test func `more tokens than the plan holds are refused`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch, ["--max-tokens", "40"])
    let run = try CommandLineProcess.run(["bench", plan, "--new-tokens", "500"])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains("--max-tokens"))
  }
}
