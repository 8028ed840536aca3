import Foundation
import Testing

/// Numbers that are NaN or infinite, in weights, inputs and results.
@Suite struct FiniteTests {
  /// A graph with a weight w and an input x, and values of w.
  private func graph(_ scratch: Scratch, weight: String) throws -> String {
    try scratch.write(
      """
      module @m {
        weight %w : f32[2x2] {value = \(weight)}
        func @main(%x: f32[1x2]) -> (y: f32[1x2]) {
          %root = sqrt(%x)                              : f32[1x2]
          %y    = matmul(%root, %w) {transpose_b = true} : f32[1x2]
          return %y
        }
      }
      """, to: "m.pg")
  }

  private func run(
    _ model: String, x: [Float], _ scratch: Scratch, _ options: [String] = []
  ) throws -> CommandLineProcess {
    try GraphTests.npy(x, shape: "(1, 2)").write(to: scratch.url.appendingPathComponent("x.npy"))
    let plan = scratch.path("m.plan")
    #expect(try CommandLineProcess.run(["compile", model, "-o", plan]).status == 0)
    return try CommandLineProcess.run(
      ["run", plan, "--input", "x=" + scratch.path("x.npy"), "--output-dir", scratch.path("out")]
        + options)
  }

  static let cases: [(weight: String, x: [Float], said: String?)] = [
    ("[1, 2, 3, 4]", [1, 4], nil),
    ("[1, 2, 3, 4]", [1, .nan], "input x has numbers that are not finite: 1 of 2"),
    ("[1, 2, 3, 4]", [.infinity, 1], "input x has numbers that are not finite: 1 of 2"),
    (
      "[1, 2, 3, 4]", [1, -4],
      "@main: the first result with numbers that are not finite is %root, computed by sqrt: 1 NaN of 2"
    ),
    ("[1, nan, 3, 4]", [1, 4], "%y, computed by linear_f32"),
    ("[1, nan, 3, 4]", [1, 4], "1 NaN of 2; so have its weights %w (1)"),
    ("[1e38, 1e38, 1e38, 1e38]", [1e8, 1e8], "2 infinite of 2"),
  ]

  @Test(arguments: cases)
  func `a run asked to names the first step that is not finite`(
    weight: String, x: [Float], said: String?
  ) throws {
    let scratch = try Scratch()
    let model = try graph(scratch, weight: weight)
    let plain = try run(model, x: x, scratch)
    #expect(plain.status == 0 && plain.errors.isEmpty && scratch.exists("out"))
    let other = try Scratch()
    let checked = try run(model, x: x, other, ["--check-finite"])
    guard let said else {
      #expect(checked.status == 0 && checked.errors.isEmpty)
      return
    }
    #expect(checked.status == 1 && checked.errorLines.count == 1)
    #expect(checked.errors.contains(said), "\(checked.errors)")
    #expect(!other.exists("out"))
  }

  @Test(arguments: ["--stats", "--profile"])
  func `times do not keep a run from looking`(option: String) throws {
    let scratch = try Scratch()
    let model = try graph(scratch, weight: "[1, 2, 3, 4]")
    let options = [option] + (option == "--profile" ? [scratch.path("trace.json")] : [])
    let checked = try run(model, x: [1, -4], scratch, ["--check-finite"] + options)
    #expect(checked.status == 1 && checked.errorLines.count == 1)
    #expect(checked.errors.contains("is %root, computed by sqrt"), "\(checked.errors)")
    #expect(!scratch.exists("out") && !scratch.exists("trace.json"))
    let sound = try run(model, x: [1, 4], scratch, ["--check-finite"] + options)
    #expect(sound.status == 0 && scratch.exists("out"))
  }

  /// The bundled model, whose last number is a NaN.
  private func spoiltModel(_ scratch: Scratch) throws -> String {
    let path = scratch.path("model")
    try FileManager.default.copyItem(
      at: CommandLineProcess.root.appendingPathComponent(PictureRunTests.model),
      to: URL(fileURLWithPath: path))
    let file = scratch.url.appendingPathComponent("model/model.safetensors")
    var bytes = try Data(contentsOf: file)
    bytes.replaceSubrange(bytes.count - 2..<bytes.count, with: [0xc0, 0x7f])
    try bytes.write(to: file)
    return path
  }

  @Test func `compile warns of them, and verify ends with them`() throws {
    let scratch = try Scratch()
    let model = try spoiltModel(scratch)
    let plan = scratch.path("m.plan")
    let compiled = try CommandLineProcess.run(["compile", model, "-o", plan, "--quiet"])
    #expect(compiled.status == 0)
    #expect(compiled.errors.contains("warning: \(model): NaN or infinite numbers in weight "))
    for path in [model, plan] {
      let verified = try CommandLineProcess.run(["verify", path])
      #expect(verified.status == 1 && verified.errorLines.count == 1)
      #expect(verified.errors.contains("NaN or infinite numbers in weight "), "\(verified.errors)")
    }
  }

  @Test(arguments: ["int8", "int4"])
  func `they cannot be rounded to integers`(dtype: String) throws {
    let scratch = try Scratch()
    let run = try CommandLineProcess.run(
      ["compile", spoiltModel(scratch), "-o", scratch.path("m.plan"), "--dtype", dtype])
    #expect(run.status == 1 && run.errorLines.count == 1 && !scratch.exists("m.plan"))
    #expect(run.errors.contains("has NaN or infinite numbers (1)"), "\(run.errors)")
  }
}
