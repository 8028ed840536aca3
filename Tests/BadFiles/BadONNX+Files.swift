/// Models that are refused: files that are none, and what a model says of itself.
extension BadONNX {
  static let good = Message.model(Message.graph([Message.node("Neg", ["x"])]))

  /// `count` graphs, each in an attribute of a node of the one before.
  static func nested(_ count: Int) -> Message {
    (0..<count).reduce(Message.graph([Message.node("Neg", ["x"])])) { inner, _ in
      Message.graph([
        Message.node("If", ["x"], attributes: [Message.attribute("then_branch", graph: inner)])
      ])
    }
  }

  static let yes = Message.tensor("c", [1], type: 9, raw: [1])

  /// A node that takes this branch if `c` is true.
  static func branching(_ graph: Message, yielding name: String = "y") -> Message {
    Message.node("If", ["c"], [name], attributes: [Message.attribute("then_branch", graph: graph)])
  }

  /// A model with an input that is a sequence of sequences of … tensors.
  static func sequences(_ count: Int) -> Message {
    let tensor = Message().message(1, Message().int(1, 1))
    let type = (0..<count).reduce(tensor) { inner, _ in
      Message().message(4, Message().message(1, inner))
    }
    let input = Message().text(1, "s").message(2, type)
    return Message.model(
      Message.graph([Message.node("Neg", ["x"])], inputs: [Message.value("x", [2]), input]))
  }

  static let files: [BadONNX] = [
    BadONNX("an empty file", "the file is empty", [UInt8]()),
    BadONNX("text", "not an ONNX model", Array("hello, world\n".utf8)),
    BadONNX("trailing NULs", "not an ONNX model", good.bytes + [0, 0]),
    BadONNX("no graph", "it has no graph", Message().int(1, 8).message(8, Message.operators(13))),
    BadONNX(
      "no IR version", "does not say its IR version", Message.model(Message.graph([]), ir: 0)),
    BadONNX(
      "a late IR version", "IR version 9999; versions 3 to 13",
      Message.model(Message.graph([]), ir: 9999)),
    BadONNX(
      "no operator set", "which version of the operators",
      Message.model(Message.graph([]), sets: [])),
    BadONNX(
      "a late operator set", "version 9999 of the operators; versions 1 to 24",
      Message.model(Message.graph([]), sets: [Message.operators(9999)])),
    BadONNX(
      "two operator sets", "in two versions",
      Message.model(
        Message.graph([]), sets: [Message.operators(13), Message.operators(14, domain: "ai.onnx")])),
    BadONNX(
      "a name that is not UTF-8", "is not UTF-8",
      Message.model(Message.graph([Message().data(1, [0xFF])]))),
    BadONNX(
      "a name of two lines", "has a control character", nodes: [Message.node("Neg", ["x\n"])]),
    BadONNX("training information", "has training information", good.message(20, Message())),
  ]

  /// What protobuf's wire format forbids, or nests without end.
  static let messages: [BadONNX] = [
    BadONNX("field 0", "not an ONNX model", good.bytes + [0x02, 0]),
    BadONNX("a group", "not an ONNX model", good.bytes + [0x1B, 0x1C]),
    BadONNX("wire type 6", "not an ONNX model", good.bytes + [0x0E, 0]),
    BadONNX("wire type 7", "not an ONNX model", good.bytes + [0x0F, 0]),
    BadONNX(
      "a varint of 11 bytes", "not an ONNX model", [8] + Array(repeating: 0xFF, count: 10) + [1]),
    BadONNX("a length beyond the file", "not an ONNX model", [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 7]),
    BadONNX(
      "a length of 2^64 - 1", "not an ONNX model", [0x3A] + Array(repeating: 0xFF, count: 9) + [1]),
    BadONNX(
      "groups 200000 deep", "not an ONNX model",
      good.bytes + (0..<200_000).flatMap { _ in [0xFB, 0x07] as [UInt8] }),
    BadONNX(
      "a version that is text", "does not say its IR version",
      Message().text(1, "8").message(7, Message.graph([])).message(8, Message.operators(13))),
    // Deep enough to be refused only for its depth.
    BadONNX("graphs 30 deep", "its condition depends on data", Message.model(nested(30))),
    BadONNX("graphs 33 deep", "nest more than 32 deep", Message.model(nested(33))),
    BadONNX("graphs 5000 deep", "nest more than 32 deep", Message.model(nested(5000))),
    BadONNX("a sequence of sequences", "input \"s\" is no tensor", sequences(10)),
    BadONNX("sequences 5000 deep", "not an ONNX model", sequences(5000)),
    BadONNX(
      "2^22 axes", "has 4194304 axes",
      tensor: Message().data(1, Array(repeating: 1, count: 1 << 22)).int(2, 1).text(8, "w")),
    BadONNX(
      "a million inputs", "it has 1000000 inputs",
      nodes: [Message.node("Neg", Array(repeating: "x", count: 1_000_000))]),
    BadONNX(
      "200000 terms", "it has 200000 inputs",
      nodes: [Message.node("Sum", Array(repeating: "x", count: 200_000))]),
    BadONNX(
      "4097 terms", "it has 4097 inputs, expected 1 to 4096",
      nodes: [Message.node("Sum", Array(repeating: "x", count: 4097))]),
  ]
}
