import JSON
import Tensors

/// What a function must at least do: the arithmetic of its products, and the bytes it must read.
public struct PlanWork: Sendable, Equatable {
  /// Multiplications and additions of products and of attention.
  public var operations = 0
  /// Bytes of tensors, each counted once.
  public var tensorBytes = 0

  public init() {}
}

extension Plan {
  /// The least work of a function at these values of the symbols.
  ///
  /// - Throws: `DimError` when a size depends on a symbol that is not given.
  public func work(ofFunction index: Int, at sizes: [String: Int]) throws -> PlanWork {
    var work = PlanWork()
    var read: Set<Int> = []
    for step in functions[index].steps {
      work.operations += try step.operations(at: sizes)
      for case .some(let view) in step.operands {
        guard case .tensor(let tensor) = view.region else { continue }
        // Of a table that is only looked up, a few rows are read.
        if !step.kernel.hasPrefix("embedding") { read.insert(tensor) }
      }
    }
    work.tensorBytes = read.reduce(0) { $0 + tensors[$1].byteCount }
    return work
  }
}

extension PlanStep {
  fileprivate func operations(at sizes: [String: Int]) throws -> Int {
    func extents(_ index: Int) throws -> [Int] {
      guard index < operands.count, let view = operands[index] else { return [] }
      return try view.shape.evaluate(sizes)
    }
    let results = try result.shape.evaluate(sizes).reduce(1, *)
    if kernel.hasPrefix("linear_") {
      let factors = operands.count > 5 && operands[5] != nil ? 2 : 1
      return try 2 * factors * results * (extents(0).last ?? 0)
    }
    switch kernel {
    case "matmul":
      let a = try extents(0)
      guard a.count >= 2 else { return 0 }
      let isTransposed = attributes.contains { $0.key == "transpose_a" && $0.value == .bool(true) }
      return 2 * results * a[a.count - (isTransposed ? 2 : 1)]
    case "attention":
      // Each query meets each key once for its score, and each value once.
      let (q, k) = (try extents(0), try extents(1))
      guard q.count == 4, k.count == 4 else { return 0 }
      return 2 * q[0] * q[1] * q[2] * k[2] * (q[3] + (try extents(2).last ?? 0))
    default: return 0
    }
  }
}
