import CKernels
import Testing

@testable import Runtime

@Suite struct `A kernel of integers and flags` {
  /// One operation and its definition.
  struct Case: CustomTestStringConvertible, Sendable {
    let operation: MapOperation
    let definition: @Sendable (Int64, Int64) -> Int64
    var testDescription: String { "map \(operation.rawValue)" }

    init(_ operation: MapOperation, _ definition: @escaping @Sendable (Int64, Int64) -> Int64) {
      self.operation = operation
      self.definition = definition
    }
  }

  static let integers: [Case] = [
    Case(.negate) { a, _ in 0 &- a }, Case(.abs) { a, _ in a < 0 ? 0 &- a : a },
    Case(.relu) { a, _ in max(a, 0) }, Case(.add) { $0 &+ $1 }, Case(.sub) { $0 &- $1 },
    Case(.mul) { $0 &* $1 },
    Case(.div) { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue },
    Case(.pow) { Int64(saturating: ReferenceMath.binary(.pow, Double($0), Double($1))) },
    Case(.max) { max($0, $1) }, Case(.min) { min($0, $1) }, Case(.and) { $0 & $1 },
    Case(.or) { $0 | $1 }, Case(.xor) { $0 ^ $1 }, Case(.shiftLeft) { $0 << $1 },
    Case(.shiftRight) { $0 >> $1 },
  ]

  /// Numbers at which something may overflow or turn, and some others.
  static func numbers(_ count: Int, seed: UInt64) -> [Int64] {
    var random = SeededGenerator(seed: seed)
    let edges: [Int64] = [
      0, 1, -1, 2, -2, 3, 10, 31, 62, 63, 64, 65, -63, -64, -65, .max, .min, .max - 1, .min + 1,
      1 << 53, 1 << 32,
    ]
    return (0..<count).map { _ in
      Bool.random(using: &random)
        ? edges.randomElement(using: &random) ?? 0 : .random(in: -40...40, using: &random)
    }
  }

  static func strided<Element>(_ base: UnsafePointer<Element>, row: Int, step: Int) -> pg_strided {
    pg_strided(base: base, row: row, step: step)
  }

  static let steps = [(1, 1), (1, 0), (0, 1), (0, 0), (2, 1), (1, 3), (-1, 1)]

  @Test(arguments: integers, testedInstructionSets)
  func `computes what it is defined to, at any strides`(_ c: Case, _ isa: InstructionSet) {
    for columns in oddLengths {
      for (stepA, stepB) in Self.steps {
        let rows = 3, size = 3 * columns + 2
        let a = Self.numbers(rows * size, seed: 1), b = Self.numbers(rows * size, seed: 2)
        let left = TestBuffer(a, misalignment: 1, filler: 7)
        let right = TestBuffer(b, misalignment: 1, filler: 7)
        let start = stepA < 0 ? columns : 0
        let out = TestBuffer<Int64>(count: rows * columns, misalignment: 1, filler: 7)
        let operands = [
          Self.strided(left.constant + start, row: size, step: stepA),
          Self.strided(right.constant, row: size, step: stepB),
        ]
        functions(isa).map(c.operation, out.pointer, operands, rows, columns)
        let expected = (0..<rows * columns).map { place in
          let (row, column) = (place / max(columns, 1), place % max(columns, 1))
          return c.definition(
            a[row * size + start + column * stepA], b[row * size + column * stepB])
        }
        #expect(out.values == expected, "steps \(stepA) \(stepB)")
        #expect(out.guardsAreIntact)
      }
    }
  }

  @Test(arguments: integers, testedInstructionSets)
  func `computes in place`(_ c: Case, _ isa: InstructionSet) {
    let a = Self.numbers(100, seed: 3), b = Self.numbers(100, seed: 4)
    for isLeft in [true, false] {
      let left = TestBuffer(a, filler: 7), right = TestBuffer(b, filler: 7)
      let operands = [
        Self.strided(left.constant, row: 0, step: 1), Self.strided(right.constant, row: 0, step: 1),
      ]
      let out = isLeft ? left : right
      functions(isa).map(c.operation, out.pointer, operands, 1, 100)
      #expect(out.values == zip(a, b).map(c.definition))
    }
  }

  @Test(arguments: testedInstructionSets)
  func `compares`(_ isa: InstructionSet) {
    let integers = Self.numbers(100, seed: 5), others = Self.numbers(100, seed: 6)
    let floats: [Float] = integers.map { $0 == 3 ? .nan : $0 == 0 ? -0.0 : Float($0) }
    let otherFloats: [Float] = others.map { $0 == 10 ? .nan : Float($0) }
    let flags = integers.map { UInt8(truncatingIfNeeded: $0 & 2) }
    let otherFlags = others.map { UInt8(truncatingIfNeeded: $0 & 1) }
    check(isa, .equalIntegers, integers, others) { $0 == $1 }
    check(isa, .lessIntegers, integers, others) { $0 < $1 }
    check(isa, .equalFloats, floats, otherFloats) { $0 == $1 }
    check(isa, .lessFloats, floats, otherFloats) { $0 < $1 }
    check(isa, .equalFlags, flags, otherFlags) { ($0 != 0) == ($1 != 0) }
  }

