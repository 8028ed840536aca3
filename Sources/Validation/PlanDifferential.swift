import CKernels
import Compiler
import Glibc
import IR
import Plans
import Runtime
import Tensors

/// How a module becomes results: which passes compile it and what executes the plan.
package struct PlanSetup: Sendable {
  package var passes: [Pass]
  package var context = PassContext()
  package var threads: Int
  package var instructionSet: InstructionSet
  /// Whether the verifier looks at the module after every pass.
  package var verifiesBetween = true

  package init(
    passes: [Pass] = PassManager.pipeline, dtype: PassContext.DType = .auto, threads: Int = 2,
    instructionSet: InstructionSet = pg_best_isa()
  ) {
    self.passes = passes
    context.dtype = dtype
    self.threads = threads
    self.instructionSet = instructionSet
  }

  /// Only what every plan needs.
  package static let unoptimised = PlanSetup(passes: PassManager.lowering)
  package static let optimised = PlanSetup()
}

extension PlanSetup: CustomStringConvertible {
  package var description: String {
    let isa = String(cString: pg_kernels_for(instructionSet).pointee.name)
    return "\(passes.count) passes, \(context.dtype), \(threads) threads, \(isa)"
  }
}

/// Compiles a module to a plan file, opens it, and compares what it returns with the interpreter.
package struct PlanDifferential {
  package let reference: ReferenceCalls
  package let setup: PlanSetup

  package init(reference: ReferenceCalls, setup: PlanSetup) {
    self.reference = reference
    self.setup = setup
  }

  /// The first result that differs by more than the tolerance, in words.
  package func firstDifference(tolerance: Double) throws -> String? {
    reference.difference(to: try results(), tolerance: tolerance).map { "\(setup): \($0)" }
  }

  /// What the plan returns for every call of every sequence.
  package func results() throws -> [[[HostTensor]]] { try results(from: planFile()) }

  /// The same from a plan that is open already.
  package func results(from file: PlanFile) throws -> [[[HostTensor]]] {
    let executor = try Executor(file, threads: setup.threads, isa: setup.instructionSet)
    return try reference.sequences.map { calls in
      executor.clearStates()
      return try calls.map { try executor.results(of: $0) }
    }
  }

  /// The compiled plan, whose file is gone from its directory but stays mapped.
  package func planFile() throws -> PlanFile {
    let compilation = try Compilation(
      reference.seeded.module, context: setup.context,
      manager: PassManager(
        passes: setup.passes, options: .init(verifiesBetween: setup.verifiesBetween)))
    let weights = reference.seeded
    return try withTemporaryFile { path in
      try compilation.write(to: path) { name in
        try compilation.module.tensors.first { $0.name == name }.map { try weights.weight($0).data }
      }
      return try PlanFile(path: path)
    }
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
    // What a kernel leaves unwritten, or reads without need, becomes NaN.
    overwriteMemory()
    let names = file.plan.functions[index].inputs.map(\.name)
    let inputs = zip(names, call.inputs).map { (name: $0, data: $1.data) }
    return try run(index, inputs: inputs).map { HostTensor($0.data) }
  }
}

/// Calls `body` with the path of a file that can be made and that is removed afterwards.
package func withTemporaryFile<Result>(_ body: (String) throws -> Result) throws -> Result {
  let parent = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
  var template = Array("\(parent)/paligraph-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else {
    throw PlanError("\(parent): no temporary directory: \(String(cString: strerror(errno)))")
  }
  let directory = String(
    decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  let path = "\(directory)/file"
  defer {
    unlink(path)
    rmdir(directory)
  }
  return try body(path)
}
