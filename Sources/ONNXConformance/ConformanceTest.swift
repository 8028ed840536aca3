import Compiler
import Foundation
import Interchange
import PaliGraph
import Plans
import Runtime
import Tensors

/// Why a test does not pass.
enum Problem: Error {
  /// Refused with a reason, before anything ran.
  case unsupported(String)
  case failed(String)
}

/// How a test ended.
struct Outcome: Sendable {
  enum Kind: String { case passed, failed, unsupported }

  var kind: Kind
  /// Names of the inputs that were given while compiling.
  var given: [String] = []
  var reason = ""
}

/// One folder of the backend tests: `model.onnx`, and data sets of inputs and expected outputs.
struct ConformanceTest {
  /// Most elements of an input that is given as a constant.
  static let givenLimit = 1 << 12

  let folder: URL
  private let scratch: URL

  init(folder: URL, scratch: URL) {
    self.folder = folder
    self.scratch = scratch
  }

  private var model: String { folder.appending(path: "model.onnx").path }

  /// The operator that the test is counted under.
  var operators: [String] { (try? ONNXInterface(path: model).operators) ?? [] }

  func run() -> Outcome {
    do { return try runAll() } catch {
      switch error {
      case Problem.failed(let reason): return Outcome(kind: .failed, reason: reason)
      case Problem.unsupported(let reason): return Outcome(kind: .unsupported, reason: reason)
      default: return Outcome(kind: .unsupported, reason: "\(error)")
      }
    }
  }

  private func runAll() throws -> Outcome {
    let interface = try ONNXInterface(path: model)
    for port in interface.inputs + interface.outputs where port.element == nil {
      throw Problem.unsupported(
        "an input or output is no tensor of numbers: a text, a sequence, an optional, an E8M0 scale"
      )
    }
    var given: [String] = []
    let sets = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil
    ).filter { $0.lastPathComponent.hasPrefix("test_data_set_") }
    for set in sets.sorted(by: { $0.path < $1.path }) {
      given = try run(set, interface)
    }
    return Outcome(kind: .passed, given: given)
  }

  /// Runs one data set, and returns the inputs that had to be given.
  private func run(_ set: URL, _ interface: ONNXInterface) throws -> [String] {
    let inputs = try interface.inputs.enumerated().map { index, port in
      (
        name: port.name,
        value: try TensorMessage.read(set.appending(path: "input_\(index).pb"), scratch: scratch)
      )
    }
    let (plan, given) = try compiled(inputs)
    let executor = try Executor(plan, threads: 1)
    let results: [(name: String, data: TensorData)]
    do {
      results = try executor.run(
        0,
        inputs: inputs.filter { !given.contains($0.name) }.map { ($0.name, $0.value) })
    } catch {
      throw Problem.failed("it does not run: \(error)")
    }
    for (index, port) in interface.outputs.enumerated() {
      let expected = try TensorMessage.read(
        set.appending(path: "output_\(index).pb"), scratch: scratch)
      guard let result = results.first(where: { $0.name == port.name })?.data else {
        throw Problem.failed("it has no output \"\(port.name)\"")
      }
      if let difference = Comparison.difference(result, expected) {
        throw Problem.failed("\"\(port.name)\" \(difference)")
      }
    }
    return given
  }

  /// Compiles with no inputs given, else with the small ones beside the first, else with all small
  /// ones.
  private func compiled(
    _ inputs: [(name: String, value: TensorData)]
  ) throws -> (plan: PlanFile, given: [String]) {
    let small = inputs.filter { $0.value.elementCount <= Self.givenLimit }
    let beside = small.filter { $0.name != inputs.first?.name }
    let integers = beside.filter { !$0.value.elementType.isFloatingPoint }
    var problem: any Error = Problem.unsupported("it has no inputs")
    var tried: [[String]] = []
    for (attempt, choice) in [[], integers, beside, small].enumerated() {
      let names = choice.map(\.name)
      guard !tried.contains(names) else { continue }
      tried.append(names)
      do { return (try compile(choice), names) } catch {
        // The first reason is the one of the model as it is.
        if attempt == 0 { problem = error }
        if choice.count == small.count, !choice.isEmpty { problem = error }
      }
    }
    throw Problem.unsupported(Self.withoutPath("\(problem)"))
  }

  private func compile(_ given: [(name: String, value: TensorData)]) throws -> PlanFile {
    let sizes = InputSizes(values: given.map { ($0.name, $0.value) })
    let imported = try ModelSource(path: model).load(sizes: sizes)
    let path = scratch.appending(path: "test.plan").path
    try imported.write(try imported.compile(dtype: .f32), to: path)
    return try PlanFile(path: path)
  }

  private static func withoutPath(_ text: String) -> String {
    guard let end = text.range(of: "model.onnx: ") else { return text }
    return String(text[end.upperBound...])
  }
}
