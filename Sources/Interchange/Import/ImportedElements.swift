import IR
import Tensors

extension ElementType {
  /// The element type of a constant in the module: half precision stays as it is, other floating-point
  /// types are f32, all integers i64.
  var imported: ElementType {
    switch self {
    case .f32, .f64: .f32
    case .f16, .bf16, .bool: self
    case .i64, .i32, .i16, .i8, .u8: .i64
    }
  }
}

extension HostTensor {
  /// In the type that the graph computes with.
  var imported: HostTensor {
    let element = element.imported.computed
    return HostTensor(element, shape, values.map(element.converted))
  }

  /// As a plan stores it.
  var data: TensorData {
    switch element {
    case .i64: TensorData(values.map { Int64($0.saturated) }, shape: shape)
    case .bool: TensorData(flags: values.map { $0 != 0 }, shape: shape)
    default: TensorData(values.map { Float($0) }, shape: shape)
    }
  }
}

extension Double {
  /// Itself, or the nearest number that is one of Int64 for sure.
  var saturated: Double { isNaN ? 0 : Swift.min(Swift.max(self, -0x1p63), 0x1.fffffffffffffp62) }
}

extension TensorData {
  init(flags: [Bool], shape: [Int]) {
    let bytes = flags.map { $0 ? UInt8(1) : 0 }
    guard let data = try? TensorData(.bool, shape: shape, bytes: bytes) else {
      preconditionFailure("as many flags as the shape has elements")
    }
    self = data
  }

  /// Integers widened to i64, all else as it is.
  var importedIntegers: TensorData {
    guard elementType != .bool, elementType != .i64, let integers = integers() else { return self }
    return TensorData(integers, shape: shape)
  }

  /// A matrix with its axes swapped.
  var transposed: TensorData {
    let (rows, columns, size) = (shape[0], shape[1], elementType.byteCount)
    return withUnsafeBytes { source in
      TensorData(elementType, shape: [columns, rows]) { target in
        // Columns of the target are written in strips that stay in cache.
        for strip in stride(from: 0, to: columns, by: 16) {
          for row in 0..<rows {
            for column in strip..<min(strip + 16, columns) {
              let from = (row * columns + column) * size
              UnsafeMutableRawBufferPointer(
                rebasing: target[(column * rows + row) * size..<(column * rows + row + 1) * size]
              ).copyMemory(from: UnsafeRawBufferPointer(rebasing: source[from..<from + size]))
            }
          }
        }
      }
    }
  }
}
