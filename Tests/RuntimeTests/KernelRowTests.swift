import CKernels
import Foundation
import Testing

@testable import Runtime

@Suite struct `A row kernel` {
  /// Rows with padding between them, a weight and a bias.
  struct Problem {
    let rows = 3
    let columns: Int
    let stride: Int
    let x, weight, bias: [Float]

    init(columns: Int, seed: UInt64, range: ClosedRange<Float> = -4...4) {
      var random = SeededGenerator(seed: seed)
      self.columns = columns
      stride = columns + 3
      x = random.floats(rows * stride, in: range)
      weight = random.floats(columns)
      bias = random.floats(columns)
    }

    func row(_ index: Int) -> [Double] {
      (0..<columns).map { Double(x[index * stride + $0]) }
    }

    /// The rows of a result, which must have left the padding alone.
    func rows(of out: TestBuffer<Float>) -> [Float] {
      let values = out.values
      for row in 0..<rows {
        for column in columns..<stride
        where values[row * stride + column] != x[row * stride + column] {
          Issue.record("wrote past the end of row \(row)")
        }
      }
      return (0..<rows).flatMap { values[$0 * stride..<$0 * stride + columns] }
    }
  }

  static let widths = [1, 3, 7, 8, 15, 16, 17, 33, 64, 100, 129, 1152]

  @Test(arguments: widths, testedInstructionSets)
  func `layer_norm equals its definition`(columns: Int, isa: InstructionSet) {
    let p = Problem(columns: columns, seed: 11)
    for (hasWeight, hasBias) in [(true, true), (false, true), (false, false)] {
      let x = TestBuffer(p.x, misalignment: 1)
      let weight = TestBuffer(p.weight, misalignment: 3), bias = TestBuffer(p.bias)
      functions(isa).layer_norm(
        x.pointer, p.stride, x.constant, p.stride, p.rows, columns,
        hasWeight ? weight.constant : nil, hasBias ? bias.constant : nil, 1e-5)
      let expected = (0..<p.rows).flatMap { index -> [Double] in
        let row = p.row(index), mean = row.reduce(0, +) / Double(columns)
        let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
        return row.indices.map {
          (row[$0] - mean) / (variance + Double(Float(1e-5))).squareRoot()
            * (hasWeight ? Double(p.weight[$0]) : 1) + (hasBias ? Double(p.bias[$0]) : 0)
        }
      }
      let worst = worstRatio(p.rows(of: x), expected) { 2e-6 * max(1, abs(expected[$0])) }
      // One column: x - mean is 0, whatever the rounding of the others would allow.
      #expect(worst <= 1)
      #expect(x.guardsAreIntact)
    }
  }

  @Test(arguments: widths, testedInstructionSets)
  func `rms_norm equals its definition`(columns: Int, isa: InstructionSet) {
    let p = Problem(columns: columns, seed: 12)
    for (hasWeight, offset) in [(true, Float(1)), (true, 0), (false, 1)] {
      let x = TestBuffer(p.x, misalignment: 1), weight = TestBuffer(p.weight, misalignment: 3)
      functions(isa).rms_norm(
        x.pointer, p.stride, x.constant, p.stride, p.rows, columns,
        hasWeight ? weight.constant : nil, offset, 1e-6)
      let expected = (0..<p.rows).flatMap { index -> [Double] in
        let row = p.row(index)
        let mean = row.reduce(0) { $0 + $1 * $1 } / Double(columns)
        return row.indices.map {
          row[$0] / (mean + Double(Float(1e-6))).squareRoot()
            * (hasWeight ? Double(offset) + Double(p.weight[$0]) : 1)
        }
      }
      #expect(worstRatio(p.rows(of: x), expected) { 1e-6 * max(0.1, abs(expected[$0])) } <= 1)
      #expect(x.guardsAreIntact)
    }
  }

  @Test(arguments: widths, testedInstructionSets)
  func `softmax equals its definition, with keys at minus infinity`(
    columns: Int, isa: InstructionSet
  ) {
    let p = Problem(columns: columns, seed: 13, range: -30...30)
    let x = TestBuffer(p.x, misalignment: 1)
    for row in 0..<p.rows where columns > 1 { x.pointer[row * p.stride + columns / 2] = -.infinity }
    functions(isa).softmax(x.pointer, p.stride, x.constant, p.stride, p.rows, columns)
    let expected = (0..<p.rows).flatMap { index -> [Double] in
      var row = p.row(index)
      if columns > 1 { row[columns / 2] = -.infinity }
      let largest = row.max() ?? 0
      let weights = row.map { exp($0 - largest) }
      let sum = weights.reduce(0, +)
      return weights.map { $0 / sum }
    }
    #expect(worstRatio(p.rows(of: x), expected) { 3e-6 * abs(expected[$0]) + 1e-20 } <= 1)
    #expect(x.guardsAreIntact)
  }

