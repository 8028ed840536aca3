import Compiler
import Glibc
import JSON
import PaliGraph
import Plans

/// `paligraph compile`: a model to a plan file.
enum CompileCommand: Command {
  static let syntax = Syntax(
    name: "compile", arguments: ["MODEL"],
    options: [
      .value("-o", "FILE.plan", "the plan to write"),
      .value(
        "--dtype", "TYPE",
        "auto (as the checkpoint), f32, bf16, int8 or int4: how weights are stored"),
      .value("--max-tokens", "N", "longest sequence; by default the picture's tokens + 512"),
      .value("--threads", "N", "most threads to compile with"),
      .flag("--verify", "verify the graph after every pass and the plan's bytes at the end"),
      .value("--dump-after", "PASS|all", "write the graph after a pass to --dump-dir"),
      .value("--dump-dir", "DIR", "where --dump-after writes NN-PASS.pg"),
      .flag("--print-passes", "print what each pass did"),
      .flag("--quiet", "print nothing but errors"),
    ],
    summary: "Compiles a Hugging Face directory or a .pg graph to a plan file.")

  static func run(_ arguments: Arguments) throws {
    let output = try arguments.required("-o")
    let dtype = try storageType(arguments)
    let maxTokens = try arguments.integer("--max-tokens", in: 1...1 << 20)
    _ = try arguments.integer("--threads", in: 1...1024)
    let isQuiet = arguments.has("--quiet")
    let manager = PassManager(options: try passOptions(arguments))
    try OutputPaths.check([output])

    Interruption.startWatching()
    let start = Stopwatch()
    let model = try ModelSource(path: arguments.positional[0]).load(maxTokens: maxTokens)
    if !isQuiet { model.warnings.forEach { Console.writeError("paligraph: warning: \($0)") } }
    let compilation = try model.compile(dtype: dtype, manager: manager)
    if arguments.has("--print-passes") {
      Console.write(compilation.reports.map { "\($0)\n" }.joined())
    }
    try write(model, compilation, to: output, isQuiet: isQuiet)
    if arguments.has("--verify") { try PlanFile(path: output).verifyTensors() }
    if !isQuiet {
      Console.writeError("\(output.printable): \(summary(compilation.plan)), \(start.text)")
    }
  }

  /// Writes the plan behind a progress bar; an interruption leaves no file.
  static func write(
    _ model: ImportedModel, _ compilation: Compilation, to output: String, isQuiet: Bool
  ) throws {
    var bar = ProgressBar("writing", isQuiet: isQuiet)
    defer { bar.clear() }
    try model.write(compilation, to: output) { done, total in
      try Interruption.check()
      bar.update(done, of: total)
    }
  }

  private static func storageType(_ arguments: Arguments) throws -> PassContext.DType {
    let name = arguments.string("--dtype") ?? "auto"
    if let type = PassContext.DType(rawValue: name) { return type }
    throw arguments.error(
      "--dtype \(name.printable) is not known; it is auto, f32, bf16, int8 or int4")
  }

  private static func passOptions(_ arguments: Arguments) throws -> PassManager.Options {
    var options = PassManager.Options(verifiesBetween: arguments.has("--verify")) { _, _, _ in
      try Interruption.check()
    }
    guard let name = arguments.string("--dump-after") else {
      if arguments.has("--dump-dir") { throw arguments.error("--dump-dir needs --dump-after") }
      return options
    }
    guard let directory = arguments.string("--dump-dir") else {
      throw arguments.error("--dump-after needs --dump-dir DIR")
    }
    do { _ = try name == "all" ? nil : PassManager.pass(named: name) } catch {
      throw arguments.error("--dump-after: \(error)")
    }
    try OutputPaths.makeDirectory(directory)
    options.dump(after: name == "all" ? nil : [name], to: directory)
    return options
  }

  private static func summary(_ plan: Plan) -> String {
    let steps = plan.functions.reduce(0) { $0 + $1.steps.count }
    return "\(plan.functions.count) functions, \(steps) steps, weights "
      + "\(plan.weightBytes.inMegabytes), arena \(plan.arenaBytes.inMegabytes) "
      + "(lower bound \(plan.arenaLowerBound.inMegabytes)), states \(plan.stateBytes.inMegabytes)"
  }
}
