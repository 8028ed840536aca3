import PaliGraph
import Plans
import Runtime
import Tensors

/// A function of a plan on tensors from files.
struct TensorRun {
  private let arguments: Arguments
  private let threads: Int?
  private let inputs: TensorInputs
  /// Where outputs go; nil prints them.
  private let directory: String?

  init(_ arguments: Arguments, threads: Int?) throws {
    self.arguments = arguments
    self.threads = threads
    directory = arguments.string("--output-dir")
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
    let paths =
      directory.map { directory in
        plan.plan.functions[function].outputs.map { path(ofOutput: $0.name, in: directory) }
      } ?? []
    try OutputPaths.checkDistinct(paths + profilePath, inputs: inputPaths)
    let tensors = try inputs.tensors()
    let executor = try Executor(plan, threads: threads)
    let loaded = start.seconds
    if arguments.has("--profile") || arguments.has("--stats") { executor.startProfile() }
    executor.checksFinite = arguments.has("--check-finite")
    let outputs: [(name: String, data: TensorData)]
    do { outputs = try executor.run(function, inputs: tensors) } catch let error as ExecutionError {
      throw FileError(plan.path, "\(error)")
    }
    let executed = start.seconds - loaded
    try put(outputs)
    if arguments.has("--stats") {
      Console.writeError(
        "  load \((loaded * 1e3).formatted(decimals: 1)) ms, "
          + "run \((executed * 1e3).formatted(decimals: 1)) ms")
    }
    try ProfileOutput(arguments).write(executor.profile, threads: threads)
  }

  private func put(_ outputs: [(name: String, data: TensorData)]) throws {
    guard let directory else {
      return Console.write(outputs.map { TensorText($0.name, $0.data).text }.joined())
    }
    try OutputPaths.withDirectory(directory) {
      try NPYFile.write(outputs.map { ($0.data, path(ofOutput: $0.name, in: directory)) })
    }
  }

  private func path(ofOutput name: String, in directory: String) -> String {
    "\(directory)/\(String(name.map { $0 == "/" ? "_" : $0 })).npy"
  }
}
