import Tensors

/// What a function must at least do: the arithmetic of its products, and the bytes it must read.
public struct PlanWork: Sendable, Equatable {
  /// Multiplications and additions of products and of attention.
  public var operations = 0
  /// Bytes of tensors, as far as they are looked at, each counted once.
  public var tensorBytes = 0
  /// Bytes of states that are read, as far as they are filled.
  public var stateBytes = 0
  /// Bytes of the arena that each step reads and writes. Most of them are in some cache.
  public var arenaBytes = 0

  /// Of memory and caches.
  public var allBytes: Int { [bytes, arenaBytes].reduce(into: 0) { $0.count($1) } }
  /// All bytes that must come from memory.
  public var bytes: Int { [tensorBytes, stateBytes].reduce(into: 0) { $0.count($1) } }

  public init() {}
}

extension Plan {
  /// The least work of a function at these values of the symbols, or of those of its steps that have
  /// a kernel.
  ///
  /// - Throws: `DimError` when a size depends on a symbol that is not given.
  public func work(
    ofFunction index: Int, at sizes: [String: Int], kernel: String? = nil
  ) throws -> PlanWork {
    try work(of: functions[index].steps.filter { kernel == nil || $0.kernel == kernel }, at: sizes)
  }

  /// The least work of one step at these values of the symbols. Throws as above.
  public func work(of step: PlanStep, at sizes: [String: Int]) throws -> PlanWork {
    try work(of: [step], at: sizes)
  }

  private func work(of steps: [PlanStep], at sizes: [String: Int]) throws -> PlanWork {
    var work = PlanWork()
    var read: [Int: Int] = [:]
    for step in steps {
      if case .arena = step.result.region {
        work.arenaBytes.count(try step.result.byteCount(at: sizes))
      }
      work.operations.count(try step.operations(at: sizes))
      for case .some(let view) in step.operands {
        switch view.region {
        // Of a table that is only looked up, a few rows are read.
        case .tensor(let tensor) where !step.kernel.hasPrefix("embedding"):
          let bytes = try self.bytes(of: view, in: tensors[tensor], at: sizes)
          read[tensor] = max(read[tensor] ?? 0, bytes)
        // What is appended to is not read.
        case .state where step.kernel != "cache_append":
          work.stateBytes.count(try view.byteCount(at: sizes))
        case .arena: work.arenaBytes.count(try view.byteCount(at: sizes))
        default: break
        }
      }
    }
    for bytes in read.values { work.tensorBytes.count(bytes) }
    return work
  }

  /// Bytes of a tensor that a view reads: all that are packed, else no more than it has elements.
  private func bytes(
    of view: PlanView, in tensor: PlanTensor, at sizes: [String: Int]
  ) throws -> Int {
    guard tensor.packing == nil else { return tensor.byteCount }
    return min(tensor.byteCount, try view.byteCount(at: sizes))
  }
}

extension PlanView {
  /// Bytes of all elements that a kernel sees.
  fileprivate func byteCount(at sizes: [String: Int]) throws -> Int {
    try shape.evaluate(sizes).product(element.byteCount)
  }
}

extension PlanStep {
  /// Saturates: what a step says that it does may be more than any machine can.
  fileprivate func operations(at sizes: [String: Int]) throws -> Int {
    do { return max(0, try multiplyAdds.evaluate(sizes)).multiplied(by: 2) } catch DimError.tooLarge
    {
      return .max
    }
  }
}

extension Collection<Int> {
  /// Of these and the given numbers, none below 0. Saturates.
  fileprivate func product(_ factors: Int...) -> Int {
    let all = factors + self
    guard !all.contains(0) else { return 0 }
    return all.reduce(1) { $0.multiplied(by: $1) }
  }
}

extension Int {
  /// The product, but not beyond the largest number.
  fileprivate func multiplied(by factor: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: factor)
    return overflow ? .max : product
  }

  /// Adds, but not beyond the largest number.
  fileprivate mutating func count(_ more: Int) {
    let (sum, overflow) = addingReportingOverflow(more)
    self = overflow ? Int.max : sum
  }
}
