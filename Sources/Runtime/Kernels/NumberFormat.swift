import CKernels
import Tensors

/// An element type as `convert` knows it, with the tables of a small float.
struct NumberFormat: @unchecked Sendable {
  let type: NumberType
  let byteCount: Int
  let values: UnsafePointer<Float>?
  let codes: UnsafePointer<UInt8>?

  init(_ element: ElementType) {
    byteCount = element.byteCount
    let tables = SmallFloatTables.all[element]
    values = tables?.values
    codes = tables?.codes
    type =
      switch element {
      case .f64: .f64
      case .f32: .f32
      case .f16: .f16
      case .bf16: .bf16
      case .i64: .i64
      case .i32: .i32
      case .i16: .i16
      case .i8: .i8
      case .u64: .u64
      case .u32: .u32
      case .u16: .u16
      case .u8: .u8
      case .bool: .bool
      case .i4: .i4
      case .u4: .u4
      case .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz, .f4e2m1: .small
      }
  }
}

/// All values of a small float, and the bits that every number rounds to: 65 KiB, made once.
private struct SmallFloatTables: @unchecked Sendable {
  let values: UnsafePointer<Float>
  let codes: UnsafePointer<UInt8>

  static let all: [ElementType: SmallFloatTables] = Dictionary(
    uniqueKeysWithValues: ElementType.allCases.compactMap { element in
      element.smallFloat.map { (element, SmallFloatTables($0)) }
    })

  /// A number between two upper halves of an f32 rounds like the one of them whose last bit is set: what
  /// a small float rounds at is an upper half whose last bit is not.
  private init(_ format: SmallFloat) {
    let values = UnsafeMutablePointer<Float>.allocate(capacity: 1 << 8)
    for bits in 0..<(1 << 8) { values[bits] = format.value(of: UInt8(bits)) }
    let codes = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 16)
    for half in 0..<(1 << 16) {
      codes[half] = format.bits(of: Float(bitPattern: UInt32(half) << 16))
    }
    self.values = UnsafePointer(values)
    self.codes = UnsafePointer(codes)
  }
}
