import CKernels
import Testing

@testable import Runtime

@Suite struct `A matrix kernel` {
  @Test(arguments: 1...11, testedInstructionSets)
  func `streams a weight for any number of rows`(rows: Int, isa: InstructionSet) {
    for inputs in [1, 3, 7, 8, 15, 16, 17, 33, 64, 100, 130] {
      for outputs in [1, 2, 3, 5, 9] {
        var random = SeededGenerator(seed: UInt64(inputs * 100 + outputs))
        let x = TestBuffer(random.floats(rows * (inputs + 1)), misalignment: 1)
        let halves = random.halves(outputs * (inputs + 2))
        let bf16 = TestBuffer(halves, misalignment: 1, filler: 0x7fc0)
        let f32 = TestBuffer(halves.map(widened), misalignment: 3)
        let fromF32 = TestBuffer<Float>(count: rows * outputs)
        let fromBF16 = TestBuffer<Float>(count: rows * outputs)
        functions(isa).gemv_f32(
          fromF32.pointer, outputs, x.constant, inputs + 1, rows, f32.constant, inputs + 2,
          outputs, inputs)
        functions(isa).gemv_bf16(
          fromBF16.pointer, outputs, x.constant, inputs + 1, rows, bf16.constant, inputs + 2,
          outputs, inputs)
        #expect(fromF32.bits == fromBF16.bits)
        let a = x.values, w = f32.values
        var expected: [Double] = [], magnitudes: [Double] = []
        for m in 0..<rows {
          for n in 0..<outputs {
            let products = (0..<inputs).map {
              Double(a[m * (inputs + 1) + $0]) * Double(w[n * (inputs + 2) + $0])
            }
            expected.append(products.reduce(0, +))
            magnitudes.append(products.reduce(0) { $0 + abs($1) })
          }
        }
        let factor = (Double(inputs) / 8 + 8) * unitRoundoff
        #expect(worstRatio(fromF32.values, expected) { factor * magnitudes[$0] } <= 1)
        #expect(fromF32.guardsAreIntact)
      }
    }
  }

  @Test(arguments: [1, 2, 7, 8, 9, 17], testedInstructionSets)
  func `accumulates weighted rows`(rows: Int, isa: InstructionSet) {
    for (keys, size) in [(0, 5), (1, 1), (3, 17), (9, 16), (20, 72), (5, 8), (4, 7)] {
      var random = SeededGenerator(seed: UInt64(keys * 100 + size))
      let start = random.floats(rows * (size + 1)), p = random.floats(rows * (keys + 2))
      let v = random.floats(keys * (size + 3))
      let out = TestBuffer(start, misalignment: 1)
      let weights = TestBuffer(p, misalignment: 1), values = TestBuffer(v, misalignment: 1)
      functions(isa).accumulate_rows(
        out.pointer, size + 1, weights.constant, keys + 2, rows, values.constant, size + 3, keys,
        size)
      let expected = start.indices.map { place -> Double in
        let row = place / (size + 1), column = place % (size + 1)
        guard column < size else { return Double(start[place]) }
        return (0..<keys).reduce(Double(start[place])) {
          $0 + Double(p[row * (keys + 2) + $1]) * Double(v[$1 * (size + 3) + column])
        }
      }
      let bound = Double(keys + 1) * Double(keys + 1) * unitRoundoff
      #expect(worstRatio(out.values, expected) { _ in bound } <= 1)
      #expect(out.guardsAreIntact)
    }
  }

  @Test(arguments: testedInstructionSets)
  func `widens every bf16`(_ isa: InstructionSet) {
    let bits = (0...UInt16.max).map { $0 }
    let x = TestBuffer(bits, misalignment: 1, filler: 0)
    let out = TestBuffer<Float>(count: bits.count, misalignment: 1)
    functions(isa).bf16_to_f32(out.pointer, 0, x.constant, 0, 1, bits.count)
    #expect(out.bits == bits.map { UInt32($0) << 16 })
  }

  @Test(arguments: testedInstructionSets)
  func `narrows to the nearest bf16, ties to even`(_ isa: InstructionSet) {
    let table: [(UInt32, UInt16)] = [
      (0x3f80_0000, 0x3f80), (0x3f80_7fff, 0x3f80), (0x3f80_8000, 0x3f80),
      (0x3f80_8001, 0x3f81), (0x3f81_8000, 0x3f82), (0xbf81_8000, 0xbf82),
      (0x7f7f_ffff, 0x7f80), (0x7f80_0000, 0x7f80), (0xff80_0000, 0xff80),
      (0x7f80_0001, 0x7fc0), (0xffff_ffff, 0xffff), (0x7fc1_2345, 0x7fc1),
      (0x0000_8000, 0x0000), (0x0000_8001, 0x0001), (0x8000_0000, 0x8000),
    ]
    for count in [table.count, 1, 7, 8, 9] {
      let x = TestBuffer(table.prefix(count).map { Float(bitPattern: $0.0) }, misalignment: 1)
      let out = TestBuffer<UInt16>(count: count, misalignment: 1, filler: 0x1234)
      functions(isa).f32_to_bf16(out.pointer, 0, x.constant, 0, 1, count)
      #expect(out.values == table.prefix(count).map(\.1))
      #expect(out.guardsAreIntact)
    }
  }

  @Test(arguments: testedInstructionSets)
  func `narrowing undoes widening`(_ isa: InstructionSet) {
    // Every bf16 but the signalling NaNs, which become quiet.
    let bits = (0...UInt16.max).filter { $0 & 0x7fff <= 0x7f80 || $0 & 0x40 != 0 }
    let x = TestBuffer(bits.map(widened))
    let out = TestBuffer<UInt16>(count: bits.count, filler: 0)
    functions(isa).f32_to_bf16(out.pointer, 0, x.constant, 0, 1, bits.count)
    #expect(out.values == bits)
  }

