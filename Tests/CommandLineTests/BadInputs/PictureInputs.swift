import Foundation
import Testing

@testable import BadFiles

/// §2.3: pictures. What is accepted is drawn again, so that its pixels can be compared.
enum PictureInputs {
  static let all = formats + pngs + jpegs + webps + further + accepted + prompts + limits

  static func picture(
    _ line: String, _ what: String, _ verdict: BadInput.Verdict, name: String = "picture",
    environment: [String: String] = [:], _ bytes: @escaping @Sendable () throws -> [UInt8]
  ) -> BadInput {
    BadInput(line, what, verdict, environment: environment) { folder in
      let path = try folder.write(try bytes(), to: name)
      return [
        "run", try CompiledPlans.picture.get(), "--image", path, "--max-new-tokens", "1", "--draw",
        folder.output("drawn.png"),
      ]
    }
  }

  private static func refused(
    _ line: String, _ what: String, _ problem: String, name: String = "picture",
    _ bytes: @escaping @Sendable () throws -> [UInt8]
  ) -> BadInput {
    picture(line, what, .refused(problem), name: name, bytes)
  }

  static func fixture(_ name: String) throws -> [UInt8] {
    Array(
      try Data(
        contentsOf: CommandLineProcess.root.appendingPathComponent(
          "Tests/Fixtures/images/decode/\(name)")))
  }

  /// The limit of pixels, moved by the user; `rgb8.png` has 13 × 9.
  static let limits: [BadInput] = [
    limited(
      "116",
      .refused("is 13x9 pixels, more than the 116 that PALIGRAPH_PIXEL_LIMIT allows; scale it down")
    ) {
      try fixture("rgb8.png")
    },
    limited("117", .accepted("")) { try fixture("rgb8.png") },
    limited("60000000", .refused("is a damaged PNG file")) {
      PNGBuilder.file(width: 8000, height: 7000, data: [0])
    },
    limited("\(Int.max)", .refused("no data for")) {
      PNGBuilder.file(width: 100_000, height: 100_000, data: [0])
    },
    limited("5e7", .refused("PALIGRAPH_PIXEL_LIMIT is \"5e7\", which is no number of pixels")) {
      try fixture("rgb8.png")
    },
  ]

  private static func limited(
    _ pixels: String, _ verdict: BadInput.Verdict, _ bytes: @escaping @Sendable () throws -> [UInt8]
  ) -> BadInput {
    picture(
      "2.3.4", "a limit of \(pixels) pixels", verdict,
      environment: ["PALIGRAPH_PIXEL_LIMIT": pixels], bytes)
  }

  private static func magic(_ line: String, _ what: String, _ start: [UInt8]) -> BadInput {
    refused(line, what, "not a JPEG, PNG", name: "\(what).jpg") {
      start + [UInt8](repeating: 0, count: 64)
    }
  }

  static let formats: [BadInput] = [
    refused("2.3.1", "an empty file", "not a JPEG, PNG") { [] },
    refused("2.3.1", "one byte", "not a JPEG, PNG") { [0xFF] },
    refused("2.3.1", "the start of a JPEG", "frame header") { [0xFF, 0xD8, 0xFF] },
    refused("2.3.1", "HTML named .jpg", "not a JPEG, PNG", name: "x.jpg") {
      Array("<!DOCTYPE html><html><body>404</body></html>".utf8)
    },
    picture("2.3.1", "a PNG named .jpg", .accepted(""), name: "x.jpg") { try fixture("rgb8.png") },
    magic("2.3.2", "FITS", Array("SIMPLE  =                    T".utf8)),
    magic("2.3.2", "SVG", Array("<svg xmlns=\"http://www.w3.org/2000/svg\"/>".utf8)),
    magic("2.3.2", "JPEG 2000", [0, 0, 0, 12] + Array("jP  \r\n".utf8) + [0x87, 0x0A]),
    magic("2.3.2", "HEIC", [0, 0, 0, 24] + Array("ftypheic".utf8)),
    magic("2.3.2", "HEIC of brand mif1", [0, 0, 0, 24] + Array("ftypmif1\0\0\0\0mif1heic".utf8)),
    BadInput("2.3.+", "a file beyond the memory", .refused("bytes long")) { folder in
      try folder.write(try fixture("rgb8.png"), to: "x.png")
      try folder.extend("x.png", to: 3 << 30)
      return ["run", try CompiledPlans.picture.get(), "--image", folder.file("x.png")]
    },
    BadInput("2.3.+", "a pipe", .refused("not a regular file")) { folder in
      mkfifo(folder.file("x.png"), 0o600)
      return ["run", try CompiledPlans.picture.get(), "--image", folder.file("x.png")]
    },
    BadInput("2.3.+", "a device", .refused("not a regular file")) { _ in
      ["run", try CompiledPlans.picture.get(), "--image", "/dev/zero"]
    },
  ]

