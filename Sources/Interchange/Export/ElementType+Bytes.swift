import IR
import Tensors

extension ElementType {
  /// Numbers as this type stores them, little-endian.
  func bytes(of values: [Double]) -> [UInt8] {
    HostTensor(self, [values.count], values).data.withUnsafeBytes { Array($0) }
  }
}
