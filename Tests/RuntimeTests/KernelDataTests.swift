import CKernels
import Testing

@testable import Runtime

@Suite struct `Moving data` {
  struct Copy: CustomTestStringConvertible {
    var shape: InlineShape
    /// The order in which the source's dimensions lie in memory, outermost first.
    var order: [Int]
    var testDescription: String { "\((0..<shape.rank).map { shape[$0] }) order \(order)" }
  }

  static let copies: [Copy] = [
    Copy(shape: [], order: []), Copy(shape: [1], order: [0]), Copy(shape: [7], order: [0]),
    Copy(shape: [0, 4], order: [0, 1]), Copy(shape: [5, 9], order: [1, 0]),
    Copy(shape: [3, 4, 5], order: [0, 2, 1]), Copy(shape: [200, 3, 70], order: [1, 2, 0]),
    Copy(shape: [1, 3, 4, 14, 4, 14], order: [0, 1, 2, 4, 3, 5]),
    Copy(shape: [2, 1, 2, 3, 1, 2, 2, 3], order: [7, 6, 5, 4, 3, 2, 1, 0]),
  ]

  @Test(arguments: copies, [1, 2, 4, 8])
  func `copies any dimensions in any order`(_ c: Copy, elementBytes: Int) throws {
    let count = c.shape.elementCount
    var strides = c.shape, step = 1
    for axis in c.order.reversed() {
      strides[axis] = step
      step *= c.shape[axis]
    }
    let bytes = (0..<max(count, 1) * elementBytes).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let x = TestBuffer(bytes, misalignment: elementBytes, filler: 1)
    let expected = (0..<count).flatMap { element -> [UInt8] in
      var rest = element, offset = 0
      for axis in stride(from: c.shape.rank - 1, through: 0, by: -1) {
        offset += rest % c.shape[axis] * strides[axis]
        rest /= c.shape[axis]
      }
      return Array(bytes[offset * elementBytes..<(offset + 1) * elementBytes])
    }
    for threads in testedThreadCounts {
      let out = TestBuffer<UInt8>(count: count * elementBytes, filler: 1)
      try makeKernels(threads: threads).copy(
        out: out.pointer, outStrides: c.shape.denseStrides, x: x.pointer, xStrides: strides,
        shape: c.shape, elementBytes: elementBytes)
      #expect(out.values == expected)
      #expect(out.guardsAreIntact)
    }
  }

  @Test func `copies backwards and repeats`() throws {
    let x = TestBuffer<Float>([1, 2, 3, 4]), out = TestBuffer<Float>(count: 8)
    try makeKernels(threads: 1).copy(
      out: out.pointer, outStrides: [4, 1], x: x.pointer + 3, xStrides: [0, -1], shape: [2, 4],
      elementBytes: 4)
    #expect(out.values == [4, 3, 2, 1, 4, 3, 2, 1])
  }

  @Test func `rope turns every head and token by its own angles`() throws {
    let batch = 2, heads = 3, tokens = 700, size = 10
    var random = SeededGenerator(seed: 23)
    let values = random.floats(batch * tokens * heads * size)
    let cos = random.floats(tokens * size), sin = random.floats(tokens * size)
    let c = TestBuffer(cos), s = TestBuffer(sin)
    let strides = HeadStrides(batch: tokens * heads * size, head: size, token: heads * size)
    let results = try testedThreadCounts.map { threads -> TestBuffer<Float> in
      let x = TestBuffer(values)
      try makeKernels(threads: threads).rope(
        RopeArguments(
          out: x.pointer, outStrides: strides, x: x.constant, xStrides: strides, cos: c.constant,
          sin: s.constant, batch: batch, heads: heads, tokens: tokens, headSize: size))
      return x
    }
    let expected = values.indices.map { place -> Double in
      let d = place % size, token = place / size / heads % tokens
      let partner = Double(values[d < size / 2 ? place + size / 2 : place - size / 2])
      return Double(values[place]) * Double(cos[token * size + d])
        + (d < size / 2 ? -partner : partner) * Double(sin[token * size + d])
    }
    #expect(worstRatio(results[0].values, expected) { _ in 4 * unitRoundoff } <= 1)
    #expect(results.allSatisfy { $0.bits == results[0].bits })
  }

  @Test func `widens and narrows long runs on any number of threads`() throws {
    var random = SeededGenerator(seed: 24)
    let bits = random.halves(100_001)
    let x = TestBuffer(bits, filler: 0)
    for threads in testedThreadCounts {
      let kernels = try makeKernels(threads: threads)
      let wide = TestBuffer<Float>(count: bits.count)
      kernels.widen(out: wide.pointer, bf16: x.constant, count: bits.count)
      let narrow = TestBuffer<UInt16>(count: bits.count, filler: 0)
      kernels.narrow(bf16: narrow.pointer, x: wide.constant, count: bits.count)
      #expect(wide.values == bits.map(widened))
      #expect(narrow.values == bits)
    }
  }

  @Test func `BLAS has kernels that fit the CPU`() throws {
    _ = try makeKernels(threads: 1)
    #expect(pg_best_isa() == .scalar || BLAS.coreSupportsAVX2)
  }
}
