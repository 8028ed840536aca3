import Foundation
import Testing

/// From a checkpoint to an answer, as a person does it.
@Suite struct PictureRunTests {
  static let model = "Tests/Fixtures/parity/gemma-hub-layout"

  /// What transformers answers.
  static func expected() throws -> String {
    let url = CommandLineProcess.root.appendingPathComponent("\(model)/expected.json")
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any]
    return try #require(object?["text"] as? String)
  }

  static func compiled(_ scratch: Scratch, _ options: [String] = []) throws -> String {
    let plan = scratch.path("model.plan")
    let run = try CommandLineProcess.run(["compile", model, "-o", plan] + options)
    try #require(run.status == 0, "\(run.errors)")
    return plan
  }

  static func run(_ plan: String, _ options: [String]) throws -> CommandLineProcess {
    try CommandLineProcess.run(
      ["run", plan, "--image", "\(model)/picture.png", "--prompt", "caption en"]
        + ["--max-new-tokens", "24"] + options)
  }

  static func object(_ run: CommandLineProcess) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  @Test func `text streams to standard output and nothing else does`() throws {
    let scratch = try Scratch()
    let run = try Self.run(try Self.compiled(scratch), [])
    #expect(run.status == 0 && run.errors == Self.cut)
    #expect(run.output == (try Self.expected()) + "\n")
  }

  /// What standard error says of an answer that `--max-new-tokens` ends.
  static let cut =
    "paligraph: the answer was cut after 24 tokens: give a larger --max-new-tokens\n"

  @Test func `an answer that ends by itself was not cut`() throws {
    let scratch = try Scratch()
    let plan = scratch.path("mini.plan")
    let model = "Examples/mini-paligemma"
    try #require(
      try CommandLineProcess.run(["compile", model, "-o", plan, "--quiet"]).status == 0)
    let run = try CommandLineProcess.run(
      ["run", plan, "--image", "Examples/pictures/night.jpg", "--prompt", "caption en"])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
  }

  @Test func `the JSON object has all the fields of the contract`() throws {
    let scratch = try Scratch()
    let run = try Self.run(try Self.compiled(scratch), ["--json"])
    #expect(run.output.split(separator: "\n").count == 1)
    let object = try Self.object(run)
    #expect(object["text"] as? String == (try Self.expected()))
    #expect((object["tokens"] as? [Int])?.count == 24)
    #expect((object["prompt_tokens"] as? [Int])?.isEmpty == false)
    #expect(object["finish_reason"] as? String == "length")
    #expect(object["detections"] is [Any])
    let statistics = try #require(object["stats"] as? [String: Any])
    #expect(
      statistics.keys.sorted() == [
        "arena_bytes", "decode_s", "load_s", "new_tokens", "peak_rss_bytes", "prefill_s",
        "prompt_tokens", "tokens_per_s", "vision_s", "weight_bytes",
      ])
    for (name, value) in statistics { #expect((value as? Double ?? -1) > 0, "\(name)") }
  }

  @Test func `logits, picture and trace are written`() throws {
    let scratch = try Scratch()
    let names = ["logits.npy", "drawn.png", "trace.json"]
    let run = try Self.run(
      try Self.compiled(scratch),
      ["--logits", scratch.path(names[0]), "--draw", scratch.path(names[1])]
        + ["--profile", scratch.path(names[2]), "--stats"])
    #expect(run.status == 0)
    #expect(run.errors.contains("tokens/s"))
    for title in ["kernel ", "slowest steps ", "GFLOPS", "GB/s", "% limit"] {
      #expect(run.errors.contains(title), "\(run.errors)")
    }
    let slowest = run.errorLines.drop { !$0.contains("slowest steps") }.dropFirst()
    #expect(slowest.count == 10 && slowest.allSatisfy { $0.hasPrefix("  @") }, "\(slowest)")
    let files = try names.map { try Data(contentsOf: scratch.url.appendingPathComponent($0)) }
    #expect(files[0].starts(with: [0x93] + Array("NUMPY".utf8)))
    #expect(String(decoding: files[0].prefix(128), as: UTF8.self).contains("(24, "))
    #expect(files[1].starts(with: [0x89] + Array("PNG".utf8)))
    let trace = try JSONSerialization.jsonObject(with: files[2]) as? [String: Any]
    let all = try #require(trace?["traceEvents"] as? [[String: Any]])
    let events = all.filter { $0["ph"] as? String != "M" }
    #expect(events.count > 24)
    try Self.checkTracks(all)
    let details = events.compactMap { $0["args"] as? [String: Any] }
    #expect(Set(details.compactMap { $0["function"] as? String }).count == 3)
    for name in ["flops", "bytes", "limit_us"] {
      #expect(details.allSatisfy { ($0[name] as? Double ?? -1) >= 0 }, "\(name)")
      #expect(details.contains { ($0[name] as? Double ?? 0) > 0 }, "\(name)")
    }
    // What Perfetto asks of complete events.
    #expect(events.allSatisfy { $0["ph"] as? String == "X" && $0["dur"] is Double })
    #expect(events.allSatisfy { $0["ts"] is Double && $0["pid"] is Int && $0["tid"] is Int })
  }

  /// What Perfetto shows: tracks with names, and on them the picture, the prompt and each token around
  /// their steps.
  private static func checkTracks(_ events: [[String: Any]]) throws {
    let names = events.filter { $0["ph"] as? String == "M" }.reduce(into: [String: String]()) {
      $0[$1["name"] as? String ?? ""] = ($1["args"] as? [String: String])?["name"]
    }
    #expect(
      names["process_name"]?.hasPrefix("paligraph ") == true && names["thread_name"] == "steps")
    let slices = events.filter { $0["ph"] as? String == "X" }
    let calls = slices.filter { $0["cat"] as? String == "call" }
    let expected = ["picture", "prompt"] + (2...24).map { "token \($0)" }
    #expect(calls.compactMap { $0["name"] as? String } == expected)
    // Complete events nest where one lies within the other on the same track.
    func span(_ event: [String: Any]) throws -> (start: Double, end: Double) {
      let start = try #require(event["ts"] as? Double)
      return (start, start + (try #require(event["dur"] as? Double)))
    }
    var inside = 0
    for call in calls {
      let outer = try span(call)
      for step in slices where step["cat"] as? String != "call" {
        let inner = try span(step)
        let overlaps = inner.start < outer.end - 1e-3 && inner.end > outer.start + 1e-3
        let nests = inner.start >= outer.start - 1e-3 && inner.end <= outer.end + 1e-3
        #expect(!overlaps || nests)
        if nests, inner.end > inner.start { inside += 1 }
      }
    }
    #expect(inside > 0)
    let starts = try slices.map { try span($0).start }
    #expect(starts == starts.sorted())
  }

  @Test func `sampling repeats with its seed and differs without`() throws {
    let scratch = try Scratch()
    let plan = try Self.compiled(scratch)
    func text(_ seed: Int) throws -> String {
      try Self.run(plan, ["--temperature", "1.5", "--top-k", "50", "--seed", "\(seed)"]).output
    }
    #expect(try text(7) == text(7))
    #expect(try Set((1...4).map(text)).count > 1)
  }

  @Test(arguments: [["--top-k", "0"], ["--top-p", "1"], ["--top-k", "0", "--top-p", "1.0"]])
  func `limits that limit nothing leave the choice greedy`(options: [String]) throws {
    let scratch = try Scratch()
    let run = try Self.run(try Self.compiled(scratch), options + ["--seed", "\(UInt64.max)"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output == (try Self.expected()) + "\n")
  }

  @Test func `what is no model is not said to be compiled`() throws {
    let scratch = try Scratch()
    let cache = ["XDG_CACHE_HOME": scratch.path("cache")]
    let run = try CommandLineProcess.run(
      ["run", scratch.url.path, "--image", "p.png"], environment: cache)
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains("it has no config.json"), "\(run.errors)")
  }

  @Test func `a model runs without compiling it first and is compiled once`() throws {
    let scratch = try Scratch()
    let arguments = [
      "run", Self.model, "--image", "\(Self.model)/picture.png", "--prompt", "caption en",
    ]
    let cache = ["XDG_CACHE_HOME": scratch.path("cache")]
    let first = try CommandLineProcess.run(
      arguments + ["--max-new-tokens", "24"], environment: cache)
    #expect(first.status == 0 && first.errors.contains("compiling"))
    #expect(first.output == (try Self.expected()) + "\n")
    let second = try CommandLineProcess.run(
      arguments + ["--max-new-tokens", "24"], environment: cache)
    #expect(second.output == first.output && second.errors == Self.cut)
  }

  @Test func `compiling twice gives the same bytes`() throws {
    let scratch = try Scratch()
    let first = try Data(contentsOf: URL(fileURLWithPath: Self.compiled(scratch)))
    let second = try Data(contentsOf: URL(fileURLWithPath: Self.compiled(scratch)))
    #expect(first == second)
    #expect(scratch.names == ["model.plan"])
  }

  @Test func `passes are printed and their graphs written`() throws {
    let scratch = try Scratch()
    let plan = scratch.path("x.plan")
    let run = try CommandLineProcess.run(
      ["compile", Self.model, "-o", plan, "--print-passes", "--quiet", "--dump-after", "all"]
        + ["--dump-dir", scratch.path("dumps")])
    #expect(run.status == 0 && run.errors.isEmpty)
    let passes = run.output.split(separator: "\n").map { $0.prefix { $0 != ":" } }
    #expect(passes.first == "canonicalize" && passes.last == "plan_memory")
    let dumps = try FileManager.default.contentsOfDirectory(atPath: scratch.path("dumps")).sorted()
    #expect(dumps.count == passes.count)
    #expect(dumps.first == "01-canonicalize.pg")
  }
}
