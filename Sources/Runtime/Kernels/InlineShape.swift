import CKernels

/// Extents or strides of up to eight dimensions, stored in place so that kernels pass them
/// without allocating.
package struct InlineShape: Sendable, ExpressibleByArrayLiteral {
  package static let maximumRank = Int(PG_MAX_RANK)

  package private(set) var rank: Int
  private var values: InlineArray<8, Int>

  package init(_ values: some Collection<Int>) {
    precondition(values.count <= Self.maximumRank, "kernels take at most eight dimensions")
    rank = values.count
    self.values = InlineArray(repeating: 0)
    for (axis, value) in values.enumerated() { self.values[axis] = value }
  }

  /// For shapes that are written down once: the literal itself is an array and allocates.
  package init(arrayLiteral elements: Int...) { self.init(elements) }

  /// No dimensions.
  package init() {
    rank = 0
    values = InlineArray(repeating: 0)
  }

  init(rows: Int, columns: Int) {
    self.init()
    append(rows)
    append(columns)
  }

  package subscript(axis: Int) -> Int {
    get {
      precondition(axis < rank)
      return values[axis]
    }
    set {
      precondition(axis < rank)
      values[axis] = newValue
    }
  }

  /// The number of elements of a shape.
  package var elementCount: Int {
    var count = 1
    for axis in 0..<rank { count *= values[axis] }
    return count
  }

  /// Adds a dimension after the last one.
  package mutating func append(_ value: Int) {
    precondition(rank < Self.maximumRank, "kernels take at most eight dimensions")
    values[rank] = value
    rank += 1
  }

  /// Row-major strides of a dense tensor of this shape.
  package var denseStrides: InlineShape {
    var strides = self
    var step = 1
    for axis in stride(from: rank - 1, through: 0, by: -1) {
      strides.values[axis] = step
      step *= values[axis]
    }
    return strides
  }

  /// Calls `body` with the values as consecutive memory.
  func withPointer<Result>(_ body: (UnsafePointer<Int>) -> Result) -> Result {
    withUnsafePointer(to: values) {
      $0.withMemoryRebound(to: Int.self, capacity: Self.maximumRank, body)
    }
  }
}
