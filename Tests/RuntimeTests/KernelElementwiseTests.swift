import CKernels
import Testing

@testable import Runtime

/// Lengths around the vector widths, where tails begin and end.
let oddLengths = [0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100]

@Suite struct `An elementwise kernel` {
  /// One unary operation, where it is tested, and the error it may make there: `relative` times
  /// the result, `absolute` times |x|, both in units of 2^-24.
  struct Unary: CustomTestStringConvertible {
    var operation: UnaryOperation
    var range: ClosedRange<Float>
    var relative = 0.0
    var absolute = 0.0
    var testDescription: String { "unary \(operation.rawValue) on \(range)" }
  }

  /// One operation on one value.
  static func result(of operation: UnaryOperation, _ x: Float, _ isa: InstructionSet) -> Float {
    var input = x, out: Float = 0
    functions(isa).unary(operation, &out, &input, 1)
    return out
  }

  static let unary: [Unary] = [
    Unary(operation: .identity, range: -9...9),
    Unary(operation: .negate, range: -9...9),
    Unary(operation: .abs, range: -9...9),
    Unary(operation: .sqrt, range: 0...9, relative: 1),
    Unary(operation: .rsqrt, range: 0.01...9, relative: 2),
    Unary(operation: .reciprocal, range: -9...9, relative: 1),
    Unary(operation: .exp, range: -87...88, relative: 2),
    Unary(operation: .exp, range: -1...1, relative: 2),
    Unary(operation: .log, range: 0.01...9, relative: 4),
    Unary(operation: .sin, range: -3...3, relative: 2),
    Unary(operation: .cos, range: -1...1, relative: 2),
    Unary(operation: .tanh, range: -0.7...0.7, relative: 4),
    Unary(operation: .tanh, range: -12...12, relative: 4),
    Unary(operation: .erf, range: -1.1...1.1, relative: 4),
    Unary(operation: .erf, range: -6...6, relative: 4),
    Unary(operation: .relu, range: -9...9),
    Unary(operation: .sigmoid, range: -80...30, relative: 5),
    Unary(operation: .silu, range: -80...30, relative: 5),
    Unary(operation: .geluTanh, range: -6...6, absolute: 4),
    Unary(operation: .geluErf, range: -6...6, absolute: 4),
    Unary(operation: .floor, range: -9...9),
    Unary(operation: .ceil, range: -9...9),
    Unary(operation: .round, range: -9...9),
    Unary(operation: .log, range: 1e-30...1e30, relative: 4),
    Unary(operation: .sin, range: -60_000...60_000, relative: 4),
    Unary(operation: .cos, range: -60_000...60_000, relative: 4),
    Unary(operation: .sin, range: -1e9...1e9, relative: 4),
    Unary(operation: .cos, range: -1e9...1e9, relative: 4),
    Unary(operation: .atan, range: -0.6...0.6, relative: 4),
    Unary(operation: .atan, range: -9...9, relative: 4),
    Unary(operation: .atan, range: -1e6...1e6, relative: 4),
  ]

  @Test(arguments: unary, testedInstructionSets)
  func `keeps its error bound`(_ c: Unary, _ isa: InstructionSet) {
    var random = SeededGenerator(seed: 6)
    let values = random.floats(20_000, in: c.range)
    let x = TestBuffer(values, misalignment: 1), out = TestBuffer<Float>(count: values.count)
    functions(isa).unary(c.operation, out.pointer, x.constant, values.count)
    let expected = values.map { ReferenceMath.unary(c.operation, Double($0)) }
    let worst = worstRatio(out.values, expected) {
      let allowed = c.relative * abs(expected[$0]) + c.absolute * abs(Double(values[$0]))
      return max(allowed * unitRoundoff, 1e-40)
    }
    #expect(worst <= 1)
  }

