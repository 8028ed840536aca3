/// A BMP file: a Windows or OS/2 bitmap of 1, 4, 8, 16, 24 or 32 bits a pixel, plain or run-length encoded.
///
/// Where files contradict themselves, what Pillow makes of them counts: a grey palette is left out, and the
/// pixels are then levels of grey, or single bits where it has two colours.
struct BitmapPicture: PictureReader {
  private(set) var header = ImageHeader(format: .bmp, width: 0, height: 0)
  private let bytes: [UInt8]
  private var isTopDown = false
  private var bits = 0
  private var compression = Compression.none
  private var data = 0
  private var layout = Layout.palette(.grey, bits: 8)

  private enum Compression: Int {
    case none, runs8, runs4, masks
  }

  /// How a pixel is stored.
  private enum Layout {
    case palette(Palette, bits: Int)
    /// Red, green and blue in a little-endian number of 16 to 32 bits.
    case channels([BitmapMask])
  }

  /// Bytes from one row to the next: whole groups of four.
  private var rowStride: Int { (header.width * bits + 31) / 32 * 4 }

  init(_ bytes: [UInt8]) throws(ImageError) {
    self.bytes = bytes
    var reader = ByteReader(bytes, from: 10, .little)
    guard let offset = reader.number(4), let headerBytes = reader.number(4) else {
      throw damaged(reader.offset, "the header is cut off")
    }
    var colors = try readSize(&reader, headerBytes)
    let masks = try readMasks(&reader, headerBytes)
    if colors == 0 { colors = bits < 32 ? 1 << bits : 0 }
    switch bits {
    case 1, 4, 8: try readPalette(&reader, colors, stride: headerBytes == 12 ? 3 : 4)
    case 16, 24, 32: layout = .channels(try BitmapMask.channels(bits: bits, masks, in: self))
    default: throw damaged(28, "pixels have \(bits) bits, and 1, 4, 8, 16, 24 and 32 are read")
    }
    data = offset == 0 ? reader.offset : offset
    if offset == 14 + headerBytes, bits <= 8 { data += (headerBytes == 12 ? 3 : 4) * colors }
    if compression == .none || compression == .masks {
      header.dataBytes = max(0, bytes.count - data)
      header.fewestBytes = ImageHeader.product(max(0, header.height - 1), rowStride)
    }
    header.codecBytes = ImageHeader.product(header.width, header.height, 2)
  }

  /// Reads the fields up to the number of colours, which it returns, and passes over the rest of the header.
  private mutating func readSize(
    _ reader: inout ByteReader, _ headerBytes: Int
  ) throws(ImageError) -> Int {
    guard [12, 40, 52, 56, 64, 108, 124].contains(headerBytes) else {
      throw damaged(14, "a header of \(headerBytes) bytes is not known")
    }
    var fields = ByteReader(bytes, in: reader.offset..<(14 + headerBytes), .little)
    guard reader.take(headerBytes - 4) != nil else { throw damaged(14, "the header is cut off") }
    let length = headerBytes == 12 ? 2 : 4
    guard let width = fields.number(length), let height = fields.number(length),
      fields.take(2) != nil, let bits = fields.number(2)
    else { throw damaged(14, "the header is cut off") }
    (header.width, header.height, self.bits) = (width, height, bits)
    guard headerBytes > 12 else { return 0 }
    isTopDown = height >> 24 == 0xFF
    if isTopDown { header.height = 1 << 32 - height }
    guard let method = fields.number(4), fields.take(12) != nil, let colors = fields.number(4)
    else {
      throw damaged(14, "the header is cut off")
    }
    guard let compression = Compression(rawValue: method) else {
      throw damaged(30, "compression \(method) is not read")
    }
    self.compression = compression
    return colors
  }

  /// Red, green, blue and alpha; nil where the file has none. They are part of a long header, or follow it.
  private func readMasks(
    _ reader: inout ByteReader, _ headerBytes: Int
  ) throws(ImageError) -> [UInt32]? {
    guard compression == .masks else { return nil }
    var inside = ByteReader(bytes, in: 54..<(14 + headerBytes), .little)
    var masks: [UInt32] = []
    for index in 0..<4 {
      if index == 3, headerBytes < 56 { return masks + [0] }
      guard let mask = headerBytes >= 52 ? inside.number(4) : reader.number(4) else {
        throw damaged(reader.offset, "the masks are cut off")
      }
      masks.append(UInt32(mask))
    }
    return masks
  }

