/// An ONNX file that must be refused, and a part of the message that says why.
struct BadONNX: Sendable, CustomStringConvertible {
  typealias Message = ProtobufMessage

  let what: String
  let problem: String
  let bytes: [UInt8]
  var description: String { what }

  static let all = files + messages + graphs + order + branches + functions + tensors + sizes

  init(_ what: String, _ problem: String, _ bytes: [UInt8]) {
    (self.what, self.problem, self.bytes) = (what, problem, bytes)
  }

  init(_ what: String, _ problem: String, _ message: Message) {
    self.init(what, problem, message.bytes)
  }

  /// A model of these nodes, from `x` to `y`.
  init(_ what: String, _ problem: String, nodes: [Message], tensors: [Message] = []) {
    self.init(what, problem, Message.model(Message.graph(nodes, tensors: tensors)))
  }

  /// A model whose input has this shape.
  init(_ what: String, _ problem: String, input: [Int]) {
    self.init(
      what, problem,
      Message.model(
        Message.graph([Message.node("Neg", ["x"])], inputs: [Message.value("x", input)])))
  }

  /// A model that adds a tensor `w`.
  init(_ what: String, _ problem: String, tensor: Message) {
    self.init(what, problem, nodes: [Message.node("Add", ["x", "w"])], tensors: [tensor])
  }
}
