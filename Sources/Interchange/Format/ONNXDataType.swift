import Tensors

/// The element types of ONNX (`TensorProto.DataType`) that numbers are made of. Texts, complex numbers
/// and the formats of 6, 8 and 2 bits are missing: nothing here computes with them.
enum ONNXDataType: Int, Sendable {
  case float = 1
  case uint8, int8, uint16, int16, int32, int64
  case bool = 9
  case float16, double, uint32, uint64
  case bfloat16 = 16
  case uint4 = 21
  case int4

  /// The type that holds its values: the same one, or the next larger that there is.
  var element: ElementType {
    switch self {
    case .float: .f32
    case .float16: .f16
    case .bfloat16: .bf16
    case .double: .f64
    case .bool: .bool
    case .uint8, .uint4: .u8
    case .int8, .int4: .i8
    case .int16: .i16
    case .int32, .uint16: .i32
    case .int64, .uint32, .uint64: .i64
    }
  }

  /// Whether `element` is the type itself, so that raw data are those of a tensor.
  var isElement: Bool {
    switch self {
    case .uint16, .uint32, .uint64, .uint4, .int4: false
    default: true
    }
  }

  /// Bits that one element takes in raw data.
  var bitCount: Int {
    switch self {
    case .uint4, .int4: 4
    case .uint16: 16
    case .uint32: 32
    default: 8 * element.byteCount
    }
  }

  /// The type that the graph computes with: f32, i64 or bool.
  var computed: ElementType {
    switch self {
    case .float, .float16, .bfloat16, .double: .f32
    case .bool: .bool
    default: .i64
    }
  }
}
