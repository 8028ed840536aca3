import Foundation
import Testing

/// Textual graphs on the command line.
@Suite struct GraphTests {
  static let graph = """
    module @double {
      symbol N <= 8
      func @main(%x: f32[Nx2]) -> (twice: f32[Nx2]) {
        %y = add(%x, %x) : f32[Nx2]
        return %y
      }
    }
    """

  /// numpy's file of an f32 array.
  static func npy(_ values: [Float], shape: String) -> Data {
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }"
    header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0])
    data.append(contentsOf: header.utf8)
    for value in values {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
    }
    return data
  }

  @Test func `a graph runs on tensors from files`() throws {
    let scratch = try Scratch()
    let model = try scratch.write(Self.graph, to: "double.pg")
    let plan = scratch.path("double.plan")
    #expect(try CommandLineProcess.run(["compile", model, "-o", plan, "--quiet"]).status == 0)
    try Self.npy([1, 2, 3, -4, 5, 6], shape: "(3, 2)").write(
      to: scratch.url.appendingPathComponent("x.npy"))
    let run = try CommandLineProcess.run(
      ["run", plan, "--input", "x=" + scratch.path("x.npy"), "--output-dir", scratch.path("out")])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    let result = try Data(contentsOf: scratch.url.appendingPathComponent("out/twice.npy"))
    #expect(result.suffix(24) == Self.npy([2, 4, 6, -8, 10, 12], shape: "(3, 2)").suffix(24))
  }

  static let misfits: [(options: [String], problem: String)] = [
    (["--input", "z=x.npy"], "it has no input 'z'; its inputs are x"),
    ([], "input x is missing"),
    (["--input", "x=wide.npy"], "input x has shape [2, 3], expected"),
    (["--input", "x=long.npy"], "N = 9 is outside 1...8"),
    (["--input", "x=double.pg"], "double.pg: not"),
    (["--input", "x=none.npy"], "none.npy: cannot be read"),
    (["--input", "x=x.npy", "--function", "other"], "it has no function 'other'"),
  ]

  @Test(arguments: misfits)
  func `inputs that do not fit are refused`(options: [String], problem: String) throws {
    let scratch = try Scratch()
    let model = try scratch.write(Self.graph, to: "double.pg")
    let plan = scratch.path("double.plan")
    #expect(try CommandLineProcess.run(["compile", model, "-o", plan, "--quiet"]).status == 0)
    let files = [
      ("x.npy", Self.npy([1, 2], shape: "(1, 2)")),
      ("wide.npy", Self.npy([1, 2, 3, 4, 5, 6], shape: "(2, 3)")),
      ("long.npy", Self.npy(Array(repeating: 1, count: 18), shape: "(9, 2)")),
    ]
    for (name, data) in files { try data.write(to: scratch.url.appendingPathComponent(name)) }
    let paths = options.map {
      $0.hasPrefix("x=") || $0.hasPrefix("z=")
        ? "\($0.prefix(2))" + scratch.path("\($0.dropFirst(2))") : $0
    }
    let run = try CommandLineProcess.run(
      ["run", plan, "--output-dir", scratch.path("out")] + paths)
    #expect(run.status == 1 && run.output.isEmpty)
    #expect(run.errorLines.count == 1 && run.errors.contains(problem), "\(run.errors)")
    #expect(!scratch.exists("out"))
  }

  @Test func `a pass prints the graph it makes`() throws {
    let run = try CommandLineProcess.run([
      "pass", "canonicalize,fuse_norm", "graphs/gemma-block.pg",
    ])
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(run.output.contains("= rms_norm("))
    let scratch = try Scratch()
    let again = try CommandLineProcess.run([
      "pass", "dead_code", try scratch.write(run.output, to: "a.pg"),
    ])
    #expect(again.status == 0)
  }

  @Test(arguments: [
    ("imported", "patch_conv("), ("optimized", "= linear("), ("planned", " using linear_"),
  ])
  func `a model is dumped at every stage`(stage: String, content: String) throws {
    let scratch = try Scratch()
    let path = scratch.path("graph.pg")
    let run = try CommandLineProcess.run(
      [
        "dump", PictureRunTests.model, "--stage", stage, "--format", "text", "--function", "vision",
        "-o", path,
      ])
    #expect(run.status == 0 && run.output.isEmpty && run.errors.isEmpty)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains("func @vision(") && !text.contains("func @decode("))
    #expect(text.contains(content))
  }

  @Test(arguments: [
    ("dot", "digraph \"paligemma\" {"), ("json", #"{"format":"paligraph-dump","version":1,"#),
    ("html", "<!doctype html>"),
  ])
  func `a model is dumped in every format`(format: String, beginning: String) throws {
    for stage in ["imported", "optimized", "planned"] {
      let run = try CommandLineProcess.run(
        ["dump", PictureRunTests.model, "--stage", stage, "--format", format])
      #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
      #expect(run.output.hasPrefix(beginning))
    }
  }

  @Test(arguments: [
    ("fuse_norm", "rms_norm(", "attention("), ("10", "attention(", "linear("),
    ("canonicalize", "attention(", "linear("),
  ])
  func `a model is dumped after a pass, by name or number`(
    pass: String, has: String, hasNot: String
  ) throws {
    let run = try CommandLineProcess.run(
      ["dump", PictureRunTests.model, "--after", pass, "--function", "decode"])
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(run.output.contains(" = \(has)") && !run.output.contains(" = \(hasNot)"))
  }

  @Test func `a page shows the times of a profile`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let trace = scratch.path("trace.json")
    let answer = try CommandLineProcess.run(
      ["run", plan, "--image", "\(PictureRunTests.model)/picture.png", "--profile", trace])
    #expect(answer.status == 0, "\(answer.errors)")
    let page = scratch.path("page.html")
    let run = try CommandLineProcess.run([
      "dump", PictureRunTests.model, "--format", "html", "--profile", trace, "-o", page,
    ])
    #expect(run.status == 0 && run.errors.isEmpty && run.output.isEmpty, "\(run.errors)")
    #expect(scratch.exists("page.html"))
    let other = try CommandLineProcess.run([
      "dump", PictureRunTests.model, "--format", "html", "--profile",
      "\(PictureRunTests.model)/config.json",
    ])
    #expect(other.status == 1 && other.errorLines.count == 1)
    #expect(other.errors.contains("config.json: not a trace of paligraph run --profile"))
  }

  @Test func `a plan is dumped as JSON, and as a graph it says where to look`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let run = try CommandLineProcess.run(["dump", plan, "--format", "json", "--function", "decode"])
    #expect(
      run.status == 0 && run.output.hasPrefix(#"{"format":"paligraph-plan-dump","version":1,"#))
    for format in ["dot", "html"] {
      let refused = try CommandLineProcess.run(["dump", plan, "--format", format])
      #expect(refused.status == 1 && refused.errorLines.count == 1)
      #expect(refused.errors.contains("dump the model it was made from as \(format)"))
    }
  }

  @Test func `a plan is listed step by step`() throws {
    let scratch = try Scratch()
    let plan = try PictureRunTests.compiled(scratch)
    let run = try CommandLineProcess.run(["dump", plan])
    #expect(run.status == 0 && run.output.contains("func @prefill"))
    #expect(run.output.contains("attention(arena+"))
  }

  // MARK: Verifying models

  @Test(arguments: ["f32", "bf16", "int8", "int4"])
  func `a graph is verified pass by pass`(dtype: String) throws {
    let run = try CommandLineProcess.run(["verify", "graphs/gemma-block.pg", "--dtype", dtype])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    let lines = run.output.split(separator: "\n")
    #expect(
      lines.first
        == "graphs/gemma-block.pg: all of it, at P = 11, T = 12; P = 1, T = 1; P = 6, T = 6")
    #expect(lines.contains { $0.hasPrefix("  fuse_rope ") && $0.contains(" 4 rewrites ") })
    try #require(lines.count == 23, "\(run.output)")
    #expect(lines[21].hasPrefix("  plan ") && lines[22].contains("computes what its graph says"))
  }

  @Test func `an ONNX model is verified at the sizes it is given`() throws {
    let model = "Tests/Fixtures/onnx/bert_open_new_exporter_18.onnx"
    let run = try CommandLineProcess.run(
      ["verify", model, "--dim", "batch=2", "--dim", "sequence<=9"])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    #expect(run.output.contains("computes what its graph says"))
  }

  @Test func `verifying stops after a rewrite`() throws {
    let run = try CommandLineProcess.run(["verify", "graphs/gemma-block.pg", "--stop-after", "20"])
    #expect(
      run.status == 0 && run.output.contains("  fold_constants        reassociating  2 rewrites "))
    #expect(!run.output.contains("  plan ") && run.output.contains("graph says up to rewrite 20"))
  }

  @Test func `a verified compile writes the same plan`() throws {
    let scratch = try Scratch()
    let plans = try [[], ["--verify"]].enumerated().map { index, options in
      let path = scratch.path("\(index).plan")
      let run = try CommandLineProcess.run(
        ["compile", "graphs/siglip-block.pg", "-o", path] + options)
      #expect(run.status == 0 && run.errors.contains("off by") == !options.isEmpty)
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    #expect(plans[0] == plans[1])
  }

  static let notInterpreted: [(graph: String, said: String)] = [
    (
      """
      module @m {
        weight %w : f32[30000x30000]
        func @f(%x: f32[30000]) -> (f32[30000x30000]) {
          %y = add(%w, %x) : f32[30000x30000]
          return %y
        }
      }
      """, "m.pg: its tensors have 900000000 elements"
    ),
    (
      """
      module @m {
        weight %rows : f32[0x8]
        func @f(%ids: i64[2]) -> (f32[2x8]) {
          %y = embedding(%rows, %ids) : f32[2x8]
          return %y
        }
      }
      """, "m.pg: @f, %y = embedding: id 0 is outside the table's 0 rows"
    ),
  ]

  @Test(arguments: notInterpreted)
  func `a graph that the interpreter cannot compute says so`(graph: String, said: String) throws {
    let scratch = try Scratch()
    let path = try scratch.write(graph, to: "m.pg")
    let run = try CommandLineProcess.run(["verify", path])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains(said), "\(run.errors)")
  }
}
