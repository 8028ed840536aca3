import Compiler
import Interchange
import Glibc
import Inputs
import PaliGraph
import Plans
import Validation

/// `paligraph compile`: a model to a plan file.
enum CompileCommand: Command {
  static let syntax = Syntax(
    name: "compile", arguments: [.model],
    options: [
      .value("-o", "FILE.plan", "the plan to write", .file(["plan"])),
      .value(
        "--dtype", "TYPE",
        "how weights are stored: f32, bf16, int8, int4 or auto (as in the checkpoint, f16 as bf16)",
        .words(PassContext.DType.allCases.map(\.rawValue))),
      .value("--max-tokens", "N", "longest sequence; by default the picture's tokens + 512")
        .only(.directory),
    ] + SizeOptions.options + [
      .value(
        "--threads", "N", "most threads to compile with, and to execute the plan for --verify"),
      .flag("--verify", "verify the model as verify does, and the plan's bytes at the end"),
      .value(
        "--dump-after", "PASS|all", "write the graph after a pass to --dump-dir",
        .words(["all"] + PassManager.all.map(\.name))
      ).needing("--dump-dir"),
      .value("--dump-dir", "DIR", "where --dump-after writes NN-PASS.pg", .directory)
        .needing("--dump-after"),
      .flag("--print-passes", "print what each pass did"),
      .flag("--quiet", "print nothing but errors and what --print-passes asks for"),
    ],
    summary: "Compiles a Hugging Face directory, an .onnx model or a .pg graph to a plan file.",
    uses: [.directory, .graph, .onnx])

  static func run(_ arguments: Arguments) throws {
    let output = try arguments.required("-o")
    let dtype = try storageType(arguments)
    let maxTokens = try arguments.integer("--max-tokens", in: 1...1 << 20)
    let threads = try arguments.integer("--threads", in: 1...1024)
    let sizes = try SizeOptions.sizes(arguments)
    let isQuiet = arguments.has("--quiet")
    let model = arguments.positional[0]
    let (options, dumps) = try passOptions(arguments)
    let manager = PassManager(options: options)
    try OutputPaths.check([output] + dumps, inputs: OutputPaths.inputs(of: model))

    let start = Stopwatch()
    let compilation = try Interruption.watching {
      let imported = try ModelSource(path: model).load(maxTokens: maxTokens, sizes: sizes)
      if !isQuiet { warn(imported) }
      if arguments.has("--verify") {
        try verify(model, dtype, maxTokens, sizes, threads: threads, isQuiet: isQuiet)
      }
      let compilation = try imported.compile(dtype: dtype, manager: manager)
      if arguments.has("--print-passes") {
        Console.write(lines: compilation.reports.map { "\($0)" })
      }
      try write(imported, compilation, to: output, isQuiet: isQuiet)
      return compilation
    }
    if arguments.has("--verify") { try PlanFile(path: output).verifyTensors() }
    if !isQuiet {
      Console.writeError("\(output.printable): \(summary(compilation)), \(start.text)")
    }
  }

  /// Holds every pass and the plan against the model's graph.
  private static func verify(
    _ path: String, _ dtype: PassContext.DType, _ maxTokens: Int?, _ sizes: InputSizes,
    threads: Int?, isQuiet: Bool
  ) throws {
    let model = try ModelSource(path: path).loadReduced(maxTokens: maxTokens, sizes: sizes)
    var settings = Validator.Settings()
    settings.context = model.imported.context(dtype)
    settings.threads = threads ?? settings.threads
    settings.checkpoint = { try Interruption.check() }
    try VerifyCommand.validate(model, settings, reproducer: nil) { line in
      if !isQuiet { Console.writeError(line) }
    }
  }

  /// Prints what is worth a line about a model that can be used.
  static func warn(_ model: ImportedModel) {
    Console.writeError(lines: model.warnings.map { "paligraph: warning: \($0)" })
  }

  /// Writes the plan behind a progress bar; an interruption leaves no file.
  static func write(
    _ model: ImportedModel, _ compilation: Compilation, to output: String, isQuiet: Bool
  ) throws {
    var bar = ProgressBar("writing", isQuiet: isQuiet)
    defer { bar.clear() }
    let notFinite = try model.write(compilation, to: output) { done, total in
      try Interruption.check()
      bar.update(done, of: total)
    }
    bar.clear()
    if !notFinite.isEmpty {
      Console.writeError(lines: [
        "paligraph: warning: \(model.path.printable): \(notFinite.summary); results will have some too"
      ])
    }
  }

  /// What `--dtype` asks for.
  static func storageType(_ arguments: Arguments) throws -> PassContext.DType {
    let name = arguments.string("--dtype") ?? "auto"
    if let type = PassContext.DType(rawValue: name) { return type }
    throw arguments.error(
      "--dtype \(name.printable) is not known; it is auto, f32, bf16, int8 or int4")
  }

  /// How passes run, and the graphs that are then written.
  private static func passOptions(
    _ arguments: Arguments
  ) throws -> (options: PassManager.Options, dumps: [String]) {
    var options = PassManager.Options(verifiesBetween: arguments.has("--verify")) { _, _, _ in
      try Interruption.check()
    }
    guard let name = arguments.string("--dump-after"),
      let directory = arguments.string("--dump-dir")
    else { return (options, []) }
    do { _ = try name == "all" ? nil : PassManager.pass(named: name) } catch {
      throw UsageError("--dump-after: \(Suggestion.unknownPass(name))")
    }
    try OutputPaths.makeDirectory(directory)
    let names: Set<String>? = name == "all" ? nil : [name]
    options.dump(after: names, to: directory)
    let dumps = PassManager.Options.dumpPaths(
      of: PassManager.pipeline, after: names, to: directory)
    return (options, dumps)
  }

  private static func summary(_ compilation: Compilation) -> String {
    let plan = compilation.plan
    let steps = plan.functions.reduce(0) { $0 + $1.steps.count }
    return "\(plan.functions.count.counting("function")), \(steps.counting("step")), weights "
      + "\(plan.weightBytes.inMegabytes), arena \(plan.arenaBytes.inMegabytes) "
      + "(lower bound \(plan.arenaLowerBound.inMegabytes)"
      + (compilation.arenaSearchStopped ? ", the search for less stopped at its limit" : "")
      + "), states \(plan.stateBytes.inMegabytes)"
  }
}