  /// A PNG of black pixels, which hardly has data.
  private static func black(_ line: String, width: Int, height: Int) -> BadInput {
    picture(line, "\(width) × \(height) black pixels", .accepted("")) {
      var png = PNGBuilder()
      let size = PNGBuilder.bigEndian(width) + PNGBuilder.bigEndian(height)
      png.add("IHDR", size + [8, 2, 0, 0, 0])
      png.add("IDAT", zlibZeros(height * (1 + 3 * width)))
      png.add("IEND", [])
      return png.bytes
    }
  }

  private static func png(_ line: String, _ name: String) -> BadInput {
    guard let bad = BadPicture.pngs.first(where: { $0.name == name }) else {
      preconditionFailure("a bad picture named \(name)")
    }
    return refused(line, name, bad.message) { bad.bytes }
  }

  static let pngs: [BadInput] =
    [
      "2.3.3": ["side 2^31-1", "side 2^32-1", "60000x60000"],
      "2.3.4": ["88 megapixels"],
      "2.3.5": ["side too long"],
      "2.3.6": ["width 0", "height 0"],
      "2.3.7": [
        "too few pixels", "too many pixels", "wrong IDAT checksum", "damaged zlib header",
        "unknown row filter",
      ],
      "2.3.8": ["no IEND"],
      "2.3.9": ["wrong IHDR checksum", "wrong checksum of an ancillary chunk"],
      "2.3.11": [
        "no palette", "index beyond the palette", "transparency longer than the palette",
        "bit depth 7", "colour type 5", "interlace 2",
      ],
      "2.3.+": ["no chunks", "chunk beyond the end"],
    ].sorted { $0.key < $1.key }.flatMap { line, names in names.map { png(line, $0) } } + [
      refused("2.3.4", "169 megapixels", "no data for") {
        PNGBuilder.file(width: 13_000, height: 13_000, data: [0])
      },
      refused("2.3.5", "100000 rows of one pixel without data", "no data for") {
        PNGBuilder.file(width: 1, height: 100_000, data: [0])
      },
      black("2.3.5", width: 1, height: 100_000), black("2.3.5", width: 100_000, height: 1),
      black("2.3.4", width: 30_000, height: 200),
      refused("2.3.7", "truncated pixels", "damaged PNG") {
        let whole = try fixture("rgb8.png")
        return Array(whole.prefix(whole.count / 2))
      },
      refused("2.3.7", "a wrong Adler checksum", "damaged PNG") {
        var png = PNGBuilder()
        png.add("IHDR", PNGBuilder.bigEndian(4) + PNGBuilder.bigEndian(3) + [8, 2, 0, 0, 0])
        png.add(
          "IDAT",
          BadPicture.flipped(PNGBuilder.zlibStored([UInt8](repeating: 0, count: 39)), at: 49))
        png.add("IEND", [])
        return png.bytes
      },
      picture("2.3.10", "text that inflates to 64 MB", .accepted("")) {
        PNGBuilder.file(before: [("zTXt", Array("k\0\0".utf8) + zlibZeros(64 << 20))])
      },
      picture("2.3.10", "a profile that inflates to 64 MB", .accepted("")) {
        PNGBuilder.file(before: [("iCCP", Array("p\0\0".utf8) + zlibZeros(64 << 20))])
      },
      picture("2.3.10", "international text that inflates to 64 MB", .accepted("")) {
        PNGBuilder.file(before: [("iTXt", Array("k\0\u{1}\0\0\0".utf8) + zlibZeros(64 << 20))])
      },
    ]

