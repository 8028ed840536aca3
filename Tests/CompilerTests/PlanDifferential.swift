import CKernels
import Foundation
import IR
import Plans
import Tensors

@testable import Compiler
@testable import Runtime

/// Calls of a module's functions, and what the reference interpreter returns for each.
struct ReferenceCalls: Sendable {
  struct Call: Sendable {
    let function: String
    let sizes: [String: Int]
    let inputs: [HostTensor]
    let expected: [HostTensor]
  }

  let seeded: SeededValues
  /// Each begins with empty states.
  private(set) var sequences: [[Call]] = []

  /// All functions in their order, at each of the given symbol values. Where one of them advances a
  /// cache by a symbol P, that one is called again with the next P.
  ///
  /// - Parameter evaluates: whether the interpreter runs, which is slow; if not, nothing is expected.
  init(_ module: Module, at sizes: [[String: Int]]? = nil, evaluates: Bool = true) throws {
    seeded = SeededValues(module: module)
    for sizes in sizes ?? [0, 0.5, 1].map(seeded.sizes) {
      sequences.append(try Self.sequence(seeded, sizes, evaluates))
    }
  }

  private static func sequence(
    _ seeded: SeededValues, _ sizes: [String: Int], _ evaluates: Bool
  ) throws -> [Call] {
    let module = seeded.module
    var interpreter = try Interpreter(module, source: seeded.weight)
    var calls: [Call] = []
    func call(_ function: Function, _ sizes: [String: Int]) throws {
      let inputs = try seeded.inputs(of: function, at: sizes)
      let expected =
        evaluates ? try interpreter.run(function.name, inputs, symbols: sizes) : []
      calls.append(
        Call(function: function.name, sizes: sizes, inputs: inputs, expected: expected))
    }
    for function in module.functions { try call(function, sizes) }
    if let decode = module[function: "decode"], let cached = sizes["P"],
      let bound = module.bounds["P"], cached < bound
    {
      try call(decode, sizes.merging(["P": cached + 1]) { $1 })
    }
    return calls
  }
}

/// How a module becomes results: which passes compile it and what executes the plan.
struct PlanSetup: Sendable {
  var passes = PassManager.pipeline
  var dtype = PassContext.DType.auto
  var threads = 2
  var instructionSet = pg_best_isa()

  /// Only what every plan needs.
  static let unoptimised = PlanSetup(passes: PassManager.lowering)
  static let optimised = PlanSetup()
}

extension PlanSetup: CustomStringConvertible {
  var description: String {
    let isa = String(cString: pg_kernels_for(instructionSet).pointee.name)
    return "\(passes.count) passes, \(dtype), \(threads) threads, \(isa)"
  }
}

/// Compiles a module to a plan file, opens it, and compares what it returns with the interpreter.
struct PlanDifferential {
  let reference: ReferenceCalls
  let setup: PlanSetup

  /// The first result that differs by more than the tolerance, in words.
  func firstDifference(tolerance: Double) throws -> String? {
    let found = try results()
    for (calls, results) in zip(reference.sequences, found) {
      for (call, result) in zip(calls, results) {
        if let difference = CompilerTests.firstDifference(
          from: call.expected, to: result, tolerance: tolerance)
        {
          return "@\(call.function) at \(call.sizes), \(setup): \(difference)"
        }
      }
    }
    return nil
  }

  /// What the plan returns for every call of every sequence.
  func results() throws -> [[[HostTensor]]] { try results(from: planFile()) }

  /// The same from a plan that is open already.
  func results(from file: PlanFile) throws -> [[[HostTensor]]] {
    let executor = try Executor(file, threads: setup.threads, isa: setup.instructionSet)
    return try reference.sequences.map { calls in
      executor.clearStates()
      return try calls.map { try executor.results(of: $0) }
    }
  }

  /// The compiled plan, whose file is gone from its directory but stays mapped.
  func planFile() throws -> PlanFile {
    let compilation = try compile()
    let weights = reference.seeded
    return try withTemporaryDirectory { directory in
      let path = "\(directory)/m.plan"
      try compilation.write(to: path) { name in
        compilation.module.tensors.first { $0.name == name }.map { weights.weight($0).data }
      }
      return try PlanFile(path: path)
    }
  }

  func compile() throws -> Compilation {
    var context = PassContext()
    context.dtype = setup.dtype
    return try Compilation(
      reference.seeded.module, context: context,
      manager: PassManager(passes: setup.passes, options: .init(verifiesBetween: true)))
  }
}

extension Executor {
  /// Sets the symbols, fills the inputs, runs the function and reads its outputs.
  fileprivate func results(of call: ReferenceCalls.Call) throws -> [HostTensor] {
    for (name, size) in call.sizes {
      if let symbol = symbol(named: name) { try setSymbol(symbol, to: size) }
    }
    guard let index = function(named: call.function) else {
      throw PlanError("the plan has no @\(call.function)")
    }
    let names = file.plan.functions[index].inputs.map(\.name)
    let inputs = zip(names, call.inputs).map { (name: $0, data: $1.data) }
    return try run(index, inputs: inputs).map { HostTensor($0.data) }
  }
}

/// Calls `body` with the path of a new empty directory, which is removed afterwards.
func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let directory = FileManager.default.temporaryDirectory.appending(path: "plans-\(UUID())")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  return try body(directory.path)
}

/// The instruction sets that this CPU can run.
let supportedInstructionSets: [InstructionSet] = [
  .scalar, .avx2, .avx512, .avx512BF16,
].filter {
  pg_isa_is_supported($0)
}
