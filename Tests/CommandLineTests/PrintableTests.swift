import Foundation
import Testing

/// Names from files never reach a terminal raw.
@Suite struct PrintableTests {
  /// C1's control sequence introducer, a deletion, a change of direction: a graph may have such names.
  static let evil = "b\u{9B}31mc\u{7F}\u{202E}d"
  /// Red letters, a cleared line, a bell, a second line: only files and edited plans have such names.
  static let worse = "a\u{1B}[31m\u{1B}[2K\u{7}\ne"

  static let graph = """
    module @"m\(evil)" {
      weight %"w\(evil)" : f32[4x2] {value = splat(1.0)}
      func @"f\(evil)"(%"x\(evil)": f32[1x2]) -> ("y\(evil)": f32[1x4]) {
        %"pQQ" = matmul(%"x\(evil)", %"w\(evil)") {transpose_b = true} : f32[1x4]
        %"rQQ" = tanh(%"pQQ") : f32[1x4]
        return %"rQQ"
      }
    }
    """

  /// A model, a plan whose step list was edited, and the commands that use them.
  private struct Case {
    let scratch: Scratch
    let model: String
    let plan: String
    let input: String

    init() throws {
      scratch = try Scratch()
      model = try scratch.write(graph, to: "m\(worse).pg")
      plan = scratch.path("m\(worse).plan")
      try GraphTests.npy([1, 2], shape: "(1, 2)").write(
        to: scratch.url.appendingPathComponent("x.npy"))
      input = "x\(evil)=\(scratch.path("x.npy"))"
      try #require(try CommandLineProcess.run(["compile", model, "-o", plan]).status == 0)
      let file = URL(fileURLWithPath: plan)
      let inJSON = "a\\u001b[31m\\u001b[2K\\u0007\\ne"
      let bytes = try PlanInputs.edited(Array(try Data(contentsOf: file))) {
        $0.replacing("QQ", with: inJSON)
      }
      try Data(bytes).write(to: file)
    }

    /// Commands on the files, some of which fail.
    var commands: [[String]] {
      [
        ["compile", model, "-o", scratch.path("n\(worse).plan"), "--print-passes"],
        ["run", plan, "--input", input, "--output-dir", scratch.path("o\(worse)")],
        ["run", plan, "--input", "z\(worse)=\(scratch.path("x.npy"))"],
        ["run", plan, "--input", input, "--function", "g\(worse)"],
        ["run", model, "--input", input],
        ["dump", plan], ["dump", model], ["dump", model, "--format", "dot"],
        ["dump", plan, "--format", "json"], ["verify", plan], ["verify", model],
        ["export", model, "-o", scratch.path("e\(worse).onnx")],
        ["run", scratch.path("none\(worse).plan"), "--image", "p\(worse)"],
        ["run", plan, "--fast\(worse)"], ["fly\(worse)"], ["compile", model, "-o", plan, worse],
      ]
    }

    var environment: [String: String] { ["XDG_CACHE_HOME": scratch.path("cache")] }
  }

  @Test func `no command lets a name do anything to a terminal`() throws {
    let files = try Case()
    for command in files.commands {
      let run = try Terminal.run(command, environment: files.environment)
      #expect(!run.screen.controlsTerminal, "\(command[0]): \(run.screen.debugDescription)")
    }
  }

  @Test func `a row of a table is one line in a pipe too, whatever is in its names`() throws {
    let files = try Case()
    let run = try CommandLineProcess.run(["run", files.plan, "--input", files.input, "--stats"])
    #expect(run.status == 0 && !run.errors.controlsTerminal, "\(run.errors)")
    let rows = run.errorLines.filter { $0.contains("%p") || $0.contains("%r") }
    #expect(!rows.isEmpty && rows.allSatisfy { $0.hasPrefix("  @f") }, "\(run.errors)")
    #expect(rows.allSatisfy { $0.contains("a\\u{1b}[31m\\u{1b}[2K\\u{7}\\u{a}e ") }, "\(rows)")
  }

  @Test func `a result on a terminal keeps its lines, and in a pipe its bytes`() throws {
    let files = try Case()
    let dump = ["dump", files.model]
    let shown = try Terminal.run(dump).screen
    let piped = try CommandLineProcess.run(dump).output
    #expect(piped.contains("b\u{9B}31mc") && shown.contains("b\\u{9b}31mc\\u{7f}\\u{202e}d"))
    #expect(shown.split(separator: "\n").count == piped.split(separator: "\n").count)
  }
}
