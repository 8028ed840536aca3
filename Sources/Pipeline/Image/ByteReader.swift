/// A cursor over the bytes of an untrusted file. Every read is checked; offsets are the file's.
struct ByteReader {
  enum Endianness { case little, big }

  let bytes: [UInt8]
  let endianness: Endianness
  /// Offset of the next byte to be read.
  private(set) var offset: Int
  /// One past the last byte that may be read; never beyond the bytes.
  let end: Int

  /// - Parameter range: the part to read, cut to what there is; all bytes when nil.
  init(_ bytes: [UInt8], in range: Range<Int>? = nil, _ endianness: Endianness) {
    self.bytes = bytes
    self.endianness = endianness
    let range = (range ?? bytes.indices).clamped(to: bytes.indices)
    offset = range.lowerBound
    end = range.upperBound
  }

  /// Reads from an offset to the end; nothing where the offset lies beyond.
  init(_ bytes: [UInt8], from start: Int, _ endianness: Endianness) {
    self.init(bytes, in: min(start, bytes.count)..<bytes.count, endianness)
  }

  var remaining: Int { end - offset }

  /// Reads the next `count` bytes as one unsigned number; nil, and nothing read, where they are missing.
  /// - Precondition: `count` is at most 4.
  mutating func number(_ count: Int) -> Int? {
    precondition((1...4).contains(count))
    guard remaining >= count else { return nil }
    let field = bytes[offset..<(offset + count)]
    offset += count
    return switch endianness {
    case .big: field.reduce(0) { $0 << 8 | Int($1) }
    case .little: field.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
  }

  /// Passes over the next `count` bytes and returns where they lie; nil where they are missing.
  mutating func take(_ count: Int) -> Range<Int>? {
    guard count >= 0, remaining >= count else { return nil }
    defer { offset += count }
    return offset..<(offset + count)
  }

  /// Reads a four-character code.
  mutating func fourCC() -> FourCC? {
    take(4).map { FourCC(bytes[$0]) }
  }
}

/// The type code of a PNG or RIFF chunk.
struct FourCC: Hashable, ExpressibleByStringLiteral {
  let code: [UInt8]

  init(_ bytes: ArraySlice<UInt8>) { code = Array(bytes) }
  init(stringLiteral text: String) { code = Array(text.utf8) }
}
