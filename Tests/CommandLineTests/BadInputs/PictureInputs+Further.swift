import Foundation
import Testing

/// Lines of §2.3 about the formats that came later: cut off, with bombs, and with sizes and places that lie.
extension PictureInputs {
  static let further: [BadInput] = gifs + bitmaps + netpbms + tiffs + avifs

  private static func refused(
    _ line: String, _ what: String, _ problem: String,
    _ bytes: @escaping @Sendable () throws -> [UInt8]
  ) -> BadInput {
    picture(line, what, .refused(problem), bytes)
  }

  /// A picture of the tests with bytes replaced.
  private static func edited(
    _ line: String, _ what: String, _ problem: String, _ name: String, at offset: Int,
    _ values: UInt8...
  ) -> BadInput {
    refused(line, what, problem) {
      var bytes = try fixture(name)
      bytes.replaceSubrange(offset..<(offset + values.count), with: values)
      return bytes
    }
  }

  private static func half(_ line: String, _ name: String, _ problem: String) -> BadInput {
    refused(line, "half of \(name)", problem) {
      let bytes = try fixture(name)
      return Array(bytes.prefix(bytes.count / 2))
    }
  }

  /// Screen and frame of the given size, then LZW codes.
  private static func gif(_ width: Int, _ height: Int, codes: [UInt8]) -> [UInt8] {
    let size = [width, height].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    return Array("GIF89a".utf8) + size + [0, 0, 0, 0x2C, 0, 0, 0, 0] + size + [0] + codes
  }

  private static let gifs: [BadInput] = [
    refused("2.3.1", "the start of a GIF", "damaged GIF") { Array("GIF89a".utf8) + [1, 0, 1, 0] },
    half("2.3.2", "palette.gif", "damaged GIF"),
    refused("2.3.2", "a GIF without a frame", "there is no frame") {
      Array("GIF89a".utf8) + [1, 0, 1, 0, 0, 0, 0, 0x3B]
    },
    refused("2.3.6", "a GIF without columns", "the first frame is empty") {
      gif(0, 1, codes: [2, 0])
    },
    refused("2.3.3", "a GIF of 4 billion pixels without data", "no data for") {
      gif(65_535, 65_535, codes: [2, 1, 4, 0])
    },
    refused("2.3.4", "a GIF of 4 billion pixels", "bytes of memory") {
      gif(65_535, 65_535, codes: [8] + [UInt8](repeating: 255, count: 1 << 18))
    },
    refused("2.3.2", "GIF codes of 13 bits", "longer than 12 bits") {
      gif(2, 2, codes: [13, 1, 0, 0])
    },
    refused("2.3.2", "a GIF code that has no meaning", "no meaning") {
      gif(2, 2, codes: [2, 2, 0xFC, 0xFF, 0])
    },
    refused("2.3.2", "GIF extensions without an end", "damaged GIF") {
      Array("GIF89a".utf8) + [1, 0, 1, 0, 0, 0, 0, 0x21, 0xFE]
        + [UInt8](repeating: 255, count: 1000)
    },
  ]

  private static let bitmaps: [BadInput] = [
    refused("2.3.1", "the start of a BMP", "damaged BMP") { Array("BM".utf8) + [70, 0, 0, 0] },
    half("2.3.2", "rgb24.bmp", "no data for"),
    edited(
      "2.3.3", "a BMP of 2^31 columns", "no data for", "rgb24.bmp", at: 18, 255, 255, 255, 127),
    edited(
      "2.3.4", "a run-length encoded BMP of 2^62 pixels", "no data for", "runs8.bmp", at: 18,
      255, 255, 255, 127, 255, 255, 255, 127),
    edited("2.3.6", "a BMP without rows", "0 pixels", "rgb24.bmp", at: 22, 0, 0, 0, 0),
    edited(
      "2.3.2", "a BMP whose pixels lie beyond its end", "no data for", "rgb24.bmp", at: 10, 0, 0, 0,
      255),
    edited("2.3.2", "a BMP header of 41 bytes", "header of 41 bytes", "rgb24.bmp", at: 14, 41),
    edited("2.3.2", "a BMP of 3 bits a pixel", "3 bits", "rgb24.bmp", at: 28, 3),
    edited("2.3.2", "a JPEG in a BMP", "compression 4", "rgb24.bmp", at: 30, 4),
    edited(
      "2.3.2", "a BMP palette of 2^32 colours", "more than 256 colours", "palette8.bmp", at: 46,
      255, 255, 255, 255),
    edited("2.3.2", "runs that end early", "end early", "runs8.bmp", at: 118, 0, 1),
  ]

