import Testing

@testable import BadFiles
@testable import Pipeline

@Suite(.timeLimit(.minutes(1))) struct ImageBadInputTests {
  @Test(arguments: BadPicture.unknownFormats + BadPicture.pngs)
  func `is refused with a reason`(picture: BadPicture) {
    expectRefusal(picture)
  }

  @Test func `a wrong zlib checksum is refused although all pixels are there`() throws {
    var png = PNGBuilder()
    let format: [UInt8] = [8, 2, 0, 0, 0]
    png.add("IHDR", PNGBuilder.bigEndian(4) + PNGBuilder.bigEndian(3) + format)
    png.add(
      "IDAT", BadPicture.flipped(PNGBuilder.zlibStored([UInt8](repeating: 0, count: 39)), at: 49))
    png.add("IEND", [])
    expectRefusal(BadPicture("", png.bytes, "damaged PNG"))
  }

  @Test(arguments: [1, 8, 256])
  func `a palette's transparency has an entry for each colour at most`(colours: Int) throws {
    func file(transparent: Int) -> [UInt8] {
      PNGBuilder.file(
        colorType: 3,
        before: [
          ("PLTE", [UInt8](repeating: 7, count: 3 * colours)),
          ("tRNS", [UInt8](repeating: 0, count: transparent)),
        ], data: [UInt8](repeating: 0, count: 15))
    }
    let picture = try RGBImage.decode(file(transparent: colours))
    #expect(picture == RGBImage(width: 4, height: 3, filledWith: RGBColor(7, 7, 7)))
    expectRefusal(BadPicture("", file(transparent: colours + 1), "damaged PNG file: tRNS: invalid"))
  }

  @Test func `JPEG headers are refused`() throws {
    let good = try ImageFixtures.bytes("decode/rgb_444.jpg")
    let frame = try #require(good.firstRange(of: [0xFF, 0xC0, 0x00, 0x11])).upperBound
    func changed(_ offset: Int, _ values: UInt8...) -> [UInt8] {
      var bytes = good
      bytes.replaceSubrange((frame + offset)..<(frame + offset + values.count), with: values)
      return bytes
    }
    for picture in [
      BadPicture("SOI only", [0xFF, 0xD8, 0xFF], "frame header"),
      BadPicture("SOI and EOI", [0xFF, 0xD8, 0xFF, 0xD9], "segment"),
      BadPicture("65500x65500", changed(1, 0xFF, 0xDC, 0xFF, 0xDC), "no data for"),
      BadPicture("height 0", changed(1, 0, 0), "0 pixels"),
      BadPicture("12 bits", changed(0, 12), "12 bits"),
      BadPicture("sampling 0x0", changed(7, 0), "damaged JPEG"),
      BadPicture("missing quantisation table", changed(8, 3), "damaged JPEG"),
      BadPicture("no end", Array(good.dropLast(2)), "end early"),
    ] {
      expectRefusal(picture)
    }
  }

  @Test func `a JPEG of endless scans is refused`() throws {
    let good = try ImageFixtures.bytes("decode/rgb_progressive.jpg")
    let firstScan = try #require(good.firstRange(of: [0xFF, 0xDA])).lowerBound
    let scans = Array(good[firstScan..<(good.count - 2)])
    let repeated = (0..<20).flatMap { _ in scans }
    expectRefusal(BadPicture("", good.dropLast(2) + repeated + [0xFF, 0xD9], "scans"))
  }

  @Test func `WebP containers are refused`() throws {
    let good = try ImageFixtures.bytes("decode/orientation.webp")
    let animated = try ImageFixtures.bytes("decode/animated_offset.webp")
    let frame = try #require(animated.firstRange(of: Array("ANMF".utf8))).upperBound + 4
    func changed(_ bytes: [UInt8], _ offset: Int, _ values: UInt8...) -> [UInt8] {
      var bytes = bytes
      bytes.replaceSubrange(offset..<(offset + values.count), with: values)
      return bytes
    }
    for picture in [
      BadPicture("RIFF size 2^32-2", changed(good, 4, 0xFE, 0xFF, 0xFF, 0xFF), "RIFF size"),
      BadPicture("RIFF size 0", changed(good, 4, 0, 0, 0, 0), "RIFF size"),
      BadPicture("no chunks", changed(Array(good[..<12]), 4, 4, 0, 0, 0), "no frame"),
      BadPicture("canvas larger than the frame", changed(good, 24, 0xFF), "differ in size"),
      BadPicture(
        "sides of 2^24 pixels", changed(animated, 24, 255, 255, 255, 255, 255, 255),
        "no data for"),
      BadPicture("frame outside the canvas", changed(animated, frame, 200), "leaves the canvas"),
      BadPicture("frame size", changed(animated, frame + 6, 7), "differ in size"),
    ] {
      expectRefusal(picture)
    }
  }

  /// Also shows that nothing is read beyond the bytes there are.
  @Test(arguments: [
    "rgb8.png", "palette4_interlaced.png", "rgb_420.jpg", "rgb_progressive.jpg", "lossless.webp",
    "lossy_alpha.webp", "last_row_unpadded.bmp", "strips.tif", "one_pixel.avif", "sequence.avif",
    "grey.pgm",
    "plain.pbm",
  ])
  func `every part of a file is refused`(name: String) throws {
    let bytes = try ImageFixtures.bytes("decode/\(name)")
    for length in bytes.indices {
      #expect(throws: ImageError.self, "first \(length) bytes") {
        try RGBImage.decode(Array(bytes[..<length]))
      }
    }
  }

  @Test(arguments: ["interlaced_low.gif", "small_frame.gif", "local_palette.gif"])
  func `every part of a GIF without all of its pixels is refused`(name: String) throws {
    let bytes = try ImageFixtures.bytes("decode/\(name)")
    // Behind the pixels there are an empty block and the trailer.
    for length in bytes.indices.dropLast(2) {
      #expect(throws: ImageError.self, "first \(length) bytes") {
        try RGBImage.decode(Array(bytes[..<length]))
      }
    }
  }

  /// Whether such a file is still a picture is the codec's affair: the reader must only survive.
  @Test(arguments: ImageFixtures.names(in: "decode", ImageFixtures.extensions))
  func `damage anywhere is survived`(name: String) throws {
    let good = try ImageFixtures.bytes("decode/\(name)")
    var random = Noise(seed: UInt32(good.count))
    for _ in 0..<40 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let offset = Int.random(in: bytes.indices, using: &random)
        bytes[offset] = UInt8.random(in: 0...255, using: &random)
      }
      // What a large picture costs is another test's concern.
      guard let header = try? ImageHeader(bytes), header.width * header.height < 1 << 12 else {
        continue
      }
      _ = try? RGBImage.decode(bytes)
    }
  }

  @Test func `messages name the file on one line`() {
    let error = #expect(throws: ImageError.self) { try RGBImage.decode(path: "/no/such\u{1B}[31m") }
    let expected = "/no/such\\u{1b}[31m: cannot be read: No such file or directory"
    #expect(error.map { "\($0)".hasPrefix(expected) } == true)
    #expect(throws: ImageError.self) { try RGBImage.decode(path: "/dev/zero") }
    #expect(throws: ImageError.self) { try RGBImage.decode(path: "/") }
  }

  private func expectRefusal(_ picture: BadPicture) {
    let error = #expect(throws: ImageError.self, "\(picture.name)") {
      try RGBImage.decode(picture.bytes)
    }
    guard let error else { return }
    #expect("\(error)".contains(picture.message), "\(picture.name)")
    #expect(!"\(error)".contains("\n"), "\(picture.name)")
  }
}

/// A linear congruential generator: the same damage on every machine.
private struct Noise: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt32) { state = UInt64(seed) }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 32
  }
}
