import JSON
import PaliGraph
import Plans
import Runtime
import Tensors

/// A function of a plan on tensors from files.
struct TensorRun {
  private let arguments: Arguments
  private let threads: Int?
  private let inputs: [(name: String, path: String)]
  private let directory: String

  init(_ arguments: Arguments, threads: Int?) throws {
    self.arguments = arguments
    self.threads = threads
    directory = try arguments.required("--output-dir")
    var inputs: [(name: String, path: String)] = []
    for text in arguments.all("--input") {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw arguments.error("--input \(text.printable) is not of the form NAME=FILE.npy")
      }
      guard !inputs.contains(where: { $0.name == parts[0] }) else {
        throw arguments.error("--input \(parts[0].printable) is given twice")
      }
      inputs.append((parts[0], parts[1]))
    }
    self.inputs = inputs
    try OutputPaths.check(profilePath, inputs: inputPaths)
  }

  private var profilePath: [String] { arguments.all("--profile") }

  private var inputPaths: [String] {
    inputs.map(\.path) + OutputPaths.inputs(of: arguments.positional[0])
  }

  func execute(_ plan: PlanFile) throws {
    let start = Stopwatch()
    let function = try function(of: plan)
    let paths = plan.plan.functions[function].outputs.map { path(ofOutput: $0.name) }
    try OutputPaths.checkDistinct(paths + profilePath, inputs: inputPaths)
    let tensors = try inputs.map { (name: $0.name, data: try NPYFile.read(path: $0.path)) }
    let executor = try Executor(plan, threads: threads)
    let loaded = start.seconds
    if arguments.has("--profile") || arguments.has("--stats") { executor.startProfile() }
    let outputs: [(name: String, data: TensorData)]
    do { outputs = try executor.run(function, inputs: tensors) } catch let error as ExecutionError {
      throw FileError(plan.path, "\(error)")
    }
    let executed = start.seconds - loaded
    try OutputPaths.makeDirectory(directory)
    for output in outputs {
      try NPYFile.write(output.data, path: path(ofOutput: output.name))
    }
    guard let profile = executor.profile else { return }
    let limits = try MachineLimits.measure(threads: threads)
    if let path = arguments.string("--profile") {
      try OutputPaths.write(Array(profile.trace(limits).encoded().utf8), to: path)
    }
    if arguments.has("--stats") {
      Console.writeError(
        "  load \((loaded * 1e3).formatted(decimals: 1)) ms, "
          + "run \((executed * 1e3).formatted(decimals: 1)) ms")
      Console.writeErrorPart(try ProfileTable(profile, limits).text)
    }
  }

  private func path(ofOutput name: String) -> String {
    "\(directory)/\(String(name.map { $0 == "/" ? "_" : $0 })).npy"
  }

  private func function(of file: PlanFile) throws -> Int {
    let names = file.plan.functions.map(\.name)
    if let name = arguments.string("--function") {
      if let index = names.firstIndex(of: name) { return index }
      throw FileError(
        file.path, "it has no function '\(name.printable)'; its functions are \(listed(names))")
    }
    if names.count == 1 { return 0 }
    if let index = names.firstIndex(of: "main") { return index }
    throw FileError(file.path, "choose one of its functions with --function: \(listed(names))")
  }

  private func listed(_ names: [String]) -> String {
    names.map(\.printable).joined(separator: ", ")
  }
}
