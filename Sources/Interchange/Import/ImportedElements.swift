import IR
import Tensors

extension ElementType {
  /// The element type of a constant in the module: half precision stays as it is, other floating-point
  /// types are f32, all integers i64.
  var imported: ElementType {
    switch self {
    case .f16, .bf16, .bool: self
    default: isFloatingPoint ? .f32 : .i64
    }
  }
}

extension HostTensor {
  /// In the type that the graph computes with.
  var imported: HostTensor {
    let element = element.imported.computed
    return HostTensor(element, shape, values.map(element.converted))
  }

}

extension ElementType {
  /// The type that the graph computes with: f32, i64 or bool.
  var graphType: ElementType { imported.computed }
}

extension TensorData {
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
