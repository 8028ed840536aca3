import Inputs

/// An ONNX file as it is written: names, numbers and places, nothing of which has a meaning yet.
struct ONNXModel: Sendable {
  var irVersion: Int
  /// Version of each operator set that the graph uses, by domain; "" is that of the standard operators.
  var imports: [ONNXOperatorSet]
  var graph: ONNXGraph
  var functions: [ONNXFunction]
}

struct ONNXOperatorSet: Sendable {
  var domain: String
  var version: Int
}

struct ONNXGraph: Sendable {
  var name: String
  var nodes: [ONNXNode]
  var inputs: [ONNXValueInfo]
  var outputs: [ONNXValueInfo]
  var initializers: [ONNXTensor]
}

/// A local function: nodes that a node of this name and domain stands for.
struct ONNXFunction: Sendable {
  var name: String
  var domain: String
  var overload: String
  var inputs: [String]
  var outputs: [String]
  /// Names of attributes without a default.
  var attributes: [String]
  var defaults: [ONNXAttribute]
  var nodes: [ONNXNode]
  var imports: [ONNXOperatorSet]
}

struct ONNXNode: Sendable {
  var name: String
  var op: String
  var domain: String
  var overload: String
  /// An empty name is an optional input that is left out.
  var inputs: [String]
  var outputs: [String]
  var attributes: [ONNXAttribute]
}

struct ONNXAttribute: Sendable {
  enum Value: Sendable {
    case int(Int)
    case float(Double)
    case string(String)
    case tensor(ONNXTensor)
    case graph(ONNXGraph)
    case ints([Int])
    case floats([Double])
    case strings([String])
    /// The attribute of this name of the function that the node stands in.
    case reference(String)
    /// A kind that no supported operator has.
    case other
  }

  var name: String
  var value: Value
}

/// Name and type of an input or output.
struct ONNXValueInfo: Sendable {
  enum Extent: Sendable {
    case unknown
    case value(Int)
    case named(String)
  }

  var name: String
  /// nil when it is no tensor, or its type is not given.
  var type: ONNXDataType?
  /// nil when even the number of axes is not given.
  var shape: [Extent]?
  /// It is a sequence, a map or something else that is no tensor.
  var isOther: Bool
}

extension [ONNXValueInfo.Extent] {
  /// `1xbatchx?`
  var described: String {
    map { extent in
      switch extent {
      case .value(let value): "\(value)"
      case .named(let name): name.printable
      case .unknown: "?"
      }
    }.joined(separator: "x")
  }
}

/// A constant. Its values stay where they are until someone asks for them.
struct ONNXTensor: Sendable {
  enum Place: Sendable {
    /// Row-major little-endian bytes in the model's file.
    case file(Range<Int>)
    case bytes([UInt8])
    /// In a file of their own; keys and values as the file has them.
    case external([(key: String, value: String)])
    case integers([Int64])
    case floats([Float])
    case doubles([Double])
    /// In no place, or in several.
    case unclear
  }

  var name: String
  var type: ONNXDataType?
  /// The number of the type in the file, for messages.
  var typeNumber: Int
  var shape: [Int]
  var place: Place
}
