import JSON
import PaliGraph
import Plans
import Runtime
import Tensors

/// A function of a plan on tensors from files.
struct TensorRun {
  private let arguments: Arguments
  private let threads: Int?
  private let inputs: TensorInputs
  private let directory: String

  init(_ arguments: Arguments, threads: Int?) throws {
    self.arguments = arguments
    self.threads = threads
    directory = try arguments.required("--output-dir")
    inputs = try TensorInputs(arguments)
    try OutputPaths.check(profilePath, inputs: inputPaths)
  }

  private var profilePath: [String] { arguments.all("--profile") }

  private var inputPaths: [String] {
    inputs.paths + OutputPaths.inputs(of: arguments.positional[0])
  }

  func execute(_ plan: PlanFile) throws {
    let start = Stopwatch()
    let function = try inputs.function(of: plan)
    let paths = plan.plan.functions[function].outputs.map { path(ofOutput: $0.name) }
    try OutputPaths.checkDistinct(paths + profilePath, inputs: inputPaths)
    let tensors = try inputs.tensors()
    let executor = try Executor(plan, threads: threads)
    let loaded = start.seconds
    if arguments.has("--profile") || arguments.has("--stats") { executor.startProfile() }
    let outputs: [(name: String, data: TensorData)]
    do { outputs = try executor.run(function, inputs: tensors) } catch let error as ExecutionError {
      throw FileError(plan.path, "\(error)")
    }
    let executed = start.seconds - loaded
    try OutputPaths.withDirectory(directory) {
      try NPYFile.write(outputs.map { ($0.data, path(ofOutput: $0.name)) })
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
}
