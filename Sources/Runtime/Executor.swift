import CKernels
import Glibc
import JSON
import Plans
import Tensors

/// Runs the functions of one plan. One executor is one sequence: arena and states are its own, the
/// weights are shared with every executor on the same file. Not for use by two threads at once.
///
/// Everything is resolved when the executor is made; running allocates nothing.
public final class Executor {
  public let file: PlanFile
  public let threadCount: Int
  public private(set) var profile: StepProfile?

  private let memory: PlanMemory
  private let functions: [LoadedFunction]
  private let kernels: Kernels
  private let symbols: UnsafeMutablePointer<Int>
  private let symbolCount: Int

  /// - Parameter threads: threads to compute with; nil for one per processor that this process may use.
  /// - Throws: `PlanFileError` when the plan does not fit this program or memory is short.
  public convenience init(_ file: PlanFile, threads: Int? = nil) throws {
    try self.init(file, threads: threads, isa: pg_best_isa())
  }

  /// Kernels of a chosen instruction set, which this CPU must support.
  init(_ file: PlanFile, threads: Int?, isa: InstructionSet) throws {
    self.file = file
    threadCount = threads ?? ThreadPool.processorCount
    do {
      let memory = try PlanMemory(file)
      functions = try file.plan.functions.map { try LoadedFunction($0, of: file.plan, in: memory) }
      self.memory = memory
      let scratch = functions.reduce(ScratchRequirement.none) { $0.union($1.scratch) }
      kernels = Kernels(
        pool: try ThreadPool(threadCount: threadCount, scratch: scratch), isa: isa)
    } catch {
      throw PlanFileError(path: file.path, problem: "\(error)")
    }
    symbolCount = file.plan.symbols.count
    symbols = UnsafeMutablePointer<Int>.allocate(capacity: symbolCount + 1)
    symbols.initialize(repeating: 1, count: symbolCount + 1)
    for function in functions { _ = function.resize(symbols) }
  }

  deinit { symbols.deallocate() }

  public var instructionSet: String { kernels.instructionSet }

  /// Handle of a function by name.
  public func function(named name: String) -> Int? { file.plan.functionIndex(name) }

  /// Handle of a symbol by name.
  public func symbol(named name: String) -> Int? {
    file.plan.symbols.firstIndex { $0.name == name }
  }

  /// Sets a symbol for the calls that follow. Throws when it is outside 1 to its bound.
  public func setSymbol(_ symbol: Int, to value: Int) throws {
    let bound = file.plan.symbols[symbol].bound
    guard value >= 1, value <= bound else {
      throw ExecutionError.symbolOutOfRange(
        name: file.plan.symbols[symbol].name, value: value, bound: bound)
    }
    guard symbols[symbol] != value else { return }
    symbols[symbol] = value
    for function in functions where !function.resize(symbols) {
      throw ExecutionError.viewOutOfMemory(function: function.name)
    }
  }

  /// The memory of an input or output at the present symbol values.
  public func input(_ port: Int, of function: Int) -> BufferView? {
    functions[function].views[functions[function].inputs[port].view]
  }

  public func output(_ port: Int, of function: Int) -> BufferView? {
    functions[function].views[functions[function].outputs[port].view]
  }

  /// Runs all steps of a function on the inputs that were written before.
  public func run(_ function: Int) throws {
    let loaded = functions[function]
    for index in loaded.steps.indices {
      let views = StepViews(
        base: loaded.views + loaded.steps[index].firstView,
        operandCount: loaded.steps[index].operandCount, symbols: symbols)
      if profile != nil {
        let start = Clock.nanoseconds()
        try loaded.steps[index].kernel.run(views, kernels)
        profile?.record(function, index, start, Clock.nanoseconds())
      } else {
        try loaded.steps[index].kernel.run(views, kernels)
      }
    }
  }

  /// The index of the largest of `count` numbers, the first of equals.
  public func argmax(_ values: UnsafePointer<Float>, count: Int) -> Int {
    kernels.argmax(values, count: count)
  }

  /// Forgets all states.
  public func clearStates() { memory.clearStates() }

  /// Times every step from now on.
  public func startProfile() { profile = StepProfile(plan: file.plan) }
}

/// Monotonic time.
enum Clock {
  static func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// What can go wrong while a sound plan runs.
public enum ExecutionError: Error, Sendable, CustomStringConvertible {
  case symbolOutOfRange(name: String, value: Int, bound: Int)
  case viewOutOfMemory(function: String)
  case invalidValue(String)
  case unknownInput(String, known: [String])
  case missingInput(String)
  case wrongShape(input: String, expected: String, found: String)
  case wrongType(input: String, expected: String, found: String)

  public var description: String {
    switch self {
    case .symbolOutOfRange(let name, let value, let bound):
      "\(name) = \(value) is outside 1...\(bound), the sizes that the plan was compiled for"
    case .viewOutOfMemory(let function): "@\(function) would leave its memory at these sizes"
    case .invalidValue(let text): text
    case .unknownInput(let name, let known):
      "it has no input '\(name.printable)'; its inputs are "
        + known.map(\.printable).joined(separator: ", ")
    case .missingInput(let name):
      "input \(name.printable) is missing; give it with --input \(name.printable)=FILE.npy"
    case .wrongShape(let input, let expected, let found):
      "input \(input.printable) has shape \(found), expected \(expected)"
    case .wrongType(let input, let expected, let found):
      "input \(input.printable) holds \(found), expected \(expected)"
    }
  }
}
