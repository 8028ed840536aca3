import IR
import Tensors

/// An ONNX model that is about to be written. Tensors that are large only say where their values come
/// from.
struct ExportedModel {
  /// A node; names say what it reads and yields. It is called after its last output.
  struct Node {
    let op: String
    /// An empty name is an optional input that is left out.
    let inputs: [String]
    let outputs: [String]
    let attributes: [(name: String, value: ExportedAttribute)]
    let doc: String
  }

  /// Name and type of an input, an output or a value between nodes.
  struct ValueInfo {
    let name: String
    let type: TensorType
    let doc: String
  }

  struct Initializer {
    let name: String
    let element: ElementType
    let shape: [Int]
    let content: ExportedContent

    var byteCount: Int { shape.reduce(element.byteCount, *) }
  }

  let name: String
  let doc: String
  let opset: Int
  let producerVersion: String
  let metadata: [(key: String, value: String)]
  let nodes: [Node]
  let inputs: [ValueInfo]
  let outputs: [ValueInfo]
  let values: [ValueInfo]
  let initializers: [Initializer]

  /// The first version of the format that has these operators.
  var irVersion: Int {
    switch opset {
    case ...14: 7
    case ...18: 8
    case ...20: 9
    case ...22: 10
    default: 11
    }
  }
}

enum ExportedAttribute: Hashable {
  case int(Int)
  case float(Double)
  case string(String)
  case ints([Int])
}

/// Where the values of an initializer come from.
enum ExportedContent {
  /// Bytes that are in the graph.
  case bytes([UInt8])
  /// A tensor of the module, read when the file is written.
  case tensor(ModuleTensor)
}
