import CKernels
import Glibc
import Inputs
import Plans

/// Runs the functions of one plan. One executor is one sequence: arena and states are its own, the
/// weights are shared with every executor on the same file. Not for use by two threads at once.
///
/// Everything is resolved when the executor is made; running allocates nothing.
public final class Executor {
  public let file: PlanFile
  public let threadCount: Int

  private let memory: PlanMemory
  private let functions: [LoadedFunction]
  private let kernels: Kernels
  /// The values of the plan's symbols.
  private let symbols: UnsafeMutablePointer<Int>
  private var recorder: StepRecorder?
  /// Whether inputs and the result of every step are looked at for numbers that are not finite, which
  /// takes time and memory.
  public var checksFinite = false

  /// - Parameter threads: threads to compute with; nil for one per processor that this process may use.
  /// - Throws: `PlanFileError` when the plan does not fit this program or memory is short.
  public convenience init(_ file: PlanFile, threads: Int? = nil) throws {
    do { try InstructionSetVariable.check() } catch {
      throw PlanFileError(path: file.path, problem: "\(error)")
    }
    try self.init(file, threads: threads, isa: pg_best_isa())
  }

  /// An executor with the kernels of a chosen instruction set, which this CPU must support.
  package init(_ file: PlanFile, threads: Int?, isa: InstructionSet) throws {
    self.file = file
    threadCount = threads ?? ThreadPool.processorCount
    do {
      let memory = try PlanMemory(file)
      functions = try file.plan.functions.map { try LoadedFunction($0, of: file.plan, in: memory) }
      self.memory = memory
      let bounds = file.plan.symbols.map(\.bound) + [0]
      let scratch = functions.reduce(ScratchRequirement.none) { $0.union($1.scratch(bounds)) }
      kernels = Kernels(
        pool: try ThreadPool(threadCount: threadCount, scratch: scratch), isa: isa)
    } catch {
      throw PlanFileError(path: file.path, problem: "\(error)")
    }
    let count = file.plan.symbols.count
    symbols = UnsafeMutablePointer<Int>.allocate(capacity: max(count, 1))
    symbols.initialize(repeating: 1, count: count)
    for symbol in 0..<count {
      guard resize(symbol) == nil else {
        throw PlanFileError(path: file.path, problem: "a view of it leaves its memory")
      }
    }
  }

  deinit { symbols.deallocate() }

  /// `scalar`, `avx2`, `avx512` or `avx512bf16`: what the kernels of this executor use.
  public var instructionSet: String { kernels.instructionSet }

  /// Bytes that kernels may use beside the plan's memory.
  public var scratchBytes: Int { kernels.pool.scratch.byteCount }

  /// The names of all kernels that plans may use, sorted.
  public static var kernelNames: [String] { KernelRegistry.names }

  /// Handle of a function by name.
  public func function(named name: String) -> Int? { file.plan.functionIndex(name) }

  /// Handle of a symbol by name.
  public func symbol(named name: String) -> Int? {
    file.plan.symbols.firstIndex { $0.name == name }
  }

  /// The values of all symbols by name.
  public var sizes: [String: Int] {
    Dictionary(
      uniqueKeysWithValues: file.plan.symbols.enumerated().map { ($1.name, symbols[$0]) })
  }

  /// Sets a symbol for the calls that follow, before their inputs are written: the places of inputs
  /// may depend on it.
  ///
  /// - Throws: `ExecutionError` when the value is outside 1 to the symbol's bound; nothing changes then.
  public func setSymbol(_ symbol: Int, to value: Int) throws {
    try checkRange(symbol, value)
    let former = symbols[symbol]
    guard former != value else { return }
    symbols[symbol] = value
    guard let misfit = resize(symbol) else { return }
    symbols[symbol] = former
    _ = resize(symbol)
    throw ExecutionError.viewOutOfMemory(function: misfit)
  }

  /// Sets several symbols at once: sizes may fit together that do not fit with the former ones.
  ///
  /// - Throws: as `setSymbol` does; nothing changes then.
  func setSymbols(_ values: [(symbol: Int, value: Int)]) throws {
    for (symbol, value) in values { try checkRange(symbol, value) }
    let former = values.map { (symbol: $0.symbol, value: symbols[$0.symbol]) }
    for (symbol, value) in values { symbols[symbol] = value }
    guard let misfit = values.lazy.compactMap({ self.resize($0.symbol) }).first else { return }
    for (symbol, value) in former { symbols[symbol] = value }
    for (symbol, _) in former { _ = resize(symbol) }
    throw ExecutionError.viewOutOfMemory(function: misfit)
  }

