/// Writes PNG files chunk by chunk, right or wrong, for tests of the reader.
struct PNGBuilder {
  private(set) var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// A file of 8-bit RGB noise whose parts can be replaced. `data` is what the IDAT chunk inflates to.
  static func file(
    width: Int = 4, height: Int = 3, depth: UInt8 = 8, colorType: UInt8 = 2, interlace: UInt8 = 0,
    before: [(String, [UInt8])] = [], data: [UInt8]? = nil, end: Bool = true
  ) -> [UInt8] {
    var png = PNGBuilder()
    let format = [depth, colorType, 0, 0, interlace]
    png.add("IHDR", bigEndian(width) + bigEndian(height) + format)
    for (type, content) in before { png.add(type, content) }
    png.add("IDAT", zlibStored(data ?? [UInt8](repeating: 0, count: height * (1 + 3 * width))))
    if end { png.add("IEND", []) }
    return png.bytes
  }

  mutating func add(_ type: String, _ content: [UInt8]) {
    let body = Array(type.utf8) + content
    bytes += Self.bigEndian(content.count) + body + Self.bigEndian(Int(Self.crc32(body)))
  }

  static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// A zlib stream of stored blocks (RFC 1950, RFC 1951), each as long as can be but for the last.
  static func zlibStored(_ data: [UInt8]) -> [UInt8] {
    var (bytes, rest): ([UInt8], ArraySlice<UInt8>) = ([0x78, 0x01], data[...])
    repeat {
      let block = rest.prefix(Int(UInt16.max))
      rest = rest.dropFirst(block.count)
      let length = UInt16(block.count)
      bytes.append(rest.isEmpty ? 1 : 0)
      for number in [length, ~length] { bytes += [UInt8(number & 0xFF), UInt8(number >> 8)] }
      bytes += block
    } while !rest.isEmpty
    return bytes + bigEndian(adler32(data))
  }

  private static func adler32(_ data: [UInt8]) -> Int {
    var (a, b) = (1, 0)
    for byte in data {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    return b << 16 | a
  }

  private static func crc32(_ data: [UInt8]) -> UInt32 {
    ~data.reduce(~0) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in
        crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1
      }
    }
  }
}
