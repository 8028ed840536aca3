import Foundation
import Testing

/// `paligraph export` on the command line.
@Suite struct ExportTests {
  @Test func `an exported model is a model`() throws {
    let scratch = try Scratch()
    let model = try scratch.write(GraphTests.graph, to: "double.pg")
    let output = scratch.path("double.onnx")
    let export = try CommandLineProcess.run(["export", model, "-o", output])
    #expect(export.status == 0 && export.output.isEmpty)
    #expect(export.errors.contains("double.onnx: @main, 1 node of version 17"), "\(export.errors)")
    try GraphTests.npy([1, 2, 3, -4], shape: "(2, 2)").write(
      to: scratch.url.appendingPathComponent("x.npy"))
    let run = try CommandLineProcess.run(
      [
        "run", output, "--dim", "N<=8", "--input", "x=" + scratch.path("x.npy"), "--output-dir",
        scratch.path("out"),
      ], environment: ["XDG_CACHE_HOME": scratch.url.path])
    #expect(run.status == 0, "\(run.errors)")
    let result = try Data(contentsOf: scratch.url.appendingPathComponent("out/twice.npy"))
    #expect(result.suffix(16) == GraphTests.npy([2, 4, 6, -8], shape: "(2, 2)").suffix(16))
  }

  static let functions = [
    ("mini-paligemma", "vision"), ("mini-paligemma", "prefill"), ("mini-paligemma", "decode"),
    ("mini-siglip", "image"), ("mini-siglip", "text"), ("mini-siglip", "score"),
  ]

  @Test(arguments: ["imported", "optimized"], functions)
  func `the functions of the bundled models are exported`(
    stage: String, of name: (model: String, function: String)
  ) throws {
    let scratch = try Scratch()
    let export = try CommandLineProcess.run([
      "export", "Examples/\(name.model)", "-o", scratch.path("m.onnx"), "--function", name.function,
      "--stage", stage, "--quiet",
    ])
    #expect(export.status == 0 && export.errors.isEmpty, "\(export.errors)")
    #expect(scratch.names == ["m.onnx"])
  }

  static let refused: [(options: [String], problem: String)] = [
    (["Examples/mini-paligemma"], "choose one of its functions with --function: vision, prefill"),
    (["Examples/mini-paligemma", "--function", "encode"], "it has no function 'encode'"),
    (["Examples/mini-paligemma/model.safetensors"], "only models can be exported"),
    (["graphs/none.pg"], "none.pg: "),
  ]

  @Test(arguments: refused)
  func `what cannot be exported leaves no file`(options: [String], problem: String) throws {
    let scratch = try Scratch()
    let run = try CommandLineProcess.run(["export"] + options + ["-o", scratch.path("m.onnx")])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains(problem), "\(run.errors)")
    #expect(scratch.names.isEmpty)
  }

  @Test func `a path that cannot be written is refused before any work`() throws {
    let scratch = try Scratch()
    let model = try scratch.write(GraphTests.graph, to: "double.pg")
    for output in ["none/m.onnx", "."] {
      let run = try CommandLineProcess.run(["export", model, "-o", scratch.path(output)])
      #expect(run.status == 1 && run.errorLines.count == 1)
      #expect(run.errors.contains("cannot be written"), "\(run.errors)")
    }
    let run = try CommandLineProcess.run(["export", model, "-o", model])
    #expect(run.status == 1 && run.errors.contains("would replace an input"), "\(run.errors)")
    #expect(scratch.names == ["double.pg"])
  }

  @Test func `a plan holds no graph`() throws {
    let scratch = try Scratch()
    let model = try scratch.write(GraphTests.graph, to: "double.pg")
    let plan = scratch.path("double.plan")
    #expect(try CommandLineProcess.run(["compile", model, "-o", plan, "--quiet"]).status == 0)
    let run = try CommandLineProcess.run(["export", plan, "-o", scratch.path("m.onnx")])
    #expect(run.status == 1 && run.errorLines.count == 1)
    #expect(run.errors.contains("a plan holds no graph"), "\(run.errors)")
  }
}
