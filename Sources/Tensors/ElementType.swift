/// The type of one tensor element. Raw values are the names that textual graphs use.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
  case f64, f32, f16, bf16
  case i64, i32, i16, i8, u8
  case bool

  /// Bytes that one element takes in memory and in files.
  public var byteCount: Int {
    switch self {
    case .f64, .i64: 8
    case .f32, .i32: 4
    case .f16, .bf16, .i16: 2
    case .i8, .u8, .bool: 1
    }
  }

  public var isFloatingPoint: Bool {
    switch self {
    case .f64, .f32, .f16, .bf16: true
    default: false
    }
  }

  /// The dtype name that safetensors headers use.
  public var safetensorsName: String {
    switch self {
    case .f64: "F64"
    case .f32: "F32"
    case .f16: "F16"
    case .bf16: "BF16"
    case .i64: "I64"
    case .i32: "I32"
    case .i16: "I16"
    case .i8: "I8"
    case .u8: "U8"
    case .bool: "BOOL"
    }
  }

  public init?(safetensorsName: String) {
    guard let match = Self.allCases.first(where: { $0.safetensorsName == safetensorsName })
    else { return nil }
    self = match
  }
}
