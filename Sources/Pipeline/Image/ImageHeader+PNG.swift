extension ImageHeader {
  /// Walks a PNG file's chunks: the size from `IHDR`, the orientation from `eXIf` or from text.
  init(png bytes: [UInt8]) throws(ImageError) {
    func damaged(_ offset: Int, _ what: String) -> ImageError {
      ImageError(.damagedHeader(.png, offset: offset, what))
    }
    var reader = ByteReader(bytes, from: 8, .big)
    guard reader.number(4) == 13, reader.fourCC() == "IHDR",
      let width = reader.number(4), let height = reader.number(4), let depth = reader.number(1),
      let colourType = reader.number(1), reader.take(3 + 4) != nil
    else { throw damaged(reader.offset, "the IHDR chunk is missing or cut off") }
    self.init(format: .png, width: width, height: height)
    let channels = [2: 3, 4: 2, 6: 4][colourType] ?? 1
    // Deflate makes at most 1032 bytes of one.
    fewestBytes = Self.product(width, height, depth * channels) / (8 * 1032)

    var exif: [UInt8]?
    var texts = PNGTexts()
    while let length = reader.number(4) {
      let start = reader.offset - 4
      guard let type = reader.fourCC(), let content = reader.take(length), reader.take(4) != nil
      else { throw damaged(start, "a chunk reaches beyond the end of the file") }
      switch type {
      case "IDAT":
        dataBytes = (dataBytes ?? 0) + length
      case "eXIf":
        exif = Array(bytes[content])
      case "tEXt":
        texts.addText(bytes[content])
      case "zTXt":
        texts.addCompressedText(bytes[content])
      case "iTXt":
        texts.addInternationalText(bytes[content])
      case "IEND":
        orientation =
          OrientationMetadata(
            exif: exif ?? texts.exif ?? texts.rawProfileExif ?? [], xmp: texts.xmpPacket
          ).orientation
        return
      default:
        break
      }
    }
    throw damaged(bytes.count, "the IEND chunk is missing")
  }
}