  private static func netpbm(_ what: String, _ problem: String, _ text: String) -> BadInput {
    refused("2.3.2", "a Netpbm file with \(what)", problem) { Array(text.utf8) }
  }

  private static let netpbms: [BadInput] = [
    netpbm("no size", "the size is missing", "P6 "),
    netpbm("a negative size", "the size is missing", "P6 -1 1 255 aaa"),
    netpbm("a size of 11 digits", "the size is missing", "P6 12345678901 1 255 aaa"),
    netpbm("nothing in it", "0x1 pixels", "P6 0 1 255 aaa"),
    netpbm("10^20 pixels", "no data for", "P6 9999999999 9999999999 255 aaa"),
    netpbm("samples up to 65536", "none from 1 to 65535", "P6 1 1 65536 aaaaaa"),
    netpbm("too few samples", "no data for", "P6 2 1 255 aaaaa"),
    netpbm("a sample beyond the largest", "no number up to 9", "P2 2 1 9 1 10"),
    netpbm("words instead of samples", "no number up to 9", "P2 2 1 9 one two"),
    netpbm("a bit of 2", "neither 0 nor 1", "P1 2 1 1 2"),
    netpbm("a comment without an end", "no number up to 9", "P2 2 1 9 # 1 2 3"),
  ]

  /// The entry of a tag in a little-endian TIFF file of the tests: its value begins 8 bytes behind.
  private static func entry(
    _ what: String, _ problem: String, _ name: String, tag: Int, value: Int, at offset: Int = 8
  ) -> BadInput {
    refused("2.3.2", "a TIFF with \(what)", problem) {
      var bytes = try fixture(name)
      let directory = (0..<4).reduce(0) { $0 | Int(bytes[4 + $1]) << (8 * $1) }
      for index in 0..<Int(bytes[directory]) {
        let place = directory + 2 + 12 * index
        guard Int(bytes[place]) | Int(bytes[place + 1]) << 8 == tag else { continue }
        for byte in 0..<4 { bytes[place + offset + byte] = UInt8(value >> (8 * byte) & 0xFF) }
      }
      return bytes
    }
  }

