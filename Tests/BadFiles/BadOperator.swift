/// An ONNX model of one operator whose attributes or constants no model has in earnest, and a part of
/// the message that says why it is refused.
struct BadOperator: Sendable, CustomStringConvertible {
  typealias Message = ProtobufMessage

  let description: String
  let problem: String
  let bytes: [UInt8]

  /// A model with one node that reads `x` of this shape, then the tensors.
  init(
    _ what: String, _ problem: String, _ op: String, attributes: [Message] = [],
    x: [Int] = [1, 1, 4, 4], tensors: [Message] = [], skipping: Int = 0, version: Int = 18
  ) {
    description = "\(op): \(what)"
    self.problem = problem
    let names = (0..<tensors.count).map { "t\($0)" }
    let node = Message.node(
      op, ["x"] + Array(repeating: "", count: skipping) + names, attributes: attributes)
    let named = zip(tensors, names).map { $0.text(8, $1) }
    let graph = Message.graph([node], inputs: [Message.value("x", x)], tensors: named)
    bytes = Message.model(graph, sets: [Message.operators(version)]).bytes
  }
}

extension BadOperator {
  static let all = sizes + meanings + misfits + plans

  static func ints(_ name: String, _ values: [Int]) -> Message {
    values.reduce(Message().text(1, name).int(20, 7)) { $0.int(8, $1) }
  }

  static func text(_ name: String, _ value: String) -> Message {
    Message().text(1, name).int(20, 3).text(4, value)
  }

  static func int(_ name: String, _ value: Int) -> Message { Message.attribute(name, int: value) }

