import Tensors

/// The element types of ONNX (`TensorProto.DataType`) that numbers are made of. Texts, complex numbers
/// and the formats that are missing between are not computed with.
enum ONNXDataType: Int, Sendable {
  case float = 1
  case uint8, int8, uint16, int16, int32, int64
  case bool = 9
  case float16, double, uint32, uint64
  case bfloat16 = 16
  case float8e4m3fn, float8e4m3fnuz, float8e5m2, float8e5m2fnuz
  case uint4, int4
  case float4e2m1

  var element: ElementType {
    switch self {
    case .float: .f32
    case .float16: .f16
    case .bfloat16: .bf16
    case .double: .f64
    case .bool: .bool
    case .uint8: .u8
    case .uint16: .u16
    case .uint32: .u32
    case .uint64: .u64
    case .int8: .i8
    case .int16: .i16
    case .int32: .i32
    case .int64: .i64
    case .uint4: .u4
    case .int4: .i4
    case .float8e4m3fn: .f8e4m3
    case .float8e4m3fnuz: .f8e4m3fnuz
    case .float8e5m2: .f8e5m2
    case .float8e5m2fnuz: .f8e5m2fnuz
    case .float4e2m1: .f4e2m1
    }
  }

  /// Whether two elements stand in each byte of raw data.
  var isPacked: Bool {
    switch self {
    case .uint4, .int4, .float4e2m1: true
    default: false
    }
  }

  /// Bits that one element takes in raw data.
  var bitCount: Int { isPacked ? 4 : 8 * element.byteCount }
}
