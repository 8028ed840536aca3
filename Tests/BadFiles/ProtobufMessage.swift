/// Writes protobuf's wire format, right or wrong.
struct ProtobufMessage {
  var bytes: [UInt8] = []

  static func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
  }

  func int(_ field: UInt64, _ value: Int) -> Self {
    Self(bytes: bytes + Self.varint(field << 3) + Self.varint(UInt64(bitPattern: Int64(value))))
  }

  func data(_ field: UInt64, _ data: [UInt8]) -> Self {
    Self(bytes: bytes + Self.varint(field << 3 | 2) + Self.varint(UInt64(data.count)) + data)
  }

  func text(_ field: UInt64, _ text: String) -> Self { data(field, Array(text.utf8)) }

  func message(_ field: UInt64, _ message: Self) -> Self { data(field, message.bytes) }

  func messages(_ field: UInt64, _ messages: [Self]) -> Self {
    Self(bytes: messages.reduce(into: bytes) { $0 += Self().message(field, $1).bytes })
  }

  func texts(_ field: UInt64, _ texts: [String]) -> Self {
    Self(bytes: texts.reduce(into: bytes) { $0 += Self().text(field, $1).bytes })
  }
}

/// The messages of ONNX, with the numbers of their fields.
extension ProtobufMessage {
  typealias Message = ProtobufMessage

  static func node(
    _ op: String, _ inputs: [String], _ outputs: [String] = ["y"], name: String = "n",
    domain: String = "", attributes: [Message] = []
  ) -> Message {
    Message().texts(1, inputs).texts(2, outputs).text(3, name).text(4, op).text(7, domain)
      .messages(5, attributes)
  }

  static func attribute(_ name: String, int value: Int) -> Message {
    Message().text(1, name).int(20, 2).int(3, value)
  }

  static func attribute(_ name: String, graph: Message) -> Message {
    Message().text(1, name).int(20, 5).message(6, graph)
  }

  static func value(_ name: String, _ dims: [Int], type: Int = 1) -> Message {
    let shape = Message().messages(1, dims.map { Message().int(1, $0) })
    let tensor = Message().int(1, type).message(2, shape)
    return Message().text(1, name).message(2, Message().message(1, tensor))
  }

  static func tensor(
    _ name: String, _ dims: [Int], type: Int = 1, raw: [UInt8]? = nil,
    external: [(String, String)] = []
  ) -> Message {
    var message = Message()
    for dim in dims { message = message.int(1, dim) }
    message = message.int(2, type).text(8, name)
    if let raw { message = message.data(9, raw) }
    guard !external.isEmpty else { return message }
    return message.messages(13, external.map { Message().text(1, $0).text(2, $1) }).int(14, 1)
  }

  static func graph(
    _ nodes: [Message], inputs: [Message] = [value("x", [2])],
    outputs: [Message] = [value("y", [2])],
    tensors: [Message] = []
  ) -> Message {
    Message().messages(1, nodes).text(2, "g").messages(5, tensors).messages(11, inputs)
      .messages(12, outputs)
  }

  static func operators(_ version: Int, domain: String = "") -> Message {
    Message().text(1, domain).int(2, version)
  }

  static func model(
    _ graph: Message, ir: Int = 8, sets: [Message] = [operators(13)], functions: [Message] = []
  ) -> Message {
    Message().int(1, ir).message(7, graph).messages(8, sets).messages(25, functions)
  }

  static func function(
    _ name: String, _ nodes: [Message], inputs: [String] = ["x"], outputs: [String] = ["y"]
  ) -> Message {
    Message().text(1, name).texts(4, inputs).texts(5, outputs).messages(7, nodes)
      .message(9, operators(13)).message(9, operators(1, domain: "f")).text(10, "f")
  }
}
