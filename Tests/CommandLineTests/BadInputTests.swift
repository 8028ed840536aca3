import Foundation
import Plans
import Testing

/// What goes wrong on a person's way, and what they are told.
@Suite struct BadInputTests {
  /// A copy of a small model with one thing changed.
  static func model(
    _ original: String = PictureRunTests.model, in scratch: Scratch,
    change: (URL) throws -> Void
  ) throws -> String {
    let url = scratch.url.appendingPathComponent("model")
    try FileManager.default.copyItem(
      at: CommandLineProcess.root.appendingPathComponent(original), to: url)
    try change(url)
    return url.path
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    let problem: String
    let change: @Sendable (URL) throws -> Void

    init(_ name: String, _ problem: String, _ change: @escaping @Sendable (URL) throws -> Void) {
      (self.name, self.problem, self.change) = (name, problem, change)
    }

    var testDescription: String { name }
  }

  static func replace(_ old: String, _ new: String, in name: String)
    -> @Sendable (URL) throws -> Void
  {
    { folder in
      let url = folder.appendingPathComponent(name)
      let text = try String(contentsOf: url, encoding: .utf8)
      try #require(text.contains(old))
      try text.replacingOccurrences(of: old, with: new).write(
        to: url, atomically: true, encoding: .utf8)
    }
  }

  static func remove(_ name: String) -> @Sendable (URL) throws -> Void {
    { try FileManager.default.removeItem(at: $0.appendingPathComponent(name)) }
  }

  static func write(_ data: Data, to name: String) -> @Sendable (URL) throws -> Void {
    { try data.write(to: $0.appendingPathComponent(name)) }
  }

  static let faults = [
    Fault("no config", "it has no config.json", remove("config.json")),
    Fault("empty config", "config.json: ", write(Data(), to: "config.json")),
    Fault("config is no JSON", "config.json: ", write(Data("{\"a\": }".utf8), to: "config.json")),
    Fault(
      "another model type", "model_type is \"llava\", which is not supported",
      replace("\"paligemma\"", "\"llava\"", in: "config.json")),
    Fault(
      "a quantised decoder", "text_config.quantization_config is set",
      replace(
        "\"head_dim\": 10,", "\"head_dim\": 10, \"quantization_config\": {},", in: "config.json")),
    Fault(
      "an image token that is none",
      "config.json: image_token_index is 478, which is no special token of the tokenizer",
      replace("\"image_token_index\": 479", "\"image_token_index\": 478", in: "config.json")),
    Fault(
      "an image token beyond everything",
      "config.json: image_token_index is 5000, which is no special token of the tokenizer",
      replace("\"image_token_index\": 479", "\"image_token_index\": 5000", in: "config.json")),
    Fault(
      "another number of image tokens",
      "image_seq_length is 17, but a picture of config.json's vision tower has 16 patches",
      replace(
        "\"image_seq_length\": 16", "\"image_seq_length\": 17", in: "preprocessor_config.json")),
    Fault(
      "a single file of other weights beside an index",
      "remove the model.safetensors beside the index"
    ) { folder in
      try write(Data("{\"weight_map\":{}}".utf8), to: "model.safetensors.index.json")(folder)
      try replace("\"head_dim\": 10", "\"head_dim\": 12", in: "config.json")(folder)
    },
    Fault("no weights", "model.safetensors", remove("model.safetensors")),
    Fault("weights cut short", "the file is cut short") { folder in
      let url = folder.appendingPathComponent("model.safetensors")
      try Data(contentsOf: url).dropLast(1000).write(to: url)
    },
    Fault("weights of 3 bytes", "too few", write(Data([1, 2, 3]), to: "model.safetensors")),
    Fault("no tokenizer", "tokenizer") { folder in
      for name in ["tokenizer.json", "tokenizer.model"] {
        try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
      }
    },
    Fault(
      "wrong width", "15 tensors do not fit config.json",
      replace("\"intermediate_size\": ", "\"intermediate_size\": 1", in: "config.json")),
  ]

  @Test(arguments: faults)
  func `a model with a fault gives one line and no plan`(fault: Fault) throws {
    let scratch = try Scratch()
    let model = try Self.model(in: scratch, change: fault.change)
    let run = try CommandLineProcess.run(["compile", model, "-o", scratch.path("x.plan")])
    #expect(run.status == 1 && !run.wasKilled)
    #expect(run.errorLines.count == 1, "\(run.errors)")
    #expect(run.errors.hasPrefix("paligraph: \(model)"), "\(run.errors)")
    #expect(run.errors.contains(fault.problem), "\(run.errors)")
    #expect(scratch.names == ["model"])
  }

