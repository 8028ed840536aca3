import Compiler
import IR
import Interchange
import Inputs
import PaliGraph
import Plans
import Tensors
import Validation

/// `paligraph verify`: whether a plan is whole, or whether passes and plan of a model compute what its
/// graph says.
enum VerifyCommand: Command {
  static let syntax = Syntax(
    name: "verify", arguments: [.planOrModel],
    options: [
      .value(
        "--dtype", "TYPE", "how a model's weights are stored, as in compile",
        .words(PassContext.DType.allCases.map(\.rawValue))
      ).only(Use.models),
      .value("--stop-after", "N", "apply only the first N rewrites to a model, and no plan")
        .only(Use.models),
      .value(
        "--reproducer", "FILE.pg",
        "where a small graph goes that fails as the model does; by default NAME.PASS.pg here",
        .file(["pg"])
      ).only(Use.models),
      .value("--threads", "N", "threads that execute a model's plan").only(Use.models),
    ] + SizeOptions.options,
    summary: "Compares a plan's bytes with its checksums, or a model with itself after every pass.",
    uses: [.plan, .directory, .graph, .onnx])

  static func run(_ arguments: Arguments) throws {
    let path = arguments.positional[0]
    guard ModelSource.isModel(path) else { return try verify(plan: path) }
    let dtype = try CompileCommand.storageType(arguments)
    let sizes = try SizeOptions.sizes(arguments)
    var settings = Validator.Settings()
    settings.stopAfter = try arguments.integer("--stop-after", in: 0...Int.max)
    settings.threads = try arguments.integer("--threads", in: 1...1024) ?? settings.threads
    let reproducer = arguments.string("--reproducer")
    if let reproducer {
      try OutputPaths.check([reproducer], inputs: OutputPaths.inputs(of: path))
    }
    settings.checkpoint = { try Interruption.check() }
    let start = Stopwatch()
    try Interruption.watching {
      try verify(model: path, sizes, settings, dtype, reproducer: reproducer)
    }
    let stop = settings.stopAfter.map { " up to rewrite \($0)" } ?? ""
    Console.write(lines: ["\(path.printable): computes what its graph says\(stop); \(start.text)"])
  }

  private static func verify(
    model path: String, _ sizes: InputSizes, _ settings: Validator.Settings,
    _ dtype: PassContext.DType, reproducer: String?
  ) throws {
    var settings = settings
    let model = try ModelSource(path: path).loadReduced(sizes: sizes)
    let notFinite = try model.notFiniteWeights()
    guard notFinite.isEmpty else {
      throw FileError(path, "\(notFinite.summary); restore them from a sound checkpoint")
    }
    CompileCommand.warn(model.imported)
    settings.context = model.imported.context(dtype)
    try validate(model, settings, reproducer: reproducer) { Console.write(lines: [$0]) }
  }

  private static func verify(plan path: String) throws {
    let file = try PlanFile(path: path)
    try file.verifyTensors()
    let notFinite = try file.entries.map { entry in
      let tensor = try file.tensor(named: entry.name)
      return NotFiniteWeight(name: entry.name, count: tensor?.notFiniteCount ?? 0)
    }.filter { $0.count > 0 }
    guard notFinite.isEmpty else {
      throw FileError(path, "whole, but with \(notFinite.summary); compile a sound checkpoint")
    }
    let size = "\(file.entries.count.counting("tensor")), \(file.byteCount.inMegabytes)"
    Console.write(lines: ["\(path.printable): whole; \(size)"])
  }

  /// Validates a model and tells what each pass did. Throws one line that names the first wrong pass,
  /// after writing the reproducer.
  static func validate(
    _ model: ReducedModel, _ settings: Validator.Settings, reproducer: String?,
    tell: (String) -> Void
  ) throws {
    let path = model.imported.path
    do {
      let validator = try model.imported.validator(settings)
      let sizes = validator.sizes.map { sizes in
        sizes.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
      }.filter { !$0.isEmpty }
      tell(
        ([path.printable + ": " + (model.reduction ?? "all of it")]
          + (sizes.isEmpty ? [] : ["at " + sizes.joined(separator: "; ")])).joined(separator: ", "))
      try validator.run { tell("\($0)") }
    } catch let fault as Miscompilation {
      throw try failure(fault, of: path, reproducer)
    } catch let error as ValidationError {
      throw FileError(path, "\(error)")
    } catch let error as OpError {
      // What the interpreter cannot compute, no plan can be held against.
      throw FileError(path, "\(error)")
    }
  }

  private static func failure(
    _ fault: Miscompilation, of path: String, _ reproducer: String?
  ) throws -> FileError {
    guard let text = fault.reproducerText else {
      return FileError(path, "\(fault); no smaller graph fails likewise")
    }
    let name = path.split(separator: "/").last.map(String.init) ?? "model"
    let stem = name.hasSuffix(".pg") ? String(name.dropLast(3)) : name
    let target = reproducer ?? "\(stem).\(fault.pass).pg"
    try OutputPaths.write(Array(text.utf8), to: target)
    let size = fault.reproducerSize.counting("operation")
    return FileError(
      path, "\(fault); a graph of \(size) that fails likewise is in \(target.printable)")
  }
}
