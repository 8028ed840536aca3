import Foundation
import Testing

/// ONNX models on the command line.
@Suite struct ONNXTests {
  static func model(_ name: String) -> String { "Tests/Fixtures/onnx/\(name).onnx" }

  /// Runs a plan or model on `x` and returns what an output's file ends with.
  private func run(
    _ scratch: Scratch, _ model: String, input: String = "x", values: [Float], shape: String,
    output: String, _ options: [String] = []
  ) throws -> Data {
    let x = scratch.url.appendingPathComponent("x.npy")
    try GraphTests.npy(values, shape: shape).write(to: x)
    let run = try CommandLineProcess.run(
      ["run", model, "--input", "\(input)=\(x.path)", "--output-dir", scratch.path("out")]
        + options,
      environment: ["XDG_CACHE_HOME": scratch.url.path])
    #expect(run.status == 0, "\(run.errors)")
    return try Data(contentsOf: scratch.url.appendingPathComponent("out/\(output).npy"))
  }

  private func bytes(_ values: [Float]) -> Data {
    GraphTests.npy(values, shape: "()").suffix(4 * values.count)
  }

  @Test func `a model is compiled and run`() throws {
    let scratch = try Scratch()
    let plan = scratch.path("m.plan")
    let compile = try CommandLineProcess.run([
      "compile", Self.model("names_with_slashes"), "-o", plan, "--quiet",
    ])
    #expect(compile.status == 0 && compile.errors.isEmpty, "\(compile.errors)")
    let result = try run(
      scratch, plan, input: "/in/x", values: [1, 2, 3, 4, 5, 6], shape: "(2, 3)",
      output: "_a b_y")
    #expect(result.suffix(24) == bytes([2, 4, 6, 8, 10, 12]))
  }

  @Test func `open sizes are fixed or bounded`() throws {
    let scratch = try Scratch()
    let values = (0..<8).map(Float.init)
    // Tokens of two heads of two numbers: heads first.
    let turned = bytes([0, 1, 4, 5, 2, 3, 6, 7])
    for (index, dims) in [["batch=1", "seq len=2"], ["batch<=3", "seq len<=9"]].enumerated() {
      let plan = scratch.path("\(index).plan")
      let options = dims.flatMap { ["--dim", $0] }
      let model = Self.model("shape_arithmetic_open")
      #expect(
        try CommandLineProcess.run(["compile", model, "-o", plan, "--quiet"] + options).status == 0)
      let result = try run(scratch, plan, values: values, shape: "(1, 2, 4)", output: "y")
      #expect(result.suffix(32) == turned)
    }
    let options = ["--shape", "x=1x2x4"]
    let result = try run(
      scratch, Self.model("unnamed_sizes"), values: values, shape: "(1, 2, 4)", output: "y", options
    )
    #expect(result.suffix(32) == turned)
  }

  @Test func `a dump shows the graph at every stage`() throws {
    for (stage, text) in [
      ("imported", "= matmul("), ("optimized", "= linear("), ("planned", "using"),
    ] {
      let dump = try CommandLineProcess.run(["dump", Self.model("gemm"), "--stage", stage])
      #expect(dump.status == 0 && dump.output.contains(text), "\(dump.errors)")
    }
    let dump = try CommandLineProcess.run([
      "dump", Self.model("shape_arithmetic_open"), "--dim", "batch=2", "--dim", "seq len<=5",
    ])
    #expect(dump.output.contains("symbol SEQ_LEN <= 5\n"))
    #expect(dump.output.contains("%x: f32[2xSEQ_LENx4]"))
  }

  static let misfits: [(model: String, options: [String], problem: String)] = [
    (
      "shape_arithmetic_open", [],
      "open dimension \"batch\"; give --dim batch=N or --dim \"batch<=N\""
    ),
    ("shape_arithmetic_open", ["--dim", "batch=1"], "open dimension \"seq len\""),
    ("unnamed_sizes", [], "give all of them, as in --shape x=1x3x224x224"),
    (
      "unnamed_sizes", ["--dim", "batch=1"],
      "no dimension \"batch\" for --dim; its named dimensions are none"
    ),
    ("gemm", ["--shape", "z=1"], "no input \"z\" for --shape; its inputs are a"),
    ("gemm", ["--shape", "a=3x5"], "contradicts the model, where it is 3x4"),
    ("gemm", ["--shape", "a=12"], "contradicts the model, where it has 2 axes"),
    (
      "shape_arithmetic_open", ["--shape", "x=1x2x4", "--dim", "batch=2"],
      "contradicts what is said elsewhere about batch"
    ),
  ]

  @Test(arguments: misfits)
  func `sizes that do not fit are refused`(
    model: String, options: [String], problem: String
  ) throws {
    let run = try CommandLineProcess.run(["dump", Self.model(model)] + options)
    #expect(run.status == 1 && run.output.isEmpty && run.errorLines.count == 1)
    #expect(run.errors.contains("\(model).onnx: ") && run.errors.contains(problem), "\(run.errors)")
  }

  @Test func `sizes are for models whose sizes are open`() throws {
    let scratch = try Scratch()
    for arguments in [
      ["compile", "graphs/siglip-block.pg", "-o", scratch.path("x.plan")], ["dump", "x.plan"],
    ] {
      let run = try CommandLineProcess.run(arguments + ["--dim", "n=1"])
      #expect(run.status == 2 && run.errorLines.count == 1 && run.errors.contains("--dim"))
    }
  }

  @Test func `a file that is no model is refused`() throws {
    let scratch = try Scratch()
    let model = try scratch.write("no model", to: "m.onnx")
    let run = try CommandLineProcess.run(["compile", model, "-o", scratch.path("m.plan")])
    #expect(run.status == 1 && !run.wasKilled && run.errorLines.count == 1)
    #expect(run.errors.contains("m.onnx: this is not an ONNX model"))
    #expect(!scratch.exists("m.plan"))
  }
}
