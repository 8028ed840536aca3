import Foundation
import Testing

@testable import paligraph

/// Options that would have no effect are refused, in every command and for every use of it.
@Suite struct UseTests {
  private static func arguments(
    _ syntax: Syntax, with option: Syntax.Option
  ) throws -> Arguments {
    let companions = option.companions.prefix(1).compactMap { syntax.option(named: $0) }
    let words = ([option] + companions).flatMap { $0.value == nil ? [$0.name] : [$0.name, "1"] }
    return try Arguments(syntax.arguments.map { _ in "x" } + words, syntax)
  }

  @Test func `every option is refused where the table says that it has no effect`() throws {
    for command in CommandLineTool.commands {
      let syntax = command.syntax
      for option in syntax.options {
        #expect(option.uses.isSubset(of: syntax.uses), "\(syntax.name) \(option.name)")
        let arguments = try Self.arguments(syntax, with: option)
        for use in syntax.uses {
          let isRefused = (try? arguments.check(use, of: "x.plan")) == nil
          #expect(isRefused != option.hasEffect(in: use), "\(syntax.name) \(option.name) \(use)")
        }
      }
    }
  }

  @Test func `an option that needs another one is refused without it`() throws {
    for command in CommandLineTool.commands {
      let syntax = command.syntax
      for option in syntax.options where !option.companions.isEmpty {
        let words = syntax.arguments.map { _ in "x" } + [option.name, "1"]
        #expect(throws: UsageError.self) { try Arguments(words, syntax) }
        #expect(throws: Never.self) { try Self.arguments(syntax, with: option) }
      }
    }
  }

  /// A value that an option takes.
  private static func value(_ option: Syntax.Option, _ scratch: Scratch) throws -> String {
    switch option.name {
    case "--input", "--value":
      try GraphTests.npy([1, 2], shape: "(1, 2)").write(
        to: scratch.url.appendingPathComponent("x.npy"))
      return "x=\(scratch.path("x.npy"))"
    case "--shape": return "x=1x2"
    case "--dim": return "N=1"
    case "--image": return "\(PictureRunTests.model)/picture.png"
    default:
      if case .file(let endings) = option.kind {
        return scratch.path("f.\(endings.first ?? "txt")")
      }
      if case .directory = option.kind { return scratch.path("d") }
      if case .words(let words) = option.kind { return words[0] }
      return "1"
    }
  }