  private mutating func readPalette(
    _ reader: inout ByteReader, _ colors: Int, stride: Int
  ) throws(ImageError) {
    guard compression != .masks else { throw damaged(30, "masks do not go with a palette") }
    let start = reader.offset
    // What the file does not have is black.
    let count = min(ImageHeader.product(colors, stride), reader.remaining)
    guard count / stride <= 256, let entries = reader.take(count) else {
      throw damaged(start, "the palette has more than 256 colours")
    }
    let levels = colors == 2 ? [0, 255] : Array(0..<min(colors, 256))
    let isGrey =
      levels.count == colors
      && levels.enumerated().allSatisfy { index, level in
        let entry = bytes[entries].dropFirst(index * stride).prefix(3)
        return entry.elementsEqual([UInt8](repeating: UInt8(level), count: 3))
      }
    if isGrey {
      layout = .palette(colors <= 2 ? .blackAndWhite : .grey, bits: colors <= 2 ? 1 : 8)
    } else {
      layout = .palette(Palette(bytes[entries], stride: stride, order: [2, 1, 0]), bits: bits)
    }
  }

  func pixels() throws(ImageError) -> [UInt8] {
    switch (layout, compression) {
    case (.palette(let palette, let bits), .none):
      let count = header.width * header.height
      return palette.rgb(try plainRows(bits: bits, count) { indices($0, bits: bits) })
    case (.palette(let palette, let bits), _):
      guard bits > 1 else { throw damaged(30, "run-length encoded bits are not read") }
      return palette.rgb(topDown(try runs()))
    case (.channels(let channels), .none), (.channels(let channels), .masks):
      let count = header.width * header.height * 3
      return try plainRows(bits: bits, count) { colors($0, channels) }
    case (.channels, _):
      throw damaged(30, "run-length encoded pixels of \(bits) bits are not read")
    }
  }

  /// What the stored rows are turned into, from top to bottom, `count` bytes in all.
  private func plainRows(
    bits: Int, _ count: Int, _ transform: (ArraySlice<UInt8>) -> [UInt8]
  ) throws(ImageError) -> [UInt8] {
    let length = (header.width * bits + 7) / 8
    guard length <= rowStride else { throw damaged(28, "rows of grey levels are too short") }
    let end = data + (header.height - 1) * rowStride + length
    guard end <= bytes.count else { throw damaged(bytes.count, "the pixels end early") }
    var result: [UInt8] = []
    result.reserveCapacity(count)
    for row in 0..<header.height {
      let start = data + (isTopDown ? row : header.height - 1 - row) * rowStride
      result += transform(bytes[start..<(start + length)])
    }
    return result
  }

  /// One index a pixel, of one to eight bits each, highest bits first.
  private func indices(_ row: ArraySlice<UInt8>, bits: Int) -> [UInt8] {
    if bits == 8 { return Array(row) }
    let perByte = 8 / bits
    let mask = UInt8(1 << bits - 1)
    return (0..<header.width).map { x in
      let shift = UInt8(8 - bits * (x % perByte + 1))
      return row[row.startIndex + x / perByte] >> shift & mask
    }
  }

  private func colors(_ row: ArraySlice<UInt8>, _ channels: [BitmapMask]) -> [UInt8] {
    let step = bits / 8
    var colors: [UInt8] = []
    colors.reserveCapacity(header.width * 3)
    for x in 0..<header.width {
      var pixel: UInt32 = 0
      for byte in 0..<step {
        pixel |= UInt32(row[row.startIndex + x * step + byte]) << UInt32(8 * byte)
      }
      for channel in channels { colors.append(channel.level(of: pixel)) }
    }
    return colors
  }

  /// Run-length encoded indices in the order of the file.
  private func runs() throws(ImageError) -> [UInt8] {
    var runs = BitmapRuns(
      ByteReader(bytes, from: data, .little), width: header.width,
      height: header.height, isFourBits: compression == .runs4)
    guard let indices = runs.decode() else { throw damaged(bytes.count, "the pixels end early") }
    return indices
  }

  private func topDown(_ indices: [UInt8]) -> [UInt8] {
    if isTopDown { return indices }
    var result: [UInt8] = []
    result.reserveCapacity(indices.count)
    for row in (0..<header.height).reversed() {
      result += indices[(row * header.width)..<((row + 1) * header.width)]
    }
    return result
  }
}

extension Palette {
  /// Two colours.
  static let blackAndWhite = Palette([0, 0, 0, 255, 255, 255])
}
