/// The first frame of a GIF file (GIF89a), on its canvas.
struct GIFPicture: PictureReader {
  private(set) var header = ImageHeader(format: .gif, width: 0, height: 0)
  private let bytes: [UInt8]
  /// The frame's place on the canvas.
  private var x = 0
  private var y = 0
  private var frameWidth = 0
  private var frameHeight = 0
  private var isInterlaced = false
  private var palette: Palette?
  /// The index where the frame does not reach: the transparent one, else 0.
  private var background: UInt8 = 0
  /// Offset of the compressed indices, which begin with their code size.
  private var data = 0

  init(_ bytes: [UInt8]) throws(ImageError) {
    self.bytes = bytes
    var reader = ByteReader(bytes, from: 6, .little)
    guard let width = reader.number(2), let height = reader.number(2), let flags = reader.number(1),
      reader.take(2) != nil
    else { throw damaged(reader.offset, "the screen descriptor is cut off") }
    (header.width, header.height) = (width, height)
    let global = try colours(flags, &reader)
    try findFrame(&reader, global)
    header.width = max(width, x + frameWidth)
    header.height = max(height, y + frameHeight)
    header.codecBytes = ImageHeader.product(header.width, header.height, 2)
    // A code of at least one bit stands for at most 4096 pixels.
    header.dataBytes = bytes.count - data
    header.fewestBytes = frameWidth * frameHeight / (8 * 4096)
  }

  /// Passes over extensions up to the first frame's data.
  private mutating func findFrame(
    _ reader: inout ByteReader, _ global: Palette?
  ) throws(ImageError) {
    while true {
      let start = reader.offset
      switch reader.number(1) {
      case 0x21:
        try passOverExtension(&reader)
      case 0x2C:
        guard let x = reader.number(2), let y = reader.number(2), let width = reader.number(2),
          let height = reader.number(2), let flags = reader.number(1)
        else { throw damaged(start, "the frame's descriptor is cut off") }
        guard width > 0, height > 0 else { throw damaged(start, "the first frame is empty") }
        (self.x, self.y, frameWidth, frameHeight) = (x, y, width, height)
        isInterlaced = flags & 0x40 != 0
        palette = try colours(flags, &reader) ?? global
        data = reader.offset
        return
      case nil, 0x3B:
        throw damaged(start, "there is no frame")
      default:
        // Pillow passes over bytes between blocks.
        break
      }
    }
  }

  /// A graphic control extension may name the transparent index; what others say plays no part.
  private mutating func passOverExtension(_ reader: inout ByteReader) throws(ImageError) {
    let label = reader.number(1)
    var isFirst = true
    while let length = reader.number(1), length > 0 {
      guard let block = reader.take(length) else {
        throw damaged(reader.offset, "an extension reaches beyond the end of the file")
      }
      if isFirst, label == 0xF9, length >= 4, bytes[block.lowerBound] & 1 == 1 {
        background = bytes[block.lowerBound + 3]
      }
      isFirst = false
    }
  }

  /// The table of colours that the flags announce; nil where there is none, or one that only says that
  /// indices are levels of grey.
  private func colours(_ flags: Int, _ reader: inout ByteReader) throws(ImageError) -> Palette? {
    guard flags & 0x80 != 0 else { return nil }
    let start = reader.offset
    guard let table = reader.take(3 << (flags & 7 + 1)) else {
      throw damaged(start, "the table of colours is cut off")
    }
    let isGrey = table.allSatisfy { bytes[$0] == UInt8(($0 - table.lowerBound) / 3) }
    return isGrey ? nil : Palette(bytes[table])
  }

  func pixels() throws(ImageError) -> [UInt8] {
    guard data < bytes.count else { throw damaged(data, "there are no pixels") }
    var decoder = LZWDecoder(bytes, at: data)
    let indices: [UInt8]
    do throws(LZWDecoder.Failure) {
      indices = try decoder.indices(frameWidth * frameHeight)
    } catch {
      throw damaged(error.offset, error.what)
    }
    return (palette ?? .grey).rgb(placed(indices))
  }

  /// The frame's indices on the canvas, interlaced rows in their places.
  private func placed(_ indices: [UInt8]) -> [UInt8] {
    let passes = isInterlaced ? [(0, 8), (4, 8), (2, 4), (1, 2)] : [(0, 1)]
    let rows = passes.flatMap { first, step in stride(from: first, to: frameHeight, by: step) }
    if !isInterlaced, (frameWidth, frameHeight) == (header.width, header.height) { return indices }
    var canvas = [UInt8](repeating: background, count: header.width * header.height)
    for (stored, row) in rows.enumerated() {
      let start = (y + row) * header.width + x
      let source = indices[(stored * frameWidth)..<((stored + 1) * frameWidth)]
      canvas.replaceSubrange(start..<(start + frameWidth), with: source)
    }
    return canvas
  }
}