  private func checkRange(_ symbol: Int, _ value: Int) throws {
    let (name, bound) = (file.plan.symbols[symbol].name, file.plan.symbols[symbol].bound)
    guard value >= 1, value <= bound else {
      throw ExecutionError.symbolOutOfRange(name: name, value: value, bound: bound)
    }
  }

  /// Lays out all views that depend on a symbol. Returns the function with a view that does not fit.
  private func resize(_ symbol: Int) -> String? {
    for index in functions.indices where !functions[index].resize(symbol, symbols) {
      return functions[index].name
    }
    return nil
  }

  /// The memory of an input at the present values of the symbols. Running the function overwrites it.
  package func input(_ port: Int, of function: Int) -> BufferView? {
    functions[function].views[functions[function].inputs[port]]
  }

  /// The memory of an output at the present values of the symbols, until the next call of any function.
  package func output(_ port: Int, of function: Int) -> BufferView? {
    functions[function].views[functions[function].outputs[port]]
  }

  /// Runs all steps of a function on the inputs that were written before. Allocates nothing. Numbers
  /// below 2⁻¹²⁶ count as 0, so that none takes longer than others.
  ///
  /// - Throws: `ExecutionError.invalidValue` for an input such as an id beyond its table.
  public func run(_ function: Int) throws {
    let mode = pg_flush_denormals()
    defer { pg_restore_arithmetic(mode) }
    let loaded = functions[function]
    recorder?.beginCall(
      of: function, steps: loaded.steps.count,
      Array(UnsafeBufferPointer(start: symbols, count: file.plan.symbols.count)))
    for index in loaded.steps.indices {
      let step = loaded.steps[index]
      try run(step, of: loaded)
      recorder?.endStep()
      if checksFinite { try check(step, index, of: function) }
    }
  }

  /// Looks at the result of a step that has run, in time that belongs to no step.
  private func check(_ step: LoadedFunction.Step, _ index: Int, of function: Int) throws {
    recorder?.pause()
    defer { recorder?.resume() }
    let result = functions[function].stepViews(step, symbols).result
    try checkResult(ofStep: index, result, of: function)
  }

  private func run(_ step: LoadedFunction.Step, of function: LoadedFunction) throws {
    guard let symbol = step.kernel.measuredSymbol else {
      return try step.kernel.run(function.stepViews(step, symbols), kernels)
    }
    try setSymbol(symbol, to: file.plan.symbols[symbol].bound)
    let size = try step.kernel.measure(function.stepViews(step, symbols), kernels)
    try setSymbol(symbol, to: size)
  }

  /// The index of the largest number, the first of equals; a NaN counts as the largest. nil for none.
  public func argmax(_ values: Span<Float>) -> Int? {
    values.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.flatMap { buffer.isEmpty ? nil : kernels.argmax($0, count: buffer.count) }
    }
  }

  /// Forgets all states.
  public func clearStates() { memory.clearStates() }

  /// Fills the arena and all scratch memory with a byte. Both are zero pages at first, which hides
  /// elements that no step writes; 0xFF makes them NaN, -1 or true. Inputs must be set after this.
  package func overwriteMemory(with byte: UInt8 = 0xFF) {
    memory.overwriteArena(with: byte)
    kernels.pool.scratch.overwrite(with: byte)
  }

  /// Times every step from now on.
  public func startProfile() { recorder = StepRecorder() }

  /// The steps that ran since `startProfile`; nil before it.
  public var profile: StepProfile? {
    recorder.map { $0.profile(of: file.plan) }
  }
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
  /// A port has another number or type of elements than the caller reads or writes.
  case wrongPort(String, found: String, expected: String)
  case outputTooLarge(String, bytes: Int)
  case notFinite(String)

  public var description: String {
    switch self {
    case .symbolOutOfRange(let name, let value, let bound):
      "\(name) = \(value) is outside 1...\(bound), the sizes that the plan was compiled for"
    case .viewOutOfMemory(let function): "@\(function) would leave its memory at these sizes"
    case .invalidValue(let text), .notFinite(let text): text
    case .unknownInput(let name, let known):
      "it has no input '\(name.printable)'; its inputs are "
        + known.map(\.printable).joined(separator: ", ")
    case .missingInput(let name):
      "input \(name.printable) is missing; give it with --input \(name.printable)=FILE.npy"
    case .wrongShape(let input, let expected, let found):
      "input \(input.printable) has shape \(found), expected \(expected)"
    case .wrongType(let input, let expected, let found):
      "input \(input.printable) holds \(found), expected \(expected)"
    case .wrongPort(let port, let found, let expected):
      "\(port) has \(found), expected \(expected)"
    case .outputTooLarge(let output, let bytes):
      "output \(output.printable) has \(bytes) bytes, more than this machine's memory"
    }
  }
}