  private static func bytes(_ bits: [UInt64], _ size: Int) -> [UInt8] {
    bits.flatMap { bits in (0..<size).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) } }
  }

  static func floats(_ values: [Float]) -> Message {
    let raw = bytes(values.map { UInt64($0.bitPattern) }, 4)
    return Message.tensor("", [values.count], raw: raw)
  }

  static func zeros(_ shape: [Int]) -> Message {
    Message.tensor("", shape, raw: Array(repeating: 0, count: 4 * shape.reduce(1, *)))
  }

  static func integers(_ values: [Int]) -> Message {
    let raw = bytes(values.map { UInt64(bitPattern: Int64($0)) }, 8)
    return Message.tensor("", [values.count], type: 7, raw: raw)
  }

  static let sizes: [BadOperator] = [
    BadOperator(
      "infinite scales", "do not fit", "Resize", tensors: [floats([1, 1, .infinity, 2])],
      skipping: 1),
    BadOperator(
      "no scales", "do not fit", "Resize", tensors: [floats([1, 1, .nan, 2])], skipping: 1),
    BadOperator(
      "scales of nothing", "do not fit", "Resize", tensors: [floats([1, 1, 0, 1])], skipping: 1),
    BadOperator(
      "a size beyond any", "do not fit", "Resize", tensors: [integers([1, 1, .max, 4])], skipping: 2
    ),
    BadOperator(
      "a matrix too large", "more than the", "Resize", attributes: [text("mode", "linear")],
      x: [1, 1, 1, 1 << 20],
      tensors: [integers([1, 1, 1, 1 << 20 - 1])], skipping: 2),
    BadOperator(
      "an extent of nothing", "it resizes to [1, 1, 0, 4]", "Resize",
      tensors: [floats([1, 1, 0.1, 1])], skipping: 1),
    BadOperator(
      "an extent beyond any", "it resizes to [1, 1, 2097152, 4]", "Resize",
      tensors: [floats([1, 1, 524288, 1])], skipping: 1),
    BadOperator(
      "a block beyond any", "needs a picture", "DepthToSpace", attributes: [int("blocksize", .max)]),
    BadOperator(
      "a block of nothing", "needs a picture", "SpaceToDepth", attributes: [int("blocksize", 0)]),
    BadOperator(
      "an output beyond any", "output_shape does not fit", "ConvTranspose",
      attributes: [ints("output_shape", [.min, .max])],
      tensors: [Message.tensor("", [1, 1, 1, 1], raw: [0, 0, 0, 0])]),
    BadOperator(
      "strides beyond any", "strides does not fit", "ConvTranspose",
      attributes: [ints("strides", [.max, 1])],
      tensors: [Message.tensor("", [1, 1, 1, 1], raw: [0, 0, 0, 0])]),
    BadOperator(
      "pads beyond any", "it continues an axis", "Pad", attributes: [text("mode", "edge")],
      tensors: [integers([.min, 0, 0, 0, 0, 0, 0, .max])]),
    BadOperator(
      "pads beyond any", "a pad is too large", "Pad",
      tensors: [integers([0, 0, 0, 0, 0, 0, 0, .max])]),
    BadOperator("a pad too few", "two pads for each axis", "Pad", x: [4], tensors: [integers([1])]),
    BadOperator(
      "a pad too many", "two pads for each axis", "Pad", x: [4], tensors: [integers([1, 1, 1])]),
    BadOperator(
      "a size below 0", "needs a size for each", "CenterCropPad",
      tensors: [integers([1, 1, .min, 4])]),
    BadOperator("more than there are", "expected at most", "TopK", tensors: [integers([5])]),
    BadOperator("a number below 0", "expected at most", "TopK", tensors: [integers([.min])]),
    BadOperator(
      "an image beyond any", "do not fit", "Col2Im", x: [1, 4, 4],
      tensors: [integers([.max, .max]), integers([2, 2])]),
    BadOperator(
      "a grid beyond any", "more than the", "AffineGrid", x: [1, 2, 3],
      tensors: [integers([1, 1, 1 << 40, 1 << 40])], version: 20),
    BadOperator(
      "sizes below 0", "more than the", "AffineGrid", x: [1, 2, 3],
      tensors: [integers([1, 1, -4, 4])],
      version: 20),
    BadOperator(
      "a length beyond any", "no signal", "DFT", x: [1, 4, 1], tensors: [integers([.max])]),
    BadOperator("a size of channels", "attribute size", "LRN", attributes: [int("size", .max)]),
    BadOperator(
      "a kernel too large", "does not fit", "MaxPool",
      attributes: [ints("kernel_shape", [.max, 2])]),
    BadOperator("windows over 4 axes", "windows over 4", "MaxPool", x: [1, 1, 2, 2, 2, 2]),
  ]

  static let meanings: [BadOperator] = [
    BadOperator(
      "an unknown mode", "mode = worst", "Resize", attributes: [text("mode", "worst")],
      tensors: [floats([1, 1, 2, 2])],
      skipping: 1),
    BadOperator(
      "an equation of other ranks", "does not fit its inputs", "Einsum",
      attributes: [text("equation", "ab->a")]
    ),
    BadOperator("an equation of nothing", "does not fit its inputs", "Einsum"),
    BadOperator(
      "a result from nowhere", "from nowhere", "Einsum", attributes: [text("equation", "abcd->e")]),
    BadOperator(
      "another rank of indices", "do not fit", "GatherElements", tensors: [integers([0])]),
    BadOperator(
      "indices too deep", "do not fit", "GatherND", tensors: [integers([0, 0, 0, 0, 0])]),
    BadOperator(
      "an unknown reduction", "reduction = most", "ScatterND",
      attributes: [text("reduction", "most")], x: [2],
      tensors: [Message.tensor("", [1, 1], type: 7, raw: [0, 0, 0, 0, 0, 0, 0, 0]), floats([0])]),
    BadOperator(
      "updates that do not fit", "does not fit", "ScatterND", x: [2],
      tensors: [
        Message.tensor("", [1, 1], type: 7, raw: [0, 0, 0, 0, 0, 0, 0, 0]), floats([0, 0]),
      ]),
    BadOperator(
      "weights that do not fit", "weights do not fit", "LSTM", x: [3, 1, 2],
      tensors: [
        Message.tensor("", [1, 4, 2], raw: bytes(Array(repeating: 0, count: 8), 4)),
        Message.tensor("", [1, 4, 2], raw: bytes(Array(repeating: 0, count: 8), 4)),
      ]),
    BadOperator(
      "too many steps", "a fixed number up to 1024", "GRU", x: [5000, 1, 2],
      tensors: [floats([0]), floats([0])]),
    BadOperator(
      "places that depend on data", "sampling_ratio = 0", "RoiAlign", x: [1, 1, 4, 4],
      tensors: [
        Message.tensor("", [1, 4], raw: bytes([0, 0, 0, 0], 4)), integers([0]),
      ]),
    BadOperator("an axis too far", "out of range", "CumSum", tensors: [integers([9])]),
    BadOperator(
      "neither way", "neither LEFT nor RIGHT", "BitShift", attributes: [text("direction", "UP")],
      tensors: [integers([1])]),
    BadOperator(
      "heads that do not divide", "does not divide into heads", "Attention",
      attributes: [int("q_num_heads", 3)], x: [1, 2, 4],
      tensors: [
        Message.tensor("", [1, 2, 4], raw: bytes(Array(repeating: 0, count: 8), 4)),
        Message.tensor("", [1, 2, 4], raw: bytes(Array(repeating: 0, count: 8), 4)),
      ], version: 23),
    BadOperator("no sequence", "is no sequence", "SequenceLength"),
    BadOperator("a vector", "no place", "GlobalAveragePool", x: [4]),
    BadOperator("large matrices", "are not supported", "Det", x: [9, 9]),
  ]
}