  @Test(arguments: oddLengths, testedInstructionSets)
  func `gives an element the same bits wherever it stands`(count: Int, isa: InstructionSet) {
    var random = SeededGenerator(seed: 7)
    let values = random.floats(count, in: -5...5)
    for c in Self.unary {
      let x = TestBuffer(values, misalignment: 1)
      let out = TestBuffer<Float>(count: count, misalignment: 3)
      functions(isa).unary(c.operation, out.pointer, x.constant, count)
      #expect(out.guardsAreIntact)
      for (index, value) in values.enumerated() {
        let single = Self.result(of: c.operation, value, isa)
        if single.bitPattern != out.values[index].bitPattern {
          let isNaN = single.isNaN && out.values[index].isNaN
          #expect(isNaN, "operation \(c.operation.rawValue) at \(index)")
        }
      }
    }
  }

  @Test(arguments: testedInstructionSets)
  func `maps infinities and NaN as the formula does`(_ isa: InstructionSet) {
    let table: [(UnaryOperation, Float, Float)] = [
      (.exp, .infinity, .infinity), (.exp, -.infinity, 0), (.exp, 100, .infinity),
      (.exp, -200, 0), (.exp, 0, 1), (.exp, .nan, .nan),
      (.tanh, .infinity, 1), (.tanh, -.infinity, -1), (.tanh, 0, 0), (.tanh, .nan, .nan),
      (.erf, .infinity, 1), (.erf, -.infinity, -1), (.erf, .nan, .nan),
      (.relu, .nan, .nan), (.relu, -.infinity, 0), (.relu, .infinity, .infinity),
      (.sigmoid, .infinity, 1), (.sigmoid, -.infinity, 0), (.sigmoid, .nan, .nan),
      (.silu, .infinity, .infinity), (.silu, -100, 0), (.silu, .nan, .nan),
      (.geluTanh, .infinity, .infinity), (.geluTanh, -1e20, 0), (.geluTanh, .nan, .nan),
      (.geluTanh, 1e20, 1e20), (.geluErf, -1e20, 0), (.geluErf, .nan, .nan),
      (.sqrt, -1, .nan), (.rsqrt, 0, .infinity), (.reciprocal, 0, .infinity),
      (.log, 0, -.infinity), (.log, -1, .nan), (.log, .infinity, .infinity), (.log, .nan, .nan),
      (.log, -.infinity, .nan), (.log, 1, 0), (.sin, .infinity, .nan), (.sin, .nan, .nan),
      (.cos, -.infinity, .nan), (.cos, .nan, .nan), (.cos, 0, 1), (.atan, .infinity, 1.570_796_4),
      (.atan, -.infinity, -1.570_796_4), (.atan, .nan, .nan), (.round, 2.5, 2), (.round, -3.5, -4),
      (.round, .nan, .nan), (.round, .infinity, .infinity), (.floor, -.infinity, -.infinity),
    ]
    for (operation, input, expected) in table {
      let value = Self.result(of: operation, input, isa)
      #expect(
        value == expected || value.isNaN && expected.isNaN,
        "unary \(operation.rawValue) of \(input)")
    }
  }

  static let binary: [BinaryOperation] = [.add, .sub, .mul, .div, .max, .min, .pow]

  @Test(arguments: oddLengths, testedInstructionSets)
  func `combines two operands at any strides`(count: Int, isa: InstructionSet) {
    var random = SeededGenerator(seed: 8)
    for (strideA, strideB) in [(1, 1), (1, 0), (0, 1), (0, 0), (2, 1), (1, 3), (-1, 1)] {
      let a = random.floats(3 * count + 1, in: 0.5...4), b = random.floats(3 * count + 1)
      let left = TestBuffer(a, misalignment: 1), right = TestBuffer(b, misalignment: 2)
      let start = strideA < 0 ? count : 0
      for operation in Self.binary {
        let out = TestBuffer<Float>(count: count)
        functions(isa).binary(
          operation, out.pointer, left.constant + start, strideA, right.constant, strideB, count)
        let expected = (0..<count).map {
          ReferenceMath.binary(
            operation, Double(a[start + $0 * strideA]), Double(b[$0 * strideB]))
        }
        let worst = worstRatio(out.values, expected) {
          max(2 * unitRoundoff * abs(expected[$0]), 1e-40)
        }
        #expect(worst <= 1, "operation \(operation.rawValue), strides \(strideA) \(strideB)")
        #expect(out.guardsAreIntact)
      }
    }
  }

  @Test(arguments: testedInstructionSets)
  func `keeps the sign of zero`(_ isa: InstructionSet) {
    for operation in [UnaryOperation.sin, .atan, .round, .floor, .negate] {
      for zero in [Float(0), -0.0] {
        let expected = operation == .negate ? -zero : zero
        #expect(Self.result(of: operation, zero, isa).bitPattern == expected.bitPattern)
      }
    }
  }

  /// Every pair of numbers that need care, beside the C library.
  @Test(arguments: testedInstructionSets)
  func `raises to powers as the C library does`(_ isa: InstructionSet) {
    let numbers: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 10, 100, 1e30, -1e30,
      1e-30, 127, -126, 0.1, 16_777_216, 8_388_607,
    ]
    for base in numbers {
      for exponent in numbers {
        var (a, b, out) = (base, exponent, Float(0))
        functions(isa).binary(.pow, &out, &a, 1, &b, 1, 1)
        let expected = ReferenceMath.binary(.pow, Double(base), Double(exponent))
        let isSmall = abs(expected) < 0x1p-125
        let allowed = isSmall ? 0x1p-125 : 2 * unitRoundoff * abs(expected)
        let rounded = Double(Float(expected))
        #expect(
          worstRatio([out], [rounded.isInfinite ? rounded : expected]) { _ in allowed } <= 1,
          "\(base) ^ \(exponent) = \(out)")
      }
    }
  }

  @Test(arguments: testedInstructionSets)
  func `lets NaN through max and min`(_ isa: InstructionSet) {
    for operation in [BinaryOperation.max, .min] {
      for (a, b) in [(Float.nan, Float(1)), (1, .nan), (.nan, .nan)] {
        var left = a, right = b, out: Float = 0
        functions(isa).binary(operation, &out, &left, 1, &right, 1, 1)
        #expect(out.isNaN)
      }
    }
  }

  @Test(arguments: oddLengths, testedInstructionSets)
  func `caps softly`(count: Int, isa: InstructionSet) {
    var random = SeededGenerator(seed: 9)
    let values = random.floats(count, in: -200...200)
    let x = TestBuffer(values, misalignment: 1)
    functions(isa).softcap(x.pointer, x.constant, count, 30)
    let expected = values.map { 30 * ReferenceMath.unary(.tanh, Double($0) / 30) }
    #expect(worstRatio(x.values, expected) { _ in 30 * 6 * unitRoundoff } <= 1)
    #expect(x.guardsAreIntact)
  }

  @Test(arguments: testedInstructionSets)
  func `broadcasts over many dimensions on any number of threads`(_ isa: InstructionSet) throws {
    var random = SeededGenerator(seed: 10)
    let shape: InlineShape = [3, 1, 40, 70, 5]
    let a = random.floats(shape.elementCount), b = random.floats(3 * 70)
    let left = TestBuffer(a), right = TestBuffer(b)
    var results: [[UInt32]] = []
    for threads in testedThreadCounts {
      let out = TestBuffer<Float>(count: shape.elementCount)
      try makeKernels(threads: threads, isa: isa).binary(
        .sub, out: out.pointer, shape: shape,
        a: StridedOperand(base: left.constant, strides: shape.denseStrides),
        b: StridedOperand(base: right.constant, strides: [70, 0, 0, 1, 0]))
      results.append(out.bits)
    }
    let expected = a.indices.map { place -> UInt32 in
      let outer = place / (40 * 70 * 5), inner = place / 5 % 70
      return (a[place] - b[outer * 70 + inner]).bitPattern
    }
    #expect(results.allSatisfy { $0 == expected })
  }
}
