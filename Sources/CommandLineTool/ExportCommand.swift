import Compiler
import IR
import Interchange
import Inputs
import PaliGraph

/// `paligraph export`: a function of a model as an ONNX model.
enum ExportCommand: Command {
  enum Stage: String, CaseIterable { case imported, optimized }

  static let syntax = Syntax(
    name: "export", arguments: [.model],
    options: [
      .value(
        "-o", "FILE.onnx", "the ONNX model to write; above 2 GB, weights go to FILE.onnx.data",
        .file(["onnx"])),
      .value("--opset", "N", "version of the standard operators, 13 to 23; by default 17"),
      .value("--function", "NAME", "the function to export, of a model that has several"),
      .value(
        "--stage", "STAGE", "imported (the default) or optimized",
        .words(Stage.allCases.map(\.rawValue))),
      .value(
        "--dtype", "TYPE",
        "how weights are stored: auto (as in the model, the default), f32, or bf16 (optimized only)",
        .words(["auto", "f32", "bf16"])),
      .value("--max-tokens", "N", "longest sequence; by default the picture's tokens + 512")
        .only(.directory),
    ] + SizeOptions.options + [
      .flag("--quiet", "print nothing but errors")
    ],
    summary: "Writes a function of a model as an ONNX model in the standard operators.",
    uses: [.directory, .graph, .onnx])

  static func run(_ arguments: Arguments) throws {
    let path = arguments.positional[0]
    let output = try arguments.required("-o")
    let stage = try arguments.choice("--stage", Stage.self) ?? .imported
    let dtype = try storageType(arguments, stage)
    let opset = try opset(arguments)
    let maxTokens = try arguments.integer("--max-tokens", in: 1...1 << 20)
    let sizes = try SizeOptions.sizes(arguments)
    let isQuiet = arguments.has("--quiet")
    guard ModelSource.isModel(path) else {
      throw FileError(
        path,
        "only models can be exported, and a plan holds no graph; give the model it was made from")
    }
    try OutputPaths.check(
      [output, ONNXExport.dataPath(of: output)], inputs: OutputPaths.inputs(of: path))

    let start = Stopwatch()
    let (name, export) = try Interruption.watching {
      let model = try ModelSource(path: path).load(maxTokens: maxTokens, sizes: sizes)
      if !isQuiet { CompileCommand.warn(model) }
      let names = model.module.functions.map(\.name)
      let name = names[try arguments.function(of: names, in: path)]
      let export = try model.export(
        function: name, opset: opset, isOptimized: stage == .optimized, dtype: dtype)
      try write(export, to: output, isQuiet: isQuiet)
      return (name, export)
    }
    if !isQuiet {
      Console.writeError(
        "\(output.printable): @\(name.printable), \(export.nodeCount.counting("node")) of version "
          + "\(opset), weights \(export.weightBytes.inMegabytes), \(start.text)")
    }
  }

  private static func write(_ export: ONNXExport, to output: String, isQuiet: Bool) throws {
    var bar = ProgressBar("writing", isQuiet: isQuiet)
    defer { bar.clear() }
    do {
      try export.write(to: output) { done, total in
        try Interruption.check()
        bar.update(done, of: total)
      }
    } catch let error as ONNXError {
      throw FileError(output, "\(error)")
    }
  }

  private static func opset(_ arguments: Arguments) throws -> Int {
    let known = ONNXExport.opsets
    guard let text = arguments.string("--opset") else { return ONNXExport.defaultOpset }
    guard let opset = Int(text), known.contains(opset) else {
      throw arguments.error(
        "--opset \(text.printable) cannot be written; versions \(known.lowerBound) to "
          + "\(known.upperBound) can")
    }
    return opset
  }

  private static func storageType(
    _ arguments: Arguments, _ stage: Stage
  ) throws -> PassContext.DType {
    switch (arguments.string("--dtype") ?? "auto", stage) {
    case ("auto", _): return .auto
    case ("f32", _): return .f32
    case ("bf16", .optimized): return .bf16
    case ("bf16", .imported):
      throw arguments.error("--dtype bf16 rounds weights; it needs --stage optimized")
    case ("int8", _), ("int4", _):
      throw arguments.error(
        "--dtype int8 and int4 are layouts of plans and cannot be exported; use auto, f32 or bf16")
    case (let name, _):
      throw arguments.error("--dtype \(name.printable) is not known; it is auto, f32 or bf16")
    }
  }
}
