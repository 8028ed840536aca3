/// A Swift type whose memory is that of one element type.
public protocol TensorElement: Sendable, BitwiseCopyable {
  static var elementType: ElementType { get }
}

extension Double: TensorElement { public static var elementType: ElementType { .f64 } }
extension Float: TensorElement { public static var elementType: ElementType { .f32 } }
extension Float16: TensorElement { public static var elementType: ElementType { .f16 } }
extension BFloat16: TensorElement { public static var elementType: ElementType { .bf16 } }
extension Int64: TensorElement { public static var elementType: ElementType { .i64 } }
extension Int32: TensorElement { public static var elementType: ElementType { .i32 } }
extension Int16: TensorElement { public static var elementType: ElementType { .i16 } }
extension Int8: TensorElement { public static var elementType: ElementType { .i8 } }
extension UInt64: TensorElement { public static var elementType: ElementType { .u64 } }
extension UInt32: TensorElement { public static var elementType: ElementType { .u32 } }
extension UInt16: TensorElement { public static var elementType: ElementType { .u16 } }
extension UInt8: TensorElement { public static var elementType: ElementType { .u8 } }