  /// Scores as large as f32 holds, far apart and close together.
  static let extremes: [(scores: [Float], weights: [Float])] = [
    ([3e38, 0, -3e38], [1, 0, 0]), ([3e38, 3e38, 3e38, 3e38], [0.25, 0.25, 0.25, 0.25]),
    ([-3e38, -3e38], [0.5, 0.5]), ([-3e38, -.infinity, -3e38], [0.5, 0, 0.5]),
    ([1e30, 1e30, -1e30], [0.5, 0.5, 0]), ([1e-30, 0, -1e-30, 0], [0.25, 0.25, 0.25, 0.25]),
    ([104, 0], [1, 0]), ([88.8, 88.8], [0.5, 0.5]),
  ]

  @Test(arguments: extremes, testedInstructionSets)
  func `softmax of extreme scores does not overflow`(
    extreme: (scores: [Float], weights: [Float]), isa: InstructionSet
  ) {
    let count = extreme.scores.count
    for copies in [1, 9] {
      let x = TestBuffer(Array(repeating: extreme.scores, count: copies).flatMap { $0 })
      functions(isa).softmax(
        x.pointer, count * copies, x.constant, count * copies, 1, count * copies)
      for (index, weight) in x.values.enumerated() {
        #expect(abs(weight - extreme.weights[index % count] / Float(copies)) < 1e-6)
      }
    }
  }

  @Test(arguments: testedInstructionSets)
  func `softmax of a row of minus infinity is NaN`(_ isa: InstructionSet) {
    let x = TestBuffer([Float](repeating: -.infinity, count: 20))
    functions(isa).softmax(x.pointer, 20, x.constant, 20, 1, 20)
    #expect(x.values.allSatisfy { $0.isNaN })
  }

  @Test(arguments: widths, testedInstructionSets)
  func `online softmax over two blocks equals softmax`(columns: Int, isa: InstructionSet) {
    let p = Problem(columns: 2 * columns, seed: 14, range: -9...9)
    var largest = -Float.infinity, sum: Float = 0
    var weights: [Float] = []
    for block in 0..<2 {
      let s = TestBuffer(Array(p.x[block * columns..<(block + 1) * columns]), misalignment: 1)
      let additive = TestBuffer(
        Array(p.x[p.stride + block * columns..<p.stride + (block + 1) * columns]))
      let correction = functions(isa).online_softmax(
        s.pointer, columns, 0.5, 3, additive.constant, &largest, &sum)
      weights = weights.map { $0 * correction } + s.values
      #expect(s.guardsAreIntact)
    }
    let scores = (0..<2 * columns).map {
      3 * tanh(0.5 * Double(p.x[$0]) / 3) + Double(p.x[p.stride + $0])
    }
    let top = scores.max() ?? 0
    #expect(worstRatio([largest], [top]) { _ in 4e-6 } <= 1)
    let expected = scores.map { exp($0 - top) }
    #expect(worstRatio([sum], [expected.reduce(0, +)]) { _ in 1e-5 * Double(sum) } <= 1)
    #expect(worstRatio(weights, expected) { _ in 1e-5 } <= 1)
  }

  @Test(arguments: testedInstructionSets)
  func `online softmax ignores a block of minus infinity`(_ isa: InstructionSet) {
    var largest = -Float.infinity, sum: Float = 0
    let hidden = TestBuffer([Float](repeating: -.infinity, count: 19))
    let first = functions(isa).online_softmax(hidden.pointer, 19, 1, 0, nil, &largest, &sum)
    #expect(first == 1 && sum == 0 && hidden.values.allSatisfy { $0 == 0 })
    let seen = TestBuffer<Float>([1, 1, -.infinity])
    _ = functions(isa).online_softmax(seen.pointer, 3, 1, 0, nil, &largest, &sum)
    #expect(largest == 1 && sum == 2 && seen.values == [1, 1, 0])
    let again = TestBuffer([Float](repeating: -.infinity, count: 19))
    let last = functions(isa).online_softmax(again.pointer, 19, 1, 0, nil, &largest, &sum)
    #expect(last == 1 && sum == 2 && again.values.allSatisfy { $0 == 0 })
  }