  /// The program itself, on a plan of each kind: what must not do anything is refused, and no file made.
  @Test func `run and bench refuse what has no effect on a plan of each kind`() throws {
    let scratch = try Scratch()
    let files = [
      Use.answering: try PictureRunTests.compiled(scratch),
      .scoring: try ScoringRunTests.compiled(scratch), .tensors: scratch.path("double.plan"),
    ]
    let graph = try scratch.write(GraphTests.graph, to: "double.pg")
    try #require(
      try CommandLineProcess.run(
        ["compile", graph, "-o", files[.tensors] ?? "", "--quiet"]).status == 0)
    let names = scratch.names + ["x.npy"]
    for (use, plan) in files {
      for syntax in [RunCommand.syntax, BenchCommand.syntax] {
        for option in syntax.options where !option.hasEffect(in: use) || option.uses == [.onnx] {
          let companions = option.companions.prefix(1).flatMap { [$0, "1"] }
          let value = option.value == nil ? [] : [try Self.value(option, scratch)]
          // A function on tensors is asked for by what only it takes.
          let asked = use == .tensors && syntax.name == "run" ? ["--function", "main"] : []
          for tail in asked.isEmpty ? [[]] : [[], asked] {
            let run = try CommandLineProcess.run(
              [syntax.name, plan, option.name] + value + companions + tail)
            // `--input` makes any plan one of tensors.
            if option.hasEffect(in: .tensors), !option.uses.contains(.onnx) { continue }
            #expect(run.status == 2 && run.errorLines.count == 1, "\(option.name) \(run.errors)")
            #expect(
              ([option.name] + option.companions).contains {
                run.errors.contains("\($0) is for ")
                  || run.errors.contains("\($0) does not go with ")
              },
              "\(use) \(option.name): \(run.errors)")
          }
        }
      }
    }
    #expect(Set(scratch.names).isSubset(of: names))
  }

  static let values: [(environment: [String: String], arguments: [String], problem: String)] = [
    (
      ["PALIGRAPH_ISA": "AVX2"], ["verify", "PLAN"], "PALIGRAPH_ISA is \"AVX2\"; it is scalar, avx2"
    ),
    (["PALIGRAPH_ISA": ""], ["verify", "PLAN"], "PALIGRAPH_ISA is \"\"; it is scalar"),
    (["PALIGRAPH_ISA": "best"], ["bench", "PLAN"], "PALIGRAPH_ISA is \"best\""),
    (
      ["PALIGRAPH_ISAS": "avx2"], ["bench", "PLAN"],
      "PALIGRAPH_ISAS has no effect (did you mean 'PALIGRAPH_ISA'?)"
    ),
    (["PALIGRAPH_MEM_LIMIT": "1"], ["verify", "PLAN"], "(did you mean 'PALIGRAPH_MEMORY_LIMIT'?)"),
    (["PALIGRAPH_\u{1B}ISA": "1"], ["cache"], "ISA has no effect"),
    (
      ["PALIGRAPH_CACHE_LIMIT": "1GB"], ["run", "MODEL", "--function", "main"], "no number of bytes"
    ),
    (["PALIGRAPH_CACHE_LIMIT": "-1"], ["cache"], "no number of bytes"),
    (["XDG_CACHE_HOME": "cache"], ["run", "MODEL", "--function", "main"], "no absolute path"),
    (["XDG_CACHE_HOME": "cache"], ["cache"], "XDG_CACHE_HOME: is \"cache\", which is no absolute"),
  ]

  @Test(arguments: values)
  func `a variable with a value that means nothing is one line`(
    environment: [String: String], arguments: [String], problem: String
  ) throws {
    let scratch = try Scratch()
    let graph = try scratch.write(GraphTests.graph, to: "m.pg")
    let plan = scratch.path("m.plan")
    try #require(try CommandLineProcess.run(["compile", graph, "-o", plan, "--quiet"]).status == 0)
    let run = try CommandLineProcess.run(
      arguments.map { $0 == "PLAN" ? plan : $0 == "MODEL" ? graph : $0 }, environment: environment)
    #expect(run.status != 0 && run.output.isEmpty && run.errorLines.count == 1)
    #expect(run.errors.contains(problem), "\(run.errors)")
  }

  static let needs: [(arguments: [String], problem: String)] = [
    (
      ["run", "ANSWERING"],
      "--image FILE is missing: ANSWERING answers a prompt about a picture; give --image FILE and --prompt TEXT"
    ),
    (
      ["run", "Examples/mini-siglip"],
      "Examples/mini-siglip scores texts against a picture; give --image FILE and --prompt TEXT, once or more"
    ),
    (["run", "TENSORS"], "@main of TENSORS takes x: f32[Nx2] (N <= 8); give --input x=FILE.npy"),
    (["bench", "TENSORS"], "@main of TENSORS takes x: f32[Nx2] (N <= 8); give --input x=FILE.npy"),
    (["run", "GRAPH"], "@main of GRAPH takes x: f32[Nx2] (N <= 8); give --input x=FILE.npy"),
    (
      ["run", "ANSWERING", "--temperature", "0", "--top-k", "5", "--image", "p"],
      "--top-k has no effect at --temperature 0"
    ),
    (
      ["run", "ANSWERING", "--image", "p", "--seed", "5"],
      "--seed needs --temperature T or --top-k K or --top-p P"
    ),
    (
      ["dump", "GRAPH", "--format", "html", "--stage", "imported", "--profile", "t"],
      "--profile goes with --stage planned only"
    ),
    (
      ["compile", "GRAPH", "-o", "x.plan", "--max-tokens", "5"],
      "--max-tokens is for Hugging Face directories, and GRAPH is a textual graph"
    ),
    (["run", "TENSORS", "--dim", "N=3"], "--dim is for ONNX models, and TENSORS is a plan"),
    (["cache", "--older-than", "1d"], "--older-than goes with clear only"),
  ]

  @Test func `what is missing is named as the plan needs it`() throws {
    let scratch = try Scratch()
    let graph = try scratch.write(GraphTests.graph, to: "m.pg")
    let plan = scratch.path("m.plan")
    try #require(try CommandLineProcess.run(["compile", graph, "-o", plan, "--quiet"]).status == 0)
    let paths = [
      "TENSORS": plan, "GRAPH": graph, "ANSWERING": try PictureRunTests.compiled(scratch),
    ]
    func filled(_ text: String) -> String {
      paths.reduce(text) { $0.replacing($1.key, with: $1.value) }
    }
    for (arguments, problem) in Self.needs {
      let run = try CommandLineProcess.run(arguments.map(filled))
      #expect(run.status == 2 && run.output.isEmpty && run.errorLines.count == 1, "\(run.errors)")
      #expect(run.errors.contains(filled(problem)), "\(run.errors)")
    }
  }

  @Test func `a plan without inputs runs as it is`() throws {
    let scratch = try Scratch()
    let graph = try scratch.write(
      "module @m { func @main() -> (y: f32[2]) { %y = constant() {value = 0.5} : f32[] %z = broadcast(%y) {shape = [2]} : f32[2] return %z } }",
      to: "m.pg")
    let cache = ["XDG_CACHE_HOME": scratch.path("cache")]
    let run = try CommandLineProcess.run(["run", graph], environment: cache)
    #expect(run.status == 0 && run.output.contains("0.5"), "\(run.errors)")
  }
}
