import Foundation
import Testing

/// Texts scored against a picture on the command line.
@Suite struct ScoringRunTests {
  static let model = "Examples/mini-siglip"
  static let image = ["--image", "Examples/pictures/night.jpg"]
  static let texts = [
    "a red circle",
    "a blue ring at the left, a yellow star at the center and an orange star at the right on a striped black background",
    "two\nlines",
  ]
  static var prompts: [String] { texts.flatMap { ["--prompt", $0] } }

  static func compiled(_ scratch: Scratch) throws -> String {
    let plan = scratch.path("siglip.plan")
    let run = try CommandLineProcess.run(["compile", model, "-o", plan, "--quiet"])
    try #require(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    return plan
  }

  @Test func `each text has a line with its probability, in the order of the prompts`() throws {
    let scratch = try Scratch()
    let plan = try Self.compiled(scratch)
    let run = try CommandLineProcess.run(["run", plan] + Self.image + Self.prompts)
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    let lines = run.output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
    try #require(lines.count == 3 && lines.allSatisfy { $0.count == 2 }, "\(run.output)")
    #expect(
      lines.map { $0[1].dropFirst() } == ["a red circle", "\(Self.texts[1])", "two\\u{a}lines"])
    let probabilities = lines.compactMap { Double($0[0]) }
    try #require(probabilities.count == 3, "\(run.output)")
    #expect(probabilities.allSatisfy { (0...1).contains($0) })
    #expect(probabilities[1] > 0.5 && probabilities[0] < 1e-4, "\(run.output)")
    #expect(lines.allSatisfy { $0[0].count == 8 } && probabilities[0] > 0, "\(run.output)")
  }

  @Test func `the JSON object has scores and times`() throws {
    let scratch = try Scratch()
    let plan = try Self.compiled(scratch)
    let run = try CommandLineProcess.run(["run", plan, "--json"] + Self.image + Self.prompts)
    let object = try PictureRunTests.object(run)
    #expect(object.keys.sorted() == ["scores", "stats"])
    let scores = try #require(object["scores"] as? [[String: Any]])
    #expect(scores.map { $0["text"] as? String } == Self.texts)
    for score in scores {
      let logit = try #require(score["logit"] as? Double)
      let probability = try #require(score["probability"] as? Double)
      #expect(abs(probability - 1 / (1 + exp(-logit))) < 1e-9)
    }
    let statistics = try #require(object["stats"] as? [String: Double])
    #expect(
      statistics.keys.sorted() == [
        "arena_bytes", "load_s", "peak_rss_bytes", "text_s", "vision_s", "weight_bytes",
      ])
    #expect(statistics.values.allSatisfy { $0 > 0 })
  }

  @Test func `times and a trace can be asked for`() throws {
    let scratch = try Scratch()
    let run = try CommandLineProcess.run(
      ["run", try Self.compiled(scratch), "--stats", "--profile", scratch.path("trace.json")]
        + Self.image + ["--prompt", "a ring"])
    #expect(run.status == 0)
    for title in ["picture ", "texts ", "memory ", "kernel ", "@image ", "% limit"] {
      #expect(run.errors.contains(title), "\(run.errors)")
    }
    let data = try Data(contentsOf: scratch.url.appendingPathComponent("trace.json"))
    let trace = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    let events = try #require(trace?["traceEvents"] as? [[String: Any]])
    let details = events.compactMap { $0["args"] as? [String: Any] }
    let functions = Set(details.compactMap { $0["function"] as? String })
    #expect(functions == ["image", "text", "score"])
  }

  @Test func `a directory runs without compiling it first`() throws {
    let scratch = try Scratch()
    let run = try CommandLineProcess.run(
      ["run", Self.model] + Self.image + ["--prompt", ""],
      environment: ["XDG_CACHE_HOME": scratch.url.path])
    #expect(run.status == 0 && run.errorLines.count == 1, "\(run.errors)")
    #expect(run.output.split(separator: "\n").count == 1)
  }

  @Test func `a function runs on tensors`() throws {
    let scratch = try Scratch()
    let plan = try Self.compiled(scratch)
    let zeros = [Float](repeating: 0, count: 256)
    try GraphTests.npy(Array(zeros.prefix(128)), shape: "(1, 128)").write(
      to: scratch.url.appendingPathComponent("image.npy"))
    try GraphTests.npy(zeros, shape: "(2, 128)").write(
      to: scratch.url.appendingPathComponent("texts.npy"))
    let run = try CommandLineProcess.run([
      "run", plan, "--function", "score", "--input", "image_embeds=" + scratch.path("image.npy"),
      "--input", "text_embeds=" + scratch.path("texts.npy"), "--output-dir", scratch.path("out"),
    ])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    let logits = try Data(
      contentsOf: scratch.url.appendingPathComponent("out/logits_per_image.npy"))
    #expect(String(decoding: logits.prefix(128), as: UTF8.self).contains("(1, 2)"))
    // Embeddings of nothing leave the bias, the same for both.
    let values = Array(logits.suffix(8))
    #expect(values[..<4] == values[4...] && values[..<4] != [0, 0, 0, 0])
  }

  static let misused: [(options: [String], problem: String)] = [
    ([], "--prompt TEXT is missing"),
    (["--prompt", "a", "--draw", "x.png"], "--draw is for models that answer"),
    (["--prompt", "a", "--logits", "x.npy"], "--logits is for models that answer"),
    (["--prompt", "a", "--temperature", "1"], "--temperature is for models that answer"),
    (["--prompt", "a", "--max-new-tokens", "9"], "--max-new-tokens is for models that answer"),
  ]

  @Test(arguments: misused)
  func `options of models that answer are wrong usage`(options: [String], problem: String) throws {
    let scratch = try Scratch()
    let plan = try Self.compiled(scratch)
    let run = try CommandLineProcess.run(
      ["run", plan] + Self.image
        + options.map { $0.hasPrefix("x.") ? scratch.path($0) : $0 })
    #expect(run.status == 2 && run.output.isEmpty)
    #expect(run.errorLines.count == 1 && run.errors.contains(problem), "\(run.errors)")
    #expect(scratch.names == ["siglip.plan"])
  }

  @Test func `several prompts for a model that answers are wrong usage`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let run = try PictureRunTests.run(plan, ["--prompt", "caption de"])
    #expect(run.status == 2 && run.output.isEmpty)
    #expect(
      run.errorLines.count == 1 && run.errors.contains("--prompt is given 2 times"),
      "\(run.errors)")
  }

  @Test func `a text that is too long is one line`() throws {
    let scratch = try Scratch()
    let plan = try Self.compiled(scratch)
    let text = String(repeating: "x\n", count: 60)
    let run = try CommandLineProcess.run(["run", plan] + Self.image + ["--prompt", text])
    #expect(run.status == 1 && run.output.isEmpty && run.errorLines.count == 1)
    #expect(run.errors.contains("siglip.plan: the text \"x\\u{a}x\\u{a}"), "\(run.errors)")
    #expect(run.errors.contains("tokens, more than the model's 48"), "\(run.errors)")
  }

  @Test func `weights that are not finite give no score, and where they matter is named`() throws {
    let scratch = try Scratch()
    let model = try BadInputTests.model(Self.model, in: scratch) { folder in
      let url = folder.appendingPathComponent("model.safetensors")
      var data = try Data(contentsOf: url)
      // The bias of the logits comes first in this file, as bf16.
      let header = data.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
      try #require(
        data.dropFirst(8).starts(with: Array(#"{"__metadata__":{"format":"pt"},"logit_bias""#.utf8))
      )
      data.replaceSubrange(8 + header..<10 + header, with: [0xC0, 0x7F])
      try data.write(to: url)
    }
    let plan = scratch.path("x.plan")
    let compiled = try CommandLineProcess.run(["compile", model, "-o", plan])
    #expect(
      compiled.status == 0 && compiled.errors.contains("logit_bias (1)"), "\(compiled.errors)")
    for (options, problem) in [
      ([], "the model gave no usable score for the text \"a ring\""),
      (["--check-finite"], "@score: the first result with numbers that are not finite is"),
    ] {
      let run = try CommandLineProcess.run(
        ["run", plan] + Self.image + ["--prompt", "a ring"] + options)
      #expect(run.status == 1 && run.output.isEmpty && run.errorLines.count == 1)
      #expect(run.errors.contains("x.plan: \(problem)"), "\(run.errors)")
    }
  }

  static let faults = [
    BadInputTests.Fault(
      "no pooling head", "vision_config.vision_use_head is false, which is not supported",
      BadInputTests.replace(
        "\"image_size\": 96,", "\"image_size\": 96, \"vision_use_head\": false,",
        in: "config.json")),
    BadInputTests.Fault(
      "another text tower",
      "text_model.embeddings.token_embedding.weight is [1792, 128] instead of [1793, 128]",
      BadInputTests.replace("\"vocab_size\": 1792", "\"vocab_size\": 1793", in: "config.json")),
    BadInputTests.Fault(
      "pictures of another size", "the processor makes pictures of 90×96",
      BadInputTests.replace("\"width\": 96", "\"width\": 90", in: "preprocessor_config.json")),
    BadInputTests.Fault(
      "texts that are too long", "tokenizer_config.json: model_max_length: 64 tokens are more than",
      BadInputTests.replace(
        "\"model_max_length\": 48", "\"model_max_length\": 64", in: "tokenizer_config.json")),
    BadInputTests.Fault(
      "another tokenizer",
      "tokenizer_config.json: tokenizer_class: SiglipTokenizer is not supported",
      BadInputTests.replace("GemmaTokenizer", "SiglipTokenizer", in: "tokenizer_config.json")),
    BadInputTests.Fault(
      "no weights", "model.safetensors", BadInputTests.remove("model.safetensors")),
    BadInputTests.Fault("no tokenizer", "tokenizer") { folder in
      for name in ["tokenizer.json", "tokenizer.model"] { try BadInputTests.remove(name)(folder) }
    },
  ]

  @Test(arguments: faults)
  func `a model with a fault gives one line and no plan`(fault: BadInputTests.Fault) throws {
    let scratch = try Scratch()
    let model = try BadInputTests.model(Self.model, in: scratch, change: fault.change)
    let run = try CommandLineProcess.run(["compile", model, "-o", scratch.path("x.plan")])
    #expect(run.status == 1 && !run.wasKilled)
    #expect(run.errorLines.count == 1, "\(run.errors)")
    #expect(run.errors.hasPrefix("paligraph: \(model)"), "\(run.errors)")
    #expect(run.errors.contains(fault.problem), "\(run.errors)")
    #expect(scratch.names == ["model"])
  }

  @Test func `a tokenizer.model alone gives the same scores`() throws {
    let scratch = try Scratch()
    let model = try BadInputTests.model(
      Self.model, in: scratch, change: BadInputTests.remove("tokenizer.json"))
    let plan = scratch.path("x.plan")
    #expect(try CommandLineProcess.run(["compile", model, "-o", plan]).status == 0)
    let arguments = Self.image + ["--prompt", Self.texts[0], "--prompt", Self.texts[1]]
    let run = try CommandLineProcess.run(["run", plan] + arguments)
    let expected = try CommandLineProcess.run(["run", try Self.compiled(scratch)] + arguments)
    #expect(run.status == 0 && run.output == expected.output && !run.output.isEmpty)
  }

  @Test func `a length of sequences is none of its options`() throws {
    let scratch = try Scratch()
    let run = try CommandLineProcess.run([
      "compile", Self.model, "-o", scratch.path("x.plan"), "--max-tokens", "99",
    ])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains("generates no text; leave --max-tokens out"), "\(run.errors)")
  }
}