  @Test(arguments: [1, 7, 8, 15, 16, 17, 33], testedInstructionSets)
  func `gathers scaled rows`(columns: Int, isa: InstructionSet) throws {
    var random = SeededGenerator(seed: 21)
    let halves = random.halves(10 * (columns + 1)), ids: [Int64] = [9, 0, 3, 3]
    let bf16 = TestBuffer(halves, misalignment: 1, filler: 0)
    let f32 = TestBuffer(halves.map(widened), misalignment: 1)
    let kernels = try makeKernels(threads: 2, isa: isa)
    let expected = ids.flatMap { id in
      (0..<columns).map { 3 * widened(halves[Int(id) * (columns + 1) + $0]) }
    }
    for weight in [WeightPointer.f32(f32.constant), .bf16(bf16.constant)] {
      let table = TableArguments(base: weight, rowStride: columns + 1, rows: 10, columns: columns)
      let out = TestBuffer<Float>(count: 4 * columns, misalignment: 1)
      try kernels.embedding(
        out: out.pointer, outRowStride: columns, table: table, ids: ids, count: 4, scale: 3)
      #expect(out.values == expected)
      #expect(out.guardsAreIntact)
      for bad in [Int64(10), -1, .max, .min] {
        #expect(throws: RowOutOfRange(row: bad, position: 1, tableRows: 10)) {
          try kernels.embedding(
            out: out.pointer, outRowStride: columns, table: table, ids: [0, bad], count: 2)
        }
      }
    }
  }

  struct MatmulCase: CustomTestStringConvertible {
    var m: Int
    var n: Int
    var k: Int
    var transposedA = false
    var transposedB = false
    var transposedOut = false
    /// Distance between neighbours of both operands along what is otherwise contiguous.
    var gap = 1
    /// Stride 0 of the second operand's outer batch dimension.
    var sharesB = false
    var testDescription: String {
      "\(m)x\(k)x\(n) transposed \(transposedA) \(transposedB) \(transposedOut) gap \(gap) "
        + "shared \(sharesB)"
    }
  }

  static let matmuls: [MatmulCase] = [
    MatmulCase(m: 1, n: 1, k: 1), MatmulCase(m: 3, n: 5, k: 0), MatmulCase(m: 0, n: 5, k: 2),
    MatmulCase(m: 1, n: 33, k: 70, transposedB: true), MatmulCase(m: 33, n: 1, k: 7, gap: 2),
    MatmulCase(m: 20, n: 30, k: 40, transposedA: true),
    MatmulCase(m: 20, n: 30, k: 40, transposedA: true, transposedB: true, transposedOut: true),
    MatmulCase(m: 200, n: 210, k: 16, gap: 3, sharesB: true),
    MatmulCase(m: 17, n: 250, k: 1100, transposedB: true, transposedOut: true, gap: 2),
  ]

  @Test(arguments: matmuls)
  func `multiplies stacks at any strides, with the same bits for any number of threads`(
    _ c: MatmulCase
  ) throws {
    var random = SeededGenerator(seed: 22)
    let batch: InlineShape = [2, 3]
    let sizeA = c.m * c.k * c.gap, sizeB = c.k * c.n * c.gap
    let a = random.floats(6 * sizeA), b = random.floats(6 * sizeB)
    let strideA = c.transposedA ? (c.gap, c.m * c.gap) : (c.k * c.gap, c.gap)
    let strideB = c.transposedB ? (c.gap, c.k * c.gap) : (c.n * c.gap, c.gap)
    let strideOut = c.transposedOut ? (1, c.m) : (c.n, 1)
    let outerB = c.sharesB ? 0 : 3 * sizeB
    let left = TestBuffer(a, misalignment: 1), right = TestBuffer(b, misalignment: 1)
    let results = try testedThreadCounts.map { threads -> TestBuffer<Float> in
      let out = TestBuffer<Float>(count: 6 * c.m * c.n, misalignment: 1)
      try makeKernels(threads: threads, scratch: Kernels.matmulScratch).matmul(
        MatmulArguments(
          out: out.pointer, outBatchStrides: [3 * c.m * c.n, c.m * c.n],
          outRowStride: strideOut.0, outColumnStride: strideOut.1,
          a: MatrixOperand(
            base: left.constant, batchStrides: [3 * sizeA, sizeA], rowStride: strideA.0,
            columnStride: strideA.1),
          b: MatrixOperand(
            base: right.constant, batchStrides: [outerB, sizeB], rowStride: strideB.0,
            columnStride: strideB.1),
          batch: batch, m: c.m, n: c.n, k: c.k))
      return out
    }
    var expected = [Double](repeating: 0, count: 6 * c.m * c.n)
    for outer in 0..<2 {
      for inner in 0..<3 {
        for m in 0..<c.m {
          for n in 0..<c.n {
            var sum = 0.0
            for k in 0..<c.k {
              let x = a[(outer * 3 + inner) * sizeA + m * strideA.0 + k * strideA.1]
              let y = b[outer * outerB + inner * sizeB + k * strideB.0 + n * strideB.1]
              sum += Double(x) * Double(y)
            }
            expected[(outer * 3 + inner) * c.m * c.n + m * strideOut.0 + n * strideOut.1] = sum
          }
        }
      }
    }
    let bound = Double(c.k + 8) * unitRoundoff * 2
    #expect(worstRatio(results[0].values, expected) { _ in bound } <= 1)
    #expect(results.allSatisfy { $0.bits == results[0].bits && $0.guardsAreIntact })
  }
}
