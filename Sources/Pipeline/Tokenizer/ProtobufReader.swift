/// Reads the fields of one protobuf message, strictly: nothing that the message does not hold is
/// touched, groups and field number 0 are refused, every length is checked before it is used.
struct ProtobufReader {
  /// The value of a field as its wire type gives it.
  enum Value {
    case varint(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  struct Field {
    var number: Int
    var value: Value
    /// Where the field starts, in bytes from the start of the file.
    var offset: Int
  }

  private var rest: ArraySlice<UInt8>

  /// The slice's indices count from the start of the file.
  init(_ bytes: ArraySlice<UInt8>) {
    rest = bytes
  }

  /// The next field, nil at the end of the message.
  mutating func next() throws(TokenizerError) -> Field? {
    guard !rest.isEmpty else { return nil }
    let offset = rest.startIndex
    let tag = try varint()
    guard let number = Int(exactly: tag >> 3), (1..<(1 << 29)).contains(number) else {
      throw .malformed(offset: offset, problem: "no field has the number \(tag >> 3)")
    }
    let value: Value
    switch tag & 7 {
    case 0: value = .varint(try varint())
    case 1: value = .fixed64(Self.littleEndian(try take(8)))
    case 2: value = .bytes(try take(try varint()))
    case 5: value = .fixed32(UInt32(truncatingIfNeeded: Self.littleEndian(try take(4))))
    case let type: throw .malformed(offset: offset, problem: "wire type \(type) is not in use")
    }
    return Field(number: number, value: value, offset: offset)
  }

  private mutating func varint() throws(TokenizerError) -> UInt64 {
    let offset = rest.startIndex
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 70, by: 7) {
      guard let byte = rest.popFirst() else {
        throw .malformed(offset: offset, problem: "the file ends within a number")
      }
      guard shift < 63 || byte <= 1 else { break }
      value |= UInt64(byte & 0x7F) << UInt64(shift)
      if byte & 0x80 == 0 { return value }
    }
    throw .malformed(offset: offset, problem: "a number of more than 64 bits")
  }

  private mutating func take(_ count: UInt64) throws(TokenizerError) -> ArraySlice<UInt8> {
    guard count <= UInt64(rest.count) else {
      throw .malformed(
        offset: rest.startIndex, problem: "\(count) bytes announced, \(rest.count) left")
    }
    let bytes = rest.prefix(Int(count))
    rest = rest.dropFirst(Int(count))
    return bytes
  }

  private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension ProtobufReader.Field {
  func bytes() throws(TokenizerError) -> ArraySlice<UInt8> {
    guard case .bytes(let bytes) = value else { throw wrongType }
    return bytes
  }

  func float() throws(TokenizerError) -> Float {
    guard case .fixed32(let bits) = value else { throw wrongType }
    return Float(bitPattern: bits)
  }

  /// An `int32` or enum: the low 32 bits, as protobuf reads them.
  func int32() throws(TokenizerError) -> Int32 {
    guard case .varint(let value) = value else { throw wrongType }
    return Int32(truncatingIfNeeded: value)
  }

  func bool() throws(TokenizerError) -> Bool {
    guard case .varint(let value) = value else { throw wrongType }
    return value != 0
  }

  private var wrongType: TokenizerError {
    .malformed(offset: offset, problem: "field \(number) has the wrong wire type")
  }
}
