/// The type of one tensor element. Raw values are the names that textual graphs use.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
  case f64, f32, f16, bf16
  case i64, i32, i16, i8
  case u64, u32, u16, u8
  case bool
  /// One element in each byte, in its lower bits.
  case i4, u4
  /// `SmallFloat`s; one of 4 bits takes a byte as well.
  case f8e4m3, f8e5m2, f8e4m3fnuz, f8e5m2fnuz, f4e2m1

  /// Bytes that one element takes in memory and in files.
  public var byteCount: Int {
    switch self {
    case .f64, .i64, .u64: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16, .i16, .u16: 2
    case .i8, .u8, .bool, .i4, .u4: 1
    case .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz, .f4e2m1: 1
    }
  }

  public var isFloatingPoint: Bool {
    switch self {
    case .f64, .f32, .f16, .bf16: true
    default: smallFloat != nil
    }
  }

  /// The values of an integer type, as far as `Int64` reaches; nil for all other types.
  public var integerRange: ClosedRange<Int64>? {
    switch self {
    case .i64: .min ... .max
    case .i32: Int64(Int32.min)...Int64(Int32.max)
    case .i16: Int64(Int16.min)...Int64(Int16.max)
    case .i8: -128...127
    case .i4: -8...7
    case .u64: 0 ... .max
    case .u32: 0...Int64(UInt32.max)
    case .u16: 0...Int64(UInt16.max)
    case .u8: 0...255
    case .u4: 0...15
    default: nil
    }
  }

  /// The dtype name that safetensors headers use; nil for types that no file here holds.
  public var safetensorsName: String? {
    switch self {
    case .f64: "F64"
    case .f32: "F32"
    case .f16: "F16"
    case .bf16: "BF16"
    case .i64: "I64"
    case .i32: "I32"
    case .i16: "I16"
    case .i8: "I8"
    case .u64: "U64"
    case .u32: "U32"
    case .u16: "U16"
    case .u8: "U8"
    case .bool: "BOOL"
    case .i4, .u4, .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz, .f4e2m1: nil
    }
  }

  public init?(safetensorsName: String) {
    guard let match = Self.allCases.first(where: { $0.safetensorsName == safetensorsName })
    else { return nil }
    self = match
  }
}
