import Compiler
import IR
import Interchange
import JSON
import PaliGraph
import Plans

/// `paligraph dump`: the graph at any stage.
enum DumpCommand: Command {
  enum Stage: String, CaseIterable { case imported, optimized, planned }

  static let syntax = Syntax(
    name: "dump", arguments: ["PLAN|MODEL"],
    options: [
      .value("--stage", "STAGE", "imported, optimized or planned (the only one of a plan)"),
      .value("--function", "NAME", "only this function"),
      .value("--format", "FORMAT", "text"),
      .value("-o", "FILE", "the file to write instead of standard output"),
    ] + SizeOptions.options,
    summary: "Prints a model's graph as it was imported, optimised or planned, or a plan's steps.")

  static func run(_ arguments: Arguments) throws {
    let path = arguments.positional[0]
    let stage = try arguments.choice("--stage", Stage.self)
    if let format = arguments.string("--format"), format != "text" {
      throw arguments.error(
        ["dot", "json", "html"].contains(format)
          ? "--format \(format) is not there yet; use text"
          : "--format \(format.printable) is not known; it is text")
    }
    if let output = arguments.string("-o") {
      try OutputPaths.check([output], inputs: OutputPaths.inputs(of: path))
    }
    let name = arguments.string("--function")
    let sizes = try SizeOptions.sizes(arguments)
    guard sizes.isEmpty || ModelSource.isModel(path) else {
      throw FileError(
        path, "the sizes of a plan are fixed; give --shape, --dim and --value to compile")
    }
    let text =
      ModelSource.isModel(path)
      ? try dump(model: path, sizes, stage ?? .imported, name)
      : try dump(plan: path, stage ?? .planned, name)
    if let output = arguments.string("-o") {
      try OutputPaths.write(Array(text.utf8), to: output)
    } else {
      Console.write(text)
    }
  }

  private static func dump(
    model path: String, _ sizes: InputSizes, _ stage: Stage, _ name: String?
  ) throws -> String {
    let model = try ModelSource(path: path).load(sizes: sizes)
    let module: Module
    switch stage {
    case .imported: module = model.module
    case .optimized: module = try model.optimized()
    case .planned: module = try model.compile().module
    }
    try check(name, among: module.functions.map(\.name), path)
    return module.text(function: name)
  }

  private static func dump(plan path: String, _ stage: Stage, _ name: String?) throws -> String {
    guard stage == .planned else {
      throw FileError(
        path, "a plan holds stage planned only; dump the model it was made from for \(stage)")
    }
    let plan = try PlanFile(path: path).plan
    try check(name, among: plan.functions.map(\.name), path)
    return plan.text(function: name)
  }

  private static func check(_ name: String?, among names: [String], _ path: String) throws {
    if let name, !names.contains(name) {
      throw FileError(
        path,
        "it has no function '\(name.printable)'; its functions are "
          + names.map(\.printable).joined(separator: ", "))
    }
  }
}