  @Test(arguments: [2, 6, 14, 16, 18, 32, 34, 64, 72, 256], testedInstructionSets)
  func `rope equals its definition`(size: Int, isa: InstructionSet) {
    let x = Problem(columns: size, seed: 15), angles = Problem(columns: size, seed: 16)
    let other = Problem(columns: size, seed: 17)
    let out = TestBuffer(x.x, misalignment: 1)
    let cos = TestBuffer(angles.x, misalignment: 2), sin = TestBuffer(other.x)
    functions(isa).rope(
      out.pointer, x.stride, out.constant, x.stride, cos.constant, x.stride, sin.constant,
      x.stride, x.rows, size)
    let expected = (0..<x.rows).flatMap { index -> [Double] in
      let row = x.row(index), c = angles.row(index), s = other.row(index)
      return (0..<size).map {
        let rotated = $0 < size / 2 ? -row[$0 + size / 2] : row[$0 - size / 2]
        return row[$0] * c[$0] + rotated * s[$0]
      }
    }
    #expect(worstRatio(x.rows(of: out), expected) { _ in 16 * 4 * unitRoundoff } <= 1)
    #expect(out.guardsAreIntact)
  }

  @Test(arguments: [0] + widths, testedInstructionSets)
  func `reductions equal their definitions`(columns: Int, isa: InstructionSet) {
    let p = Problem(columns: columns, seed: 18)
    let x = TestBuffer(p.x, misalignment: 1)
    func reduced(_ operation: Reduction) -> [Float] {
      let out = TestBuffer<Float>(count: p.rows)
      functions(isa).reduce(operation, out.pointer, x.constant, p.stride, p.rows, columns)
      #expect(out.guardsAreIntact)
      return out.values
    }
    let sums = (0..<p.rows).map { p.row($0).reduce(0, +) }
    let bound = 4 * Double(columns) * unitRoundoff * 20
    #expect(worstRatio(reduced(.sum), sums) { _ in bound } <= 1)
    #expect(
      worstRatio(reduced(.mean), sums.map { $0 / Double(columns) }) { _ in 1e-6 } <= 1)
    let largest = (0..<p.rows).map { p.row($0).max() ?? -.infinity }
    #expect(worstRatio(reduced(.max), largest) { _ in 0 } <= 1)
    if columns > 0 {
      x.pointer[p.stride + columns - 1] = .nan
      #expect(reduced(.max).map(\.isNaN) == [false, true, false])
    }
  }

  @Test(arguments: widths, testedInstructionSets)
  func `argmax is the first of the largest, and a NaN is larger than all`(
    columns: Int, isa: InstructionSet
  ) {
    let p = Problem(columns: columns, seed: 19)
    let x = TestBuffer(Array(p.x[0..<columns]), misalignment: 1)
    // What lies behind is not looked at.
    x.pointer[columns] = 100
    for place in Set([0, columns / 3, columns - 1]) {
      let kept = x.pointer[place]
      x.pointer[place] = 50
      x.pointer[columns - 1] = 50
      #expect(functions(isa).argmax(x.constant, columns) == place)
      x.pointer[columns / 2] = .nan
      #expect(functions(isa).argmax(x.constant, columns) == columns / 2)
      x.pointer[columns / 2] = 0
      x.pointer[place] = kept
    }
  }

  @Test func `blocks of rows have the same bits for any number of threads`() throws {
    var random = SeededGenerator(seed: 20)
    let values = random.floats(300 * 333), weights = random.floats(333)
    let weight = TestBuffer(weights)
    let results = try testedThreadCounts.map { threads -> [UInt32] in
      let x = TestBuffer(values)
      let kernels = try makeKernels(threads: threads)
      let rows = RowArguments(out: x.pointer, x: x.constant, rows: 300, columns: 333)
      kernels.layerNorm(rows, weight: weight.constant, bias: nil, eps: 1e-6)
      kernels.rmsNorm(rows, weight: weight.constant, weightOffset: 1, eps: 1e-6)
      kernels.unary(.geluTanh, out: x.pointer, x: x.constant, count: 300 * 333)
      kernels.softcap(out: x.pointer, x: x.constant, count: 300 * 333, cap: 2)
      kernels.softmax(rows)
      let sums = TestBuffer<Float>(count: 300)
      kernels.reduce(
        .sum, RowArguments(out: sums.pointer, x: x.constant, rows: 300, columns: 333))
      return x.bits + sums.bits
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }
}