  /// A zlib stream of that many zeros in a 160th of the bytes: copies of 258 of the zero before and single
  /// ones, in the fixed codes of RFC 1951.
  private static func zlibZeros(_ count: Int) -> [UInt8] {
    var bits = BitWriter(bytes: [0x78, 0x01])
    bits.add(0b011, 3)  // The last block, with fixed codes.
    for _ in 0...(count - 1) % 258 { bits.add(0b0000_1100, 8) }  // Literal 0.
    for _ in 0..<(count - 1) / 258 { bits.add(0b0_0000_1010_0011, 13) }  // Length 258, distance 1.
    bits.add(0, 7)  // The end of the block.
    return bits.bytes + PNGBuilder.bigEndian((count % 65521) << 16 | 1)
  }

  /// Fills bytes from their lowest bits upwards.
  private struct BitWriter {
    var bytes: [UInt8]
    private var free = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func add(_ value: Int, _ count: Int) {
      for bit in 0..<count {
        if free == 0 {
          bytes.append(0)
          free = 8
        }
        if value >> bit & 1 == 1 { bytes[bytes.count - 1] |= 1 << UInt8(8 - free) }
        free -= 1
      }
    }
  }

  /// Files in which Pillow sees the same pixels.
  static let accepted: [BadInput] =
    [
      "2.3.12": [
        "rgb16.png", "grey16.png", "grey_alpha8.png", "grey_alpha16.png", "rgba8.png",
        "rgba16.png", "grey1.png", "grey2.png", "grey4.png", "palette1.png", "palette2.png",
        "palette4.png", "grey1_interlaced.png", "palette2_interlaced.png", "rgb8_interlaced.png",
        "rgba16_interlaced.png", "interlaced_one_column.png", "palette4_transparent.png",
      ],
      "2.3.2": [
        "interlaced.gif", "transparent.gif", "small_frame.gif", "runs8.bmp", "masks_565.bmp",
        "palette4_odd.bmp", "bits_group4.tif", "orientation6.tif", "tiles.tif", "rgba.avif",
        "orientation7.avif", "deep12_422_alpha.avif", "grid.avif", "bits.pbm", "grey_wide.pgm",
        "colour.pnm",
      ],
      "2.3.17": ["cmyk.jpg", "ycck.jpg", "grey.jpg"],
      "2.3.18": [
        "orientation6.jpg", "orientation_unknown.jpg", "orientation_truncated.jpg",
        "orientation_far_directory.jpg", "orientation_after.png",
      ],
      "2.3.19": ["profile_ignored.png"],
      "2.3.21": [
        "animated.webp", "animated_offset.webp", "animated.png", "animated.gif", "sequence.avif",
      ],
    ].sorted { $0.key < $1.key }.flatMap { line, names in
      names.map { name in picture(line, name, .accepted(""), name: name) { try fixture(name) } }
    } + [
      picture("2.3.13", "a ZIP behind a PNG", .accepted(""), name: "x.png") {
        try fixture("rgb8.png") + Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 7, count: 500)
      },
      picture("2.3.+", "one pixel", .accepted("")) { try fixture("one_pixel.png") },
    ]

  private static func prompt(
    _ line: String, _ what: String, _ verdict: BadInput.Verdict, _ text: String
  ) -> BadInput {
    BadInput(line, what, verdict) { folder in
      let path = try folder.write(try fixture("rgb8.png"), to: "x.png")
      return [
        "run", try CompiledPlans.picture.get(), "--image", path, "--max-new-tokens", "1",
        "--prompt", text,
      ]
    }
  }

  static let prompts: [BadInput] = [
    prompt("2.3.23", "a place for the picture", .accepted(""), "<image> caption en"),
    prompt("2.3.23", "places for two pictures", .refused("2 "), "<image><image> caption en"),
    prompt(
      "2.3.23", "places for 10000 pictures", .refused("10000 "),
      String(repeating: "<image>", count: 10_000)),
  ]
}
