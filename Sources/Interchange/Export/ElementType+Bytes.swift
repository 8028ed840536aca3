import IR
import Tensors

extension ElementType {
  /// Numbers as this type stores them, little-endian.
  func bytes(of values: [Double]) -> [UInt8] {
    func little<Value: FixedWidthInteger>(_ convert: (Double) -> Value) -> [UInt8] {
      values.flatMap { value in
        let bits = convert(value)
        return (0..<byteCount).map { UInt8(truncatingIfNeeded: bits >> Value(8 * $0)) }
      }
    }
    return switch self {
    case .f64: little { $0.bitPattern }
    case .f32: little { Float($0).bitPattern }
    case .f16: little { Float16($0).bitPattern }
    case .bf16: little { Float(converted($0)).bitPattern >> 16 }
    case .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz, .f4e2m1:
      values.compactMap { smallFloat?.bits(of: Float($0)) }
    // Converted values are whole and not below those of Int64.
    default: little { Int64(exactly: converted($0)) ?? .max }
    }
  }
}
