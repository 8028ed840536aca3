import Foundation
import Interchange
import Tensors

/// A file of one `TensorProto`, as the backend tests store inputs and expected outputs.
enum TensorMessage {
  /// Reads the tensor as the only constant of a model that is put around it.
  static func read(_ url: URL, scratch: URL) throws -> TensorData {
    let tensor = try Data(contentsOf: url)
    let graph = field(5, tensor)
    let model = Data([0x08, 8]) + field(7, graph)
    let file = scratch.appending(path: "tensor.onnx")
    try model.write(to: file)
    let constants = try ONNXInterface(path: file.path).constants()
    guard let value = constants.first?.value else { throw Problem.unsupported("no tensor") }
    // The file is written again for the next tensor.
    return try value.withUnsafeBytes {
      try TensorData(value.elementType, shape: value.shape, copying: $0)
    }
  }

  /// A field of bytes: its number and kind, their count, the bytes.
  private static func field(_ number: UInt8, _ bytes: Data) -> Data {
    var result = Data([number << 3 | 2])
    var count = bytes.count
    while count >= 0x80 {
      result.append(UInt8(count & 0x7F) | 0x80)
      count >>= 7
    }
    result.append(UInt8(count))
    return result + bytes
  }
}
