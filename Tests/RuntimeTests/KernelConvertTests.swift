import CKernels
import Tensors
import Testing

@testable import Runtime

@Suite struct `A conversion` {
  /// What memory of each type is read as, one number at a time.
  static func value(_ element: ElementType, _ bytes: UnsafeRawPointer, _ index: Int) -> Double {
    func load<Element: BitwiseCopyable>(_: Element.Type) -> Element {
      bytes.loadUnaligned(
        fromByteOffset: index * MemoryLayout<Element>.size, as: Element.self)
    }
    return switch element {
    case .f64: load(Double.self)
    case .f32: Double(load(Float.self))
    case .f16: Double(load(Float16.self))
    case .bf16: Double(Float(load(BFloat16.self)))
    case .i64: Double(load(Int64.self))
    case .i32: Double(load(Int32.self))
    case .i16: Double(load(Int16.self))
    case .i8, .i4: Double(load(Int8.self))
    case .u64: Double(load(UInt64.self))
    case .u32: Double(load(UInt32.self))
    case .u16: Double(load(UInt16.self))
    case .u8, .u4: Double(load(UInt8.self))
    case .bool: load(UInt8.self) != 0 ? 1 : 0
    case .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz, .f4e2m1:
      Double(element.smallFloat?.value(of: load(UInt8.self)) ?? .nan)
    }
  }

  /// The bytes of a number, one at a time.
  static func bytes(_ element: ElementType, of value: Double) -> [UInt8] {
    func store<Element>(_ number: Element) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }
    return switch element {
    case .f64: store(value)
    case .f32: store(Float(value))
    case .f16: store(Float16(value))
    case .bf16: store(BFloat16(Float(value)))
    case .i64: store(Int64(saturating: value))
    case .i32: store(Int32(saturating: value))
    case .i16: store(Int16(saturating: value))
    case .i8: store(Int8(saturating: value))
    case .u64: store(UInt64(saturating: value))
    case .u32: store(UInt32(saturating: value))
    case .u16: store(UInt16(saturating: value))
    case .u8: store(UInt8(saturating: value))
    case .i4: store(min(max(Int8(saturating: value), -8), 7))
    case .u4: store(min(UInt8(saturating: value), 15))
    case .bool: [value != 0 ? 1 : 0]
    case .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz, .f4e2m1:
      [element.smallFloat?.bits(of: Float(value)) ?? 0]
    }
  }

  @Test(arguments: testedInstructionSets)
  func `of a matrix to and from bf16 writes its rows and nothing else`(isa: InstructionSet) {
    var random = SeededGenerator(seed: 31)
    for (rows, columns) in [(1, 1), (3, 7), (2, 33), (1, 64)] {
      let halves = random.halves(rows * (columns + 3))
      let x = TestBuffer(halves, filler: 7)
      let wide = TestBuffer<Float>(count: rows * (columns + 2))
      functions(isa).bf16_to_f32(
        wide.pointer, columns + 2, x.constant, columns + 3, rows, columns)
      let narrow = TestBuffer<UInt16>(count: rows * (columns + 1), filler: 7)
      functions(isa).f32_to_bf16(
        narrow.pointer, columns + 1, wide.constant, columns + 2, rows, columns)
      for row in 0..<rows {
        let expected = Array(halves.dropFirst(row * (columns + 3)).prefix(columns))
        let floats: [Float] = expected.map(widened) + [-12345, -12345]
        let read = Array(wide.values.dropFirst(row * (columns + 2)).prefix(columns + 2))
        #expect(read == floats)
        let written = Array(narrow.values.dropFirst(row * (columns + 1)).prefix(columns + 1))
        #expect(written == expected + [7])
      }
      #expect(wide.guardsAreIntact && narrow.guardsAreIntact)
    }
  }

  /// Numbers around the ends and ties of every type, as f64.
  static let numbers: [Double] = {
    var random = SeededGenerator(seed: 11)
    let ends: [Double] = [
      0, -0.0, .nan, .infinity, -.infinity, 0.5, 1.5, 2.5, -0.5, 7.5, 8, -8.5, 15.5, 16, 127.5, 128,
      -128.5, -129, 255.5, 256, 32767.5, 32768, -32769, 65535.5, 65536, 65504, 65519.99, 65520,
      65536,
      2147483647.5, 2147483648, -2147483649, 4294967295.5, 4294967296, 0x1p63, -0x1p63, 0x1p64,
      1e300, -1e300, 0x1p-14, 0x1p-24, 0x1p-25, 0x1.8p-25, 0x1.000001p-25, 0x1.8p-24, 0x1.ffcp-15,
      0x1.ffep-15, 448, 464, 465, 57344, 61440, 0x1p-9, 0x1p-10, 0x1.8p-10, 0x1p-16, 0x1p-17, 0.25,
      0.75, 5, 6, 7, 3.4028235e38, 3.5e38, 1 + 0x1p-8, 1 + 0x1.8p-7, 1 + 0x1p-11, 1 + 0x1.8p-10,
    ]
    let others = (0..<400).map { _ in
      Double.random(in: -1...1, using: &random)
        * Double(sign: .plus, exponent: .random(in: -30...40, using: &random), significand: 1)
    }
    return ends + others
  }()

  /// Bits of both, where a NaN is as good as any other.
  private func agree(_ element: ElementType, _ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a != b else { return true }
    guard element.isFloatingPoint else { return false }
    return a.withUnsafeBytes { x in
      b.withUnsafeBytes { y in
        guard let x = x.baseAddress, let y = y.baseAddress else { return false }
        return Self.value(element, x, 0).isNaN && Self.value(element, y, 0).isNaN
      }
    }
  }

  @Test(arguments: ElementType.allCases, testedInstructionSets)
  func `from and to every type is that of one number`(from: ElementType, isa: InstructionSet) {
    let source = Self.numbers.flatMap { Self.bytes(from, of: $0) }
    let (count, size) = (Self.numbers.count, from.byteCount)
    for to in ElementType.allCases {
      for (step, misalignment) in [(1, 0), (3, 1)] {
        let columns = (count - 1) / step + 1
        let x = TestBuffer<UInt8>(source, misalignment: misalignment * size, filler: 0)
        let out = TestBuffer<UInt8>(count: columns * to.byteCount, filler: 0xa5)
        var view = pg_strided(base: x.constant, row: 0, step: step)
        let (source, target) = (NumberFormat(from), NumberFormat(to))
        var small = pg_small_floats(values: source.values, codes: target.codes)
        functions(isa).convert(
          target.type, out.pointer, to.byteCount, source.type, &view, size, 1, columns, &small)
        let found = out.values
        for column in 0..<columns {
          let value = Self.value(from, x.constant, column * step)
          let bytes = Array(found[column * to.byteCount..<(column + 1) * to.byteCount])
          let expected = Self.bytes(to, of: value)
          #expect(agree(to, bytes, expected), "\(value) from \(from) to \(to)")
        }
        #expect(out.guardsAreIntact)
      }
    }
  }

  @Test func `every number rounds to the small float that it is nearest to`() {
    for element in ElementType.allCases {
      guard let format = element.smallFloat, let codes = NumberFormat(element).codes else {
        continue
      }
      // All upper halves, with lower halves on both sides of them.
      for half in UInt32(0)..<(1 << 16) {
        for low in [UInt32(0), 1, 0x8000, 0xffff] {
          let bits = half << 16 | low
          let place = Int(half | (low == 0 ? 0 : 1))
          let value = Float(bitPattern: bits)
          if codes[place] != format.bits(of: value) {
            Issue.record("\(value) to \(element)")
            return
          }
        }
      }
    }
  }
}