  private func check<Element>(
    _ isa: InstructionSet, _ operation: MapOperation, _ a: [Element], _ b: [Element],
    _ definition: (Element, Element) -> Bool
  ) {
    for (stepA, stepB) in [(1, 1), (1, 0), (0, 1), (2, 3)] {
      for count in [1, 7, 8, 33] {
        let out = TestBuffer<UInt8>(count: count, misalignment: 1, filler: 9)
        a.withUnsafeBufferPointer { left in
          b.withUnsafeBufferPointer { right in
            guard let x = left.baseAddress, let y = right.baseAddress else { return }
            let operands = [
              Self.strided(x, row: 0, step: stepA), Self.strided(y, row: 0, step: stepB),
            ]
            functions(isa).map(operation, out.pointer, operands, 1, count)
          }
        }
        let expected = (0..<count).map { definition(a[$0 * stepA], b[$0 * stepB]) ? UInt8(1) : 0 }
        #expect(out.values == expected, "map \(operation.rawValue), steps \(stepA) \(stepB)")
        #expect(out.guardsAreIntact)
      }
    }
  }

  @Test(arguments: testedInstructionSets)
  func `chooses elements of any size`(_ isa: InstructionSet) {
    choose(isa, .select1, UInt8.self)
    choose(isa, .select2, UInt16.self)
    choose(isa, .select4, UInt32.self)
    choose(isa, .select8, UInt64.self)
  }

  private func choose<Element: FixedWidthInteger & BitwiseCopyable>(
    _ isa: InstructionSet, _ operation: MapOperation, _: Element.Type
  ) {
    let flags = TestBuffer((0..<120).map { UInt8($0 % 3) }, misalignment: 1, filler: 0)
    let a = TestBuffer((0..<120).map { Element($0) }, misalignment: 1, filler: 0)
    let b = TestBuffer((0..<120).map { Element(120 + $0) }, misalignment: 1, filler: 0)
    let steps = [(1, 1, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (0, 0, 1), (0, 1, 0), (2, 1, 3)]
    for (stepC, stepA, stepB) in steps {
      for count in [1, 9, 40] {
        let out = TestBuffer<Element>(count: 2 * count, misalignment: 1, filler: 0)
        let operands = [
          Self.strided(flags.constant, row: 1, step: stepC),
          Self.strided(a.constant, row: 0, step: stepA),
          Self.strided(b.constant, row: 0, step: stepB),
        ]
        functions(isa).map(operation, out.pointer, operands, 2, count)
        let expected = (0..<2 * count).map { place -> Element in
          let (row, column) = (place / count, place % count)
          return flags.values[row + column * stepC] != 0
            ? a.values[column * stepA] : b.values[column * stepB]
        }
        #expect(out.values == expected, "\(Element.self), steps \(stepC) \(stepA) \(stepB)")
        #expect(out.guardsAreIntact)
      }
    }
  }

  /// A broadcast and a transposed operand, in many dimensions, in tiles.
  @Test(arguments: testedInstructionSets)
  func `broadcasts over many dimensions on any number of threads`(_ isa: InstructionSet) throws {
    let shape: InlineShape = [3, 70, 90, 2]
    let a = Self.numbers(shape.elementCount, seed: 7), b = Self.numbers(70 * 90, seed: 8)
    let left = TestBuffer(a, filler: 0), right = TestBuffer(b, filler: 0)
    let strides: InlineShape = [70 * 90 * 2, 2, 140, 1]
    let expected = (0..<shape.elementCount).map { place in
      let (i, j, k, l) = (place / 12600, place / 180 % 70, place / 2 % 90, place % 2)
      return a[i * 12600 + j * 2 + k * 140 + l] &- b[j * 90 + k]
    }
    for stages in [false, true] {
      for threads in testedThreadCounts {
        let out = TestBuffer<Int64>(count: shape.elementCount, filler: 0)
        let kernels = try makeKernels(
          threads: threads, scratch: stages ? Kernels.elementwiseScratch : .none, isa: isa)
        kernels.map(
          .sub, out: out.pointer, elementBytes: 8, shape: shape,
          RawOperand(base: left.pointer, elementBytes: 8, strides: strides),
          RawOperand(base: right.pointer, elementBytes: 8, strides: [0, 90, 1, 0]), stages: stages)
        #expect(out.values == expected)
      }
    }
  }

  @Test func `an f32 operand whose rows have gaps is read through scratch`() throws {
    var random = SeededGenerator(seed: 9)
    let (rows, columns) = (150, 130)
    let a = random.floats(rows * columns), b = random.floats(rows * columns)
    let left = TestBuffer(a), right = TestBuffer(b)
    let expected = a.indices.map { a[$0] - b[$0 % columns * rows + $0 / columns] }
    for stages in [false, true] {
      for threads in testedThreadCounts {
        let out = TestBuffer<Float>(count: rows * columns)
        try makeKernels(threads: threads, scratch: Kernels.elementwiseScratch).binary(
          .sub, out: out.pointer, shape: [rows, columns],
          a: StridedOperand(base: left.constant, strides: [columns, 1]),
          b: StridedOperand(base: right.constant, strides: [1, rows]), stages: stages)
        #expect(out.values == expected)
      }
    }
  }
}
