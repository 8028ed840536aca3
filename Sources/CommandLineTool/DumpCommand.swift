import Compiler
import IR
import Inspect
import Interchange
import Inputs
import JSON
import PaliGraph
import Plans

/// `paligraph dump`: the graph at any stage, in any form.
enum DumpCommand: Command {
  enum Stage: String, CaseIterable { case imported, optimized, planned }
  enum Format: String, CaseIterable { case text, dot, json, html }

  static let syntax = Syntax(
    name: "dump", arguments: [.planOrModel],
    options: [
      .value(
        "--stage", "STAGE",
        "imported, optimized or planned; by default imported, of a plan and of html planned",
        .words(Stage.allCases.map(\.rawValue))),
      .value(
        "--after", "PASS", "the graph after this pass, by name or number in the run",
        .words(PassManager.all.map(\.name))
      ).only(Use.models),
      .value("--function", "NAME", "only this function"),
      .value(
        "--format", "FORMAT",
        "text, dot (for Graphviz), json or html (a page to look around in); by default text",
        .words(Format.allCases.map(\.rawValue))),
      .value(
        "--profile", "TRACE.json", "show the times of run --profile in the page", .file(["json"])
      ).only(Use.models),
      .value("-o", "FILE", "the file to write instead of standard output", .file([])),
    ] + SizeOptions.options,
    summary: "Prints a model's graph as it was imported, optimised or planned, or a plan's steps.",
    uses: [.plan, .directory, .graph, .onnx])

  static func run(_ arguments: Arguments) throws {
    let path = arguments.positional[0]
    let format = try arguments.choice("--format", Format.self) ?? .text
    let stage = try arguments.choice("--stage", Stage.self)
    let name = arguments.string("--function")
    if arguments.has("--stage"), arguments.has("--after") {
      throw arguments.error("--stage and --after do not go together")
    }
    if arguments.has("--profile"), format != .html {
      throw arguments.error("--profile goes with --format html only")
    }
    if arguments.has("--profile"),
      arguments.has("--after") || stage.map({ $0 != .planned }) ?? false
    {
      throw arguments.error(
        "--profile goes with --stage planned only, since steps are what is timed")
    }
    let passes = try passes(arguments, stage ?? (format == .html ? .planned : .imported))
    if let output = arguments.string("-o") {
      try OutputPaths.check(
        [output], inputs: OutputPaths.inputs(of: path) + arguments.all("--profile"))
    }
    let sizes = try SizeOptions.sizes(arguments)
    let text: String
    if ModelSource.isModel(path) {
      let profile = try arguments.string("--profile").map(profile)
      text = try ModelDump(path: path, sizes, passes: passes, function: name).text(
        format, stage: arguments.string("--after") ?? stage?.rawValue, profile: profile)
    } else {
      guard stage == nil || stage == .planned else {
        let wanted = stage?.rawValue ?? ""
        throw FileError(
          path,
          "a plan holds stage planned only; dump the model it was made from for \(wanted.printable)"
        )
      }
      text = try dump(plan: path, format, name)
    }
    if let output = arguments.string("-o") {
      try OutputPaths.write(Array(text.utf8), to: output)
    } else {
      Console.write(text)
    }
  }

  /// The passes that lead to what was asked for.
  private static func passes(_ arguments: Arguments, _ stage: Stage) throws -> [Pass] {
    let pipeline = PassManager.pipeline
    guard let name = arguments.string("--after") else {
      switch stage {
      case .imported: return []
      case .optimized: return PassManager.optimizing
      case .planned: return pipeline
      }
    }
    if let number = Int(name) {
      guard (1...pipeline.count).contains(number) else {
        throw arguments.error("--after \(number): a run has passes 1 to \(pipeline.count)")
      }
      return Array(pipeline.prefix(number))
    }
    do { _ = try PassManager.pass(named: name) } catch {
      throw UsageError("--after: \(Suggestion.unknownPass(name))")
    }
    let last = pipeline.lastIndex { $0.name == name } ?? pipeline.endIndex
    return Array(pipeline[...last])
  }

  private static func profile(_ path: String) throws -> TraceProfile {
    do {
      let limits = JSON.Limits(bytes: 1 << 30)
      return try TraceProfile(JSONField(JSON.parse(path: path, limits: limits)))
    } catch {
      throw FileError(path, "not a trace of paligraph run --profile: \(error)")
    }
  }

  private static func dump(plan path: String, _ format: Format, _ name: String?) throws -> String {
    let plan = try PlanFile(path: path).plan
    try check(name, among: plan.functions.map(\.name), path)
    switch format {
    case .text: return plan.text(function: name)
    case .json: return PlanDump.json(plan, function: name).encoded() + "\n"
    case .dot, .html:
      throw FileError(
        path,
        "a plan holds steps and no graph; dump the model it was made from as \(format.rawValue)")
    }
  }

  static func check(_ name: String?, among names: [String], _ path: String) throws {
    if let name, !names.contains(name) {
      throw FileError(
        path,
        "it has no function '\(name.printable)'; its functions are "
          + names.map(\.printable).joined(separator: ", "))
    }
  }
}

/// A model taken through some passes.
private struct ModelDump {
  private let function: String?
  private var history: PassHistory
  private let plan: Plan?

  init(path: String, _ sizes: InputSizes, passes: [Pass], function: String?) throws {
    self.function = function
    let model = try ModelSource(path: path).load(sizes: sizes)
    try DumpCommand.check(function, among: model.module.functions.map(\.name), path)
    var history = PassHistory(imported: model.module)
    let options = PassManager.Options { position, report, module in
      history.append(module, after: report, at: position)
    }
    let manager = PassManager(passes: passes, options: options)
    if passes.count == PassManager.pipeline.count {
      plan = try model.compile(manager: manager).plan
    } else {
      _ = try model.optimized(manager: manager)
      plan = nil
    }
    self.history = history
  }

  /// - Parameter stage: what the dump is called; by default as far as it went.
  func text(
    _ format: DumpCommand.Format, stage: String?, profile: TraceProfile?
  ) throws -> String {
    let module = history.last.module
    switch format {
    case .text: return module.text(function: function)
    case .dot: return DOTGraph(module, function: function).text
    case .json:
      let dump = ModuleDump(
        module, stage: stage ?? "imported", function: function, history: history)
      return dump.json.encoded() + "\n"
    case .html:
      return try ViewerPage.html(history, plan: plan, profile: profile, function: function)
    }
  }
}
