import Tensors
import Testing

@Suite struct TensorDataTests {
  @Test func `owned values come back exactly`() throws {
    let tensor = TensorData([1.5, -2, .infinity, 4] as [Float], shape: [2, 2])
    #expect(tensor.elementType == .f32)
    #expect(tensor.byteCount == 16)
    #expect(tensor.floats() == [1.5, -2, .infinity, 4])
    #expect(tensor.elements(as: Float.self) == [1.5, -2, .infinity, 4])
    #expect(tensor.elements(as: Double.self) == nil)
    #expect(tensor.integers() == nil)
    tensor.withUnsafeBytes { #expect(Int(bitPattern: $0.baseAddress) % 64 == 0) }
  }

  @Test func `rows share the bytes`() throws {
    let tensor = TensorData((0..<24).map { Int32($0) }, shape: [4, 3, 2])
    let rows = tensor.rows(1..<3)
    #expect(rows.shape == [2, 3, 2])
    #expect(rows.elements(as: Int32.self) == Array(6..<18))
    #expect(rows.rows(1..<2).elements(as: Int32.self) == Array(12..<18))
    #expect(rows.rows(1..<1).elements(as: Int32.self) == [])
    #expect(tensor.reshaped([24]).rows(23..<24).integers() == [23])
  }

  @Test(
    arguments: [
      (ElementType.bool, [0, 1, 2, 255], [0, 1, 1, 1]),
      (.u8, [0, 1, 2, 255], [0, 1, 2, 255]),
      (.i8, [0, 1, 0x80, 255], [0, 1, -128, -1]),
      (.i16, [0xFE, 0xFF, 1, 1], [-2, 257]),
      (.i32, [0xFF, 0xFF, 0xFF, 0x7F], [2_147_483_647]),
      (.i64, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [Int64.max]),
    ] as [(ElementType, [UInt8], [Int64])])
  func `integers of every type widen`(
    type: ElementType, bytes: [UInt8], values: [Int64]
  ) throws {
    let tensor = try TensorData(type, shape: [values.count], bytes: bytes)
    #expect(tensor.integers() == values)
    #expect(tensor.floats() == values.map { Float($0) })
  }

  @Test(
    arguments: [
      (Float(1), 0x3F80), (-0.0, 0x8000), (1.00390625, 0x3F80), (1.01171875, 0x3F82),
      (1.003907, 0x3F81), (.infinity, 0x7F80), (-.infinity, 0xFF80),
      (.greatestFiniteMagnitude, 0x7F80), (3.3895314e38, 0x7F7F), (.leastNonzeroMagnitude, 0),
      (Float(bitPattern: 0x8000), 0), (Float(bitPattern: 0x8001), 1),
      (Float(bitPattern: 0x7F80_0001), 0x7FC0), (Float(bitPattern: 0xFFFF_FFFF), 0xFFFF),
      (.nan, 0x7FC0),
    ] as [(Float, UInt16)])
  func `bfloat16 rounds to nearest even and keeps NaN`(value: Float, bits: UInt16) {
    #expect(BFloat16(value).bitPattern == bits)
  }

  @Test func `every bfloat16 and float16 survives the way through float`() throws {
    let bits = (0...UInt16.max).filter { !Float(BFloat16(bitPattern: $0)).isNaN }
    let wide = TensorData(bits.map(BFloat16.init(bitPattern:)))
    let back = wide.converted(to: .f32).converted(to: .bf16)
    #expect(back.elements(as: BFloat16.self)?.map(\.bitPattern) == bits)

    let halves = (0...UInt16.max).map(Float16.init(bitPattern:)).filter { !$0.isNaN }
    let through = TensorData(halves).converted(to: .f64).converted(to: .f16)
    #expect(through.elements(as: Float16.self)?.map(\.bitPattern) == halves.map(\.bitPattern))
  }

  @Test func `unaligned mapped bytes are read correctly`() throws {
    try withTemporaryFile(bytes: [9, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]) { path in
      let file = try MappedFile(path: path)
      let tensor = try TensorData(.f32, shape: [2], file: file, range: 1..<9)
      #expect(tensor.floats() == [1, 2])
      #expect(tensor.rows(1..<2).floats() == [2])
      #expect(tensor.mapping?.range == 1..<9)
    }
  }

  @Test(arguments: [
    ([Int](repeating: 1, count: 9), TensorShapeError.rank(9)),
    ([-1], .extent(-1)),
    ([0, Int.max], .extent(Int.max)),
    ([1 << 40, 1 << 40], .tooLarge([1 << 40, 1 << 40])),
    ([0, 1 << 40, 1 << 40], .tooLarge([0, 1 << 40, 1 << 40])),
  ])
  func `impossible shapes are refused`(shape: [Int], error: TensorShapeError) {
    #expect(throws: error) { try TensorData.byteCount(.f32, shape) }
  }

  @Test func `scalars and empty tensors have sizes`() throws {
    #expect(try TensorData.byteCount(.f64, []) == 8)
    #expect(try TensorData.byteCount(.f64, [3, 0]) == 0)
    #expect(throws: TensorShapeError.byteCount(3, expected: 4, .f32, [1])) {
      try TensorData(.f32, shape: [1], bytes: [1, 2, 3])
    }
  }
}