  static let pictures: [(name: String, data: Data, problem: String)] = [
    ("empty.png", Data(), "empty.png: "),
    ("text.jpg", Data("hello".utf8), "is not a JPEG, PNG,"),
    ("cut.png", Data([0x89] + Array("PNG\r\n".utf8) + [0x1A, 0x0A, 0, 0]), "cut.png: "),
    ("huge.png", hugePNG, "huge.png: "),
  ]

  /// A PNG header that promises 100 000 × 100 000 pixels.
  static let hugePNG = Data(
    [0x89] + Array("PNG\r\n".utf8) + [0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8)
      + [0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0, 8, 2, 0, 0, 0, 0x64, 0x2A, 0xBF, 0x0F])

  @Test(arguments: pictures)
  func `a picture that is none gives one line`(name: String, data: Data, problem: String) throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    try data.write(to: scratch.url.appendingPathComponent(name))
    let run = try CommandLineProcess.run([
      "run", plan, "--image", scratch.path(name), "--draw", scratch.path("d.png"),
    ])
    #expect(run.status == 1 && !run.wasKilled && run.output.isEmpty)
    #expect(run.errorLines.count == 1 && run.errors.contains(problem), "\(run.errors)")
    #expect(scratch.names == [name, "model.plan"].sorted())
  }

  @Test func `a prompt longer than the plan allows is refused`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch, ["--max-tokens", "40"])
    let prompt = String(repeating: "caption en ", count: 40)
    let run = try CommandLineProcess.run(
      ["run", plan, "--image", "\(PictureRunTests.model)/picture.png", "--prompt", prompt])
    #expect(run.status == 1 && run.output.isEmpty && run.errorLines.count == 1)
    #expect(
      run.errors.contains("\(plan): ") && run.errors.contains("--max-tokens"), "\(run.errors)")
  }

  @Test(arguments: ["/nonexistent/x.plan", "/", "/proc/x.plan"])
  func `an output that cannot be written is named before any work`(path: String) throws {
    let run = try CommandLineProcess.run(["compile", PictureRunTests.model, "-o", path])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.hasPrefix("paligraph: \(path): cannot be written"), "\(run.errors)")
  }

  @Test func `plans that are none are refused`() throws {
    let scratch = try Scratch()
    let plan = URL(fileURLWithPath: try PictureRunTests.compiled(scratch))
    let whole = try Data(contentsOf: plan)
    var edited = whole
    let place = try #require(whole.range(of: Data("arena".utf8)))
    edited[place.lowerBound] = UInt8(ascii: "b")
    let version = try #require(
      whole.range(of: Data("\"paligraph.version\":\"\(PlanFile.formatVersion)\"".utf8)))
    var newer = whole
    newer[version.upperBound - 2] = UInt8(ascii: "9")
    let faults: [(Data, String)] = [
      (Data("# Notes on my plan\n".utf8), "this is no plan: "),
      (whole.dropLast(10), "cut short"), (whole.prefix(100), "no whole plan"),
      (Data(), "no whole plan"),
      (edited, "checksum is wrong"), (newer, "plan format 9 is not \(PlanFile.formatVersion)"),
      (
        try Data(
          contentsOf: CommandLineProcess.root.appendingPathComponent(
            "\(PictureRunTests.model)/model.safetensors")), "this is no plan"
      ),
    ]
    for (data, problem) in faults {
      try data.write(to: plan)
      let run = try PictureRunTests.run(plan.path, [])
      #expect(run.status == 1 && !run.wasKilled && run.output.isEmpty)
      #expect(run.errorLines.count == 1 && run.errors.hasPrefix("paligraph: \(plan.path): "))
      #expect(run.errors.contains(problem), "\(run.errors)")
    }
  }

  @Test func `no token but the image's may stand outside the vocabulary`() throws {
    let scratch = try Scratch()
    let model = scratch.url.appendingPathComponent("model")
    try FileManager.default.copyItem(
      at: CommandLineProcess.root.appendingPathComponent(
        "Tests/Fixtures/parity/gemma-f16-old-buffers"), to: model)
    let arguments = ["compile", model.path, "-o", scratch.path("x.plan"), "--quiet"]
    #expect(try CommandLineProcess.run(arguments).status == 0)
    try Self.replace("<image>", "<other>", in: "tokenizer.json")(model)
    try Self.replace("\"image_token_index\": 479", "\"image_token_index\": 480", in: "config.json")(
      model)
    let run = try CommandLineProcess.run(arguments)
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(
      run.errors.contains("the tokenizer has the id 479, which must be below"), "\(run.errors)")
  }

  @Test func `a plan is not compiled again`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let run = try CommandLineProcess.run(["compile", plan, "-o", scratch.path("y.plan")])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains("\(plan): this is a plan already"), "\(run.errors)")
  }

  @Test func `a graph that cannot be compiled is named, not its plan`() throws {
    let scratch = try Scratch()
    let graph = try scratch.write(
      "module @m { weight %w : f32[2] func @f() -> (f32[2]) { return %w } }", to: "w.pg")
    let run = try CommandLineProcess.run(["compile", graph, "-o", scratch.path("w.plan")])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.hasPrefix("paligraph: \(graph): %w has no value"), "\(run.errors)")
    #expect(scratch.names == ["w.pg"])
  }

  @Test func `a value that would fill memory is refused`() throws {
    let scratch = try Scratch()
    let graph = try scratch.write(
      "module @m { weight %w : f32[1048576x1048576] {value = splat(1.0)}"
        + " func @f() -> (f32[1048576x1048576]) { return %w } }", to: "w.pg")
    let run = try CommandLineProcess.run(["compile", graph, "-o", scratch.path("w.plan")])
    #expect(run.status == 1 && !run.wasKilled && run.errorLines.count == 1)
    #expect(run.errors.hasPrefix("paligraph: \(graph):1:20: its value would be"), "\(run.errors)")
  }

  @Test func `a sequence without room for <bos>, newline and an answer is refused`() throws {
    let scratch = try Scratch()
    let arguments = [
      "compile", PictureRunTests.model, "-o", scratch.path("x.plan"), "--max-tokens",
    ]
    let refused = try CommandLineProcess.run(arguments + ["18"])
    #expect(refused.status == 1 && refused.errors.contains("from 19 "), "\(refused.errors)")
    #expect(try CommandLineProcess.run(arguments + ["19"]).status == 0)
    let run = try CommandLineProcess.run([
      "run", scratch.path("x.plan"), "--image", "\(PictureRunTests.model)/picture.png", "--prompt",
      "",
    ])
    // There is room for one token of the answer.
    #expect(run.status == 0 && run.errorLines.count == 1, "\(run.errors)")
    #expect(run.errors.hasPrefix("paligraph: the answer was cut after 1 token"), "\(run.errors)")
  }

  @Test func `settings of a model that are not applied are one warning`() throws {
    let scratch = try Scratch()
    let model = try Self.model(in: scratch) { folder in
      try Self.write(
        Data(#"{"repetition_penalty": 1.2, "suppress_tokens": [7]}"#.utf8),
        to: "generation_config.json")(folder)
    }
    let run = try CommandLineProcess.run(["compile", model, "-o", scratch.path("x.plan")])
    #expect(run.status == 0 && run.errorLines.count == 2)
    #expect(
      run.errors.contains("generation_config.json: repetition_penalty, suppress_tokens are not"),
      "\(run.errors)")
  }

  @Test func `a model with nothing but a tokenizer.model and its settings is enough`() throws {
    let scratch = try Scratch()
    let url = scratch.url.appendingPathComponent("model")
    try FileManager.default.copyItem(
      at: CommandLineProcess.root.appendingPathComponent("Examples/mini-paligemma"), to: url)
    try Self.remove("tokenizer.json")(url)
    let settings = url.appendingPathComponent("tokenizer_config.json")
    #expect(try String(contentsOf: settings, encoding: .utf8).contains("00000000000000000000"))
    let run = try CommandLineProcess.run(["compile", url.path, "-o", scratch.path("x.plan")])
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test func `a changed weight is found by verify`() throws {
    let scratch = try Scratch()
    let plan = URL(fileURLWithPath: try PictureRunTests.compiled(scratch))
    #expect(try CommandLineProcess.run(["verify", plan.path]).status == 0)
    var data = try Data(contentsOf: plan)
    data[data.count / 2] ^= 1
    try data.write(to: plan)
    let run = try CommandLineProcess.run(["verify", plan.path])
    #expect(run.status == 1 && run.errors.contains("was changed"))
  }

}
