/// A file that must be refused, and a part of the message that says why.
struct BadPicture: Sendable, CustomStringConvertible {
  var name: String
  var bytes: [UInt8]
  var message: String

  init(_ name: String, _ bytes: [UInt8], _ message: String) {
    self.name = name
    self.bytes = bytes
    self.message = message
  }

  var description: String { name }
}

extension BadPicture {
  static let unknownFormats = [
    BadPicture("empty", [], "not a JPEG, PNG"),
    BadPicture("one byte", [0xFF], "not a JPEG, PNG"),
    BadPicture("HTML", Array("<!DOCTYPE html><html>".utf8), "not a JPEG, PNG"),
    BadPicture(
      "JPEG 2000", [0, 0, 0, 12] + Array("jP  \r\n".utf8) + [0x87, 0x0A], "not a JPEG, PNG"),
    BadPicture("text", Array("P7 not a picture".utf8), "not a JPEG, PNG"),
    BadPicture("RIFF sound", Array("RIFF    WAVEfmt ".utf8), "not a JPEG, PNG"),
    BadPicture("a QuickTime box", [0, 0, 0, 16] + Array("wideavifavif".utf8), "not a JPEG, PNG"),
  ]

  static let pngs = [
    BadPicture("no chunks", PNGBuilder().bytes, "IHDR"),
    BadPicture("width 0", PNGBuilder.file(width: 0), "0x3 pixels"),
    BadPicture("height 0", PNGBuilder.file(height: 0), "4x0 pixels"),
    BadPicture("side 2^31-1", bomb(0x7FFF_FFFF, 0x7FFF_FFFF), "no data for"),
    BadPicture("side 2^32-1", bomb(0xFFFF_FFFF, 0xFFFF_FFFF), "no data for"),
    BadPicture("60000x60000", bomb(60_000, 60_000), "no data for"),
    BadPicture("88 megapixels", bomb(11_000, 8_000), "no data for"),
    BadPicture("side too long", bomb(1, 100_000), "no data for"),
    BadPicture("colour type 5", PNGBuilder.file(colorType: 5), "IHDR"),
    BadPicture("bit depth 7", PNGBuilder.file(depth: 7), "IHDR"),
    BadPicture("interlace 2", PNGBuilder.file(interlace: 2), "IHDR"),
    BadPicture("no palette", PNGBuilder.file(colorType: 3), "PLTE"),
    BadPicture(
      "index beyond the palette",
      PNGBuilder.file(
        colorType: 3, before: [("PLTE", [1, 2, 3])], data: [UInt8](repeating: 1, count: 15)),
      "palette"),
    BadPicture(
      "transparency longer than the palette",
      PNGBuilder.file(
        colorType: 3, before: [("PLTE", [1, 2, 3]), ("tRNS", [UInt8](repeating: 0, count: 9))],
        data: [UInt8](repeating: 0, count: 15)),
      "tRNS"),
    BadPicture("too few pixels", PNGBuilder.file(data: [0, 0, 0]), "damaged PNG"),
    BadPicture(
      "too many pixels", PNGBuilder.file(data: [UInt8](repeating: 0, count: 4000)), "damaged PNG"),
    BadPicture(
      "unknown row filter", PNGBuilder.file(data: [UInt8](repeating: 9, count: 39)), "damaged PNG"),
    BadPicture("no IEND", PNGBuilder.file(end: false), "IEND"),
    BadPicture(
      "chunk beyond the end", PNGBuilder.file().dropLast(12) + [0xFF, 0, 0, 0],
      "at byte 95, a chunk reaches beyond the end of the file"),
    BadPicture("wrong IHDR checksum", flipped(PNGBuilder.file(), at: 29), "damaged PNG"),
    BadPicture(
      "wrong checksum of an ancillary chunk",
      flipped(PNGBuilder.file(before: [("tEXt", [65, 0, 66])]), at: 45), "damaged PNG"),
    BadPicture("wrong IDAT checksum", flipped(PNGBuilder.file(), at: 33 + 8 + 50), "damaged PNG"),
    BadPicture("damaged zlib header", flipped(PNGBuilder.file(), at: 33 + 8), "damaged PNG"),
  ]

  /// A PNG whose header promises more than its few bytes of data could hold.
  static func bomb(_ width: Int, _ height: Int) -> [UInt8] {
    PNGBuilder.file(width: width, height: height, data: [UInt8](repeating: 0, count: 100))
  }

  static func flipped(_ bytes: [UInt8], at offset: Int) -> [UInt8] {
    var bytes = bytes
    bytes[offset] ^= 1
    return bytes
  }
}
