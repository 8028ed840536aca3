extension ImageHeader {
  /// Reads a TIFF file's first directory (TIFF 6.0, section 2): size and what memory decoding takes, the
  /// orientation from its tag or from XMP.
  init(tiff bytes: [UInt8]) throws(ImageError) {
    func damaged(_ offset: Int, _ what: String) -> ImageError {
      ImageError(.damagedHeader(.tiff, offset: offset, what))
    }
    let endianness = bytes[0] == UInt8(ascii: "I") ? ByteReader.Endianness.little : .big
    var reader = ByteReader(bytes, from: 4, endianness)
    guard let start = reader.number(4) else { throw damaged(4, "the header is cut off") }
    reader = ByteReader(bytes, from: start, endianness)
    guard let count = reader.number(2) else {
      throw damaged(start, "the directory lies beyond the end of the file")
    }
    var fields: [Int: TIFFField] = [:]
    for _ in 0..<count {
      guard let entry = reader.take(12) else {
        throw damaged(start, "the directory reaches beyond the end of the file")
      }
      let field = TIFFField(ByteReader(bytes, in: entry, endianness))
      if let field, fields[field.tag] == nil { fields[field.tag] = field }
    }
    guard let width = fields[TIFFField.width]?.value, let height = fields[TIFFField.height]?.value
    else { throw damaged(start, "the directory has no size") }
    self.init(format: .tiff, width: width, height: height)
    let bits = fields[TIFFField.bitsPerSample]?.first(in: bytes, endianness) ?? 1
    let samples = fields[TIFFField.samplesPerPixel]?.value ?? 1
    codecBytes = Self.product(width, height, bits, samples) / 8
    if fields[TIFFField.compression]?.value ?? 1 == 1 { fewestBytes = codecBytes }
    let xmp = fields[TIFFField.xmp].map { Array(bytes[$0.content(in: bytes)]) } ?? []
    orientation = OrientationMetadata(exif: bytes, xmp: xmp).orientation
  }
}

/// An entry of a TIFF directory.
private struct TIFFField {
  static let width = 256
  static let height = 257
  static let bitsPerSample = 258
  static let compression = 259
  static let samplesPerPixel = 277
  static let xmp = 700

  let tag: Int
  private let type: Int
  private let count: Int
  /// The one short or long in the entry itself; meaningless for other entries.
  let value: Int
  /// Where longer contents lie.
  private let offset: Int

  init?(_ entry: ByteReader) {
    var entry = entry
    guard let tag = entry.number(2), let type = entry.number(2), let count = entry.number(4) else {
      return nil
    }
    var short = entry
    guard let offset = entry.number(4), let first = short.number(2) else { return nil }
    (self.tag, self.type, self.count, self.offset) = (tag, type, count, offset)
    value = type == 3 ? first : offset
  }

  /// The first of several shorts.
  func first(in bytes: [UInt8], _ endianness: ByteReader.Endianness) -> Int? {
    if count <= 2 { return value }
    var reader = ByteReader(bytes, from: offset, endianness)
    return reader.number(2)
  }

  /// The bytes of an entry of more than four, cut to the file.
  func content(in bytes: [UInt8]) -> Range<Int> {
    let start = min(offset, bytes.count)
    return start..<min(start + count, bytes.count)
  }
}
