/// Writes protobuf's wire format: a message as the bytes of its fields.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  /// A number; negative ones take ten bytes.
  mutating func int(_ field: Int, _ value: Int) {
    varint(UInt64(field) << 3)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func float(_ field: Int, _ value: Float) {
    varint(UInt64(field) << 3 | 5)
    for shift in stride(from: 0, to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift)))
    }
  }

  mutating func data(_ field: Int, _ data: [UInt8]) {
    header(field, byteCount: data.count)
    bytes.append(contentsOf: data)
  }

  mutating func text(_ field: Int, _ text: String) { data(field, Array(text.utf8)) }

  /// A text that is left out when it is empty.
  mutating func note(_ field: Int, _ text: String) {
    if !text.isEmpty { self.text(field, text) }
  }

  mutating func message(_ field: Int, _ fill: (inout ProtobufWriter) -> Void) {
    var message = ProtobufWriter()
    fill(&message)
    data(field, message.bytes)
  }

  /// What stands before a field of bytes that are written elsewhere.
  mutating func header(_ field: Int, byteCount: Int) {
    varint(UInt64(field) << 3 | 2)
    varint(UInt64(byteCount))
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
