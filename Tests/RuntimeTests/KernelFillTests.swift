import CKernels
import Tensors
import Testing

@testable import Runtime

@Suite struct `Filling and scattering` {
  @Test(arguments: [1, 3, 7], [1, 4, 9])
  func `a causal mask equals its definition, with any window`(queries: Int, keys: Int) throws {
    for window in [-1, 0, 1, 3, 8, Int.max] {
      let out = TestBuffer<Float>(count: queries * keys)
      try makeKernels(threads: 2).causalMask(
        out: out.pointer, queries: queries, keys: keys, window: window)
      let expected = (0..<queries * keys).map { place -> Float in
        let (query, key) = (keys - queries + place / keys, place % keys)
        return key <= query && query - key < window ? 0 : -.infinity
      }
      #expect(out.values == expected && out.guardsAreIntact, "window \(window)")
    }
  }

  @Test func `iota counts on any number of threads`() throws {
    for threads in testedThreadCounts {
      let out = TestBuffer<Int64>(count: 40_001, filler: 0)
      try makeKernels(threads: threads).iota(out: out.pointer, first: -7, count: 40_001)
      #expect(out.values == (0..<40_001).map { Int64($0 - 7) })
    }
  }

  static let reductions: [(ScatterReduction, @Sendable (Float, Float) -> Float)] = [
    (.none, { $1 }), (.add, { $0 + $1 }), (.mul, { $0 * $1 }),
    (.max, { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }),
    (.min, { $0.isNaN || $1.isNaN ? .nan : min($0, $1) }),
  ]

  @Test(arguments: [1, 5, 33], 0..<5)
  func `updates are combined one after the other`(inner: Int, index: Int) throws {
    let (reduction, combine) = Self.reductions[index]
    let ids: [Int64] = [3, 0, 3, -1, 2, 3]
    let start = (0..<4 * inner).map { Float($0 % 7 - 3) }
    var updates = (0..<6 * inner).map { Float($0 % 5 - 2) }
    updates[2 * inner] = .nan
    var expected = start
    for (position, id) in ids.enumerated() {
      for offset in 0..<inner {
        let place = Int(id < 0 ? id + 4 : id) * inner + offset
        expected[place] = combine(expected[place], updates[position * inner + offset])
      }
    }
    let out = TestBuffer(start), source = TestBuffer(updates)
    let shape: InlineShape = [4, inner]
    try makeKernels(threads: 1).scatter(
      reduction,
      out: BufferView(
        base: out.pointer, element: .f32, shape: shape, strides: shape.denseStrides),
      updates: BufferView(
        base: source.pointer, element: .f32, shape: [6, inner], strides: [inner, 1]), ids: ids,
      count: 6)
    #expect(zip(out.values, expected).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
    #expect(out.guardsAreIntact)
  }

  @Test(arguments: 0..<5)
  func `integers are combined likewise, and what is outside is refused`(index: Int) throws {
    let (reduction, combine) = Self.reductions[index]
    for inner in [1, 9] {
      let start = (0..<4 * inner).map { Int64($0 % 7 - 3) }
      let updates = (0..<3 * inner).map { Int64($0 % 5 - 2) }
      let out = TestBuffer(start, filler: 0), source = TestBuffer(updates, filler: 0)
      let shape: InlineShape = [4, inner]
      func run(_ ids: [Int64]) throws {
        try makeKernels(threads: 1).scatter(
          reduction,
          out: BufferView(
            base: out.pointer, element: .i64, shape: shape, strides: shape.denseStrides),
          updates: BufferView(
            base: source.pointer, element: .i64, shape: [3, inner], strides: [inner, 1]), ids: ids,
          count: 3)
      }
      try run([1, 1, -4])
      var expected = start
      for (position, row) in [1, 1, 0].enumerated() {
        for offset in 0..<inner {
          let place = row * inner + offset
          expected[place] = Int64(
            combine(Float(expected[place]), Float(updates[position * inner + offset])))
        }
      }
      #expect(out.values == expected)
      #expect(throws: RowOutOfRange(row: 4, position: 1, tableRows: 4)) { try run([0, 4, 0]) }
    }
  }
}