  private static let tiffs: [BadInput] = [
    refused("2.3.1", "the start of a TIFF", "damaged TIFF") { Array("II*\0".utf8) + [8, 0, 0, 0] },
    refused("2.3.2", "a TIFF directory beyond the end", "beyond the end") {
      Array("II*\0".utf8) + [255, 255, 255, 255]
    },
    refused("2.3.2", "a TIFF directory without entries", "no size") {
      Array("II*\0".utf8) + [8, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    },
    half("2.3.2", "rgb_jpeg.tif", "damaged TIFF"),
    entry("65535 columns", "no data for", "strips.tif", tag: 256, value: 65_535),
    entry("65535 rows", "damaged TIFF", "rgb_tiff_lzw.tif", tag: 257, value: 65_535),
    entry("no rows", "0 pixels", "strips.tif", tag: 257, value: 0),
    entry(
      "strips beyond its end", "damaged TIFF", "rgb_tiff_lzw.tif", tag: 273, value: 0x7FFF_FFF0),
    entry("tiles of 2^30 rows", "damaged TIFF", "tiles.tif", tag: 323, value: 1 << 30),
    entry("an unknown compression", "damaged TIFF", "rgb_tiff_lzw.tif", tag: 259, value: 60_000),
    entry("65535 samples a pixel", "no data for", "strips.tif", tag: 277, value: 65_535),
    entry("Lab colours", "layout of samples", "strips.tif", tag: 262, value: 8),
    entry("3 bits a sample", "layout of samples", "white2.tif", tag: 258, value: 3),
    entry("2^32 bits of samples", "damaged TIFF", "rgb_tiff_lzw.tif", tag: 258, value: -1, at: 4),
  ]

  /// A box of an AVIF file of the tests with bytes replaced, counted from its type.
  private static func box(
    _ line: String, _ what: String, _ problem: String, of name: String = "yuv420.avif",
    _ type: String, at offset: Int, _ values: [UInt8]
  ) -> BadInput {
    refused(line, "an AVIF \(what)", problem) {
      var bytes = try fixture(name)
      let start = try #require(bytes.firstRange(of: Array(type.utf8))).lowerBound + offset
      bytes.replaceSubrange(start..<start + values.count, with: values)
      return bytes
    }
  }

  private static let avifs: [BadInput] = [
    refused("2.3.1", "the start of an AVIF", "damaged AVIF") {
      [0, 0, 0, 28] + Array("ftypavif".utf8) + [UInt8](repeating: 0, count: 64)
    },
    half("2.3.2", "rgba.avif", "damaged AVIF"),
    refused("2.3.2", "an AVIF without its last byte", "damaged AVIF") {
      try fixture("yuv420.avif").dropLast()
    },
    box("2.3.3", "of 2^31 columns", "2147483648x29", "ispe", at: 8, [128, 0, 0, 0]),
    box("2.3.3", "of 2^28 pixels", "no data for", "ispe", at: 8, [0, 0, 64, 0, 0, 0, 64, 0]),
    box("2.3.6", "without columns", "0x29", "ispe", at: 8, [0, 0, 0, 0]),
    box("2.3.2", "box beyond its end", "damaged AVIF", "meta", at: -4, [127, 255, 255, 255]),
    box(
      "2.3.2", "box beyond the one around it", "Child box too large", "iprp", at: -4, [0, 1, 0, 0]),
    box("2.3.2", "item beyond its end", "damaged AVIF", "iloc", at: 18, [127, 255, 255, 255]),
    box("2.3.2", "item of 2^32 bytes", "damaged AVIF", "iloc", at: 22, [255, 255, 255, 255]),
    box("2.3.2", "without a primary item", "damaged AVIF", "pitm", at: 0, Array("free".utf8)),
    box("2.3.2", "whose primary item is missing", "damaged AVIF", "pitm", at: 8, [0, 99]),
    box("2.3.2", "without items", "damaged AVIF", "iinf", at: 8, [0, 0]),
    box("2.3.2", "of HEVC data", "damaged AVIF", "av01", at: 0, Array("hvc1".utf8)),
    box("2.3.2", "of another codec's configuration", "damaged AVIF", "av1C", at: 4, [255, 255]),
    box(
      "2.3.2", "with damaged AV1 data", "damaged AVIF", "mdat", at: 4,
      [UInt8](repeating: 255, count: 64)),
    box(
      "2.3.2", "grid of 65536 tiles", "damaged AVIF", of: "grid.avif", "mdat", at: 6, [255, 255]),
    box(
      "2.3.2", "grid of 2^32 rows", "damaged AVIF", of: "grid.avif", "mdat", at: 4,
      [0, 1, 0, 1, 0, 0, 0, 128, 255, 255, 255, 255]),
    box(
      "2.3.21", "sequence without a track", "damaged AVIF", of: "sequence.avif", "trak", at: 0,
      Array("free".utf8)),
    box(
      "2.3.21", "sequence without frames", "damaged AVIF", of: "sequence.avif", "stsz", at: 12,
      [0, 0, 0, 0]),
    box(
      "2.3.21", "sequence of 2^32 frames", "damaged AVIF", of: "sequence.avif", "stsc", at: 16,
      [255, 255, 255, 255]),
    box(
      "2.3.21", "sequence beyond its end", "damaged AVIF", of: "sequence.avif", "stco", at: 12,
      [127, 255, 255, 255]),
  ]
}
