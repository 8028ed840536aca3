import Testing

@testable import BadFiles
@testable import Pipeline

/// What a picture may ask for.
@Suite struct ImageLimitsTests {
  /// A photograph of 50 megapixels, a panorama and a long strip.
  @Test(arguments: [(8160, 6144), (30_000, 600), (1, 200_000)])
  func `large pictures are decoded whole`(width: Int, height: Int) throws {
    let pixels = [UInt8](repeating: 7, count: width * height * 3)
    let picture = RGBImage(width: width, height: height, pixels: pixels)
    let file = try height > 65_500 ? picture.pngEncoded() : picture.jpegEncoded()
    #expect(try RGBImage.decode(file) == picture)
  }

  /// 37 x 29 pixels of which 2 x 2 share colours: 3 x 2 units of six blocks with 64 coefficients of 2 bytes.
  @Test func `a progressive JPEG needs memory for its coefficients`() throws {
    let header = try ImageHeader(ImageFixtures.bytes("decode/rgb_progressive.jpg"))
    #expect(header.codecBytes == 3 * 2 * 6 * 64 * 2)
    #expect(header.decodingBytes == 37 * 29 * 3 + header.codecBytes + 37 * 64 + 29 * 16)
    #expect(try ImageHeader(ImageFixtures.bytes("decode/rgb_420.jpg")).codecBytes == 0)
  }

  /// Planes and what the decoder keeps of them, which depend on its library's version.
  @Test func `an AVIF needs memory for its planes beside the pixels`() throws {
    let header = try ImageHeader(ImageFixtures.bytes("decode/yuv420.avif"))
    #expect(header.codecBytes > header.width * header.height * 3 / 2)
  }

  @Test func `a turned picture needs memory twice`() throws {
    let stored = try ImageHeader(ImageFixtures.bytes("decode/orientation1.jpg"))
    let turned = try ImageHeader(ImageFixtures.bytes("decode/orientation6.jpg"))
    #expect(turned.decodingBytes == stored.decodingBytes + 24 * 16 * 3)
  }

  /// Lossless pixels have four bytes each, and lossy ones one of alpha.
  @Test(arguments: ["lossless.webp", "lossy_alpha.webp"])
  func `a WebP needs memory for five bytes a pixel`(name: String) throws {
    let header = try ImageHeader(ImageFixtures.bytes("decode/\(name)"))
    #expect(header.codecBytes == header.width * header.height * 5)
  }

  @Test func `a picture that takes 16 MiB is decoded whatever memory there is`() throws {
    let most = 16 << 20
    var header = ImageHeader(format: .gif, width: 1, height: 1)
    header.codecBytes = most - header.decodingBytes
    try ImageLimits.check(header, fileBytes: 1, availableBytes: { 0 })
    header.codecBytes += 1
    try ImageLimits.check(header, fileBytes: 1, availableBytes: { most + 1 })
    #expect(throws: ImageError(.tooLarge(1, 1, bytes: most + 1, available: most))) {
      try ImageLimits.check(header, fileBytes: 1, availableBytes: { most })
    }
  }

  @Test func `where the system does not say what memory there is, it is 2 GiB`() {
    let most = 2 << 30
    var header = ImageHeader(format: .gif, width: 1, height: 1)
    header.codecBytes = most + 1 - header.decodingBytes
    #expect(throws: ImageError(.tooLarge(1, 1, bytes: most + 1, available: most))) {
      try ImageLimits.check(header, fileBytes: 1, availableBytes: { nil })
    }
  }

  /// 2^26 pixels, and 2^14 for each byte.
  @Test(arguments: [0, 1000])
  func `a file has so many pixels for its bytes`(bytes: Int) throws {
    let side = 1 << 13
    // The last pixel of so many rows is the first that is too many.
    let tooHigh = side + 2 * (bytes + 1)
    func check(height: Int) throws {
      let header = ImageHeader(format: .gif, width: side, height: height)
      try ImageLimits.check(header, fileBytes: bytes, availableBytes: { Int.max })
    }
    try check(height: tooHigh - 1)
    let what = "there are no data for \(side)x\(tooHigh) pixels"
    #expect(throws: ImageError(.damagedHeader(.gif, offset: bytes, what))) {
      try check(height: tooHigh)
    }
  }

  /// Deflate makes at most 1032 bytes of one, so that a row of as many pixels takes a byte for each channel.
  @Test(arguments: [(0, 1), (2, 3), (3, 1), (4, 2), (6, 4)] as [(UInt8, Int)])
  func `a PNG has no more pixels than its data can hold`(colorType: UInt8, channels: Int) throws {
    let (most, height) = (120, 120 / channels)
    func file(dataBytes: Int) -> [UInt8] {
      // What a stored block takes besides its content.
      let overhead = PNGBuilder.zlibStored([]).count
      return PNGBuilder.file(
        width: 1032, height: height, colorType: colorType,
        data: [UInt8](repeating: 0, count: dataBytes - overhead))
    }
    #expect(try ImageHeader(file(dataBytes: most)).height == height)
    let short = file(dataBytes: most - 1)
    let what = "there are no data for 1032x\(height) pixels"
    #expect(throws: ImageError(.damagedHeader(.png, offset: short.count, what))) {
      try ImageHeader(short)
    }
  }

  @Test(
    arguments: [
      (0, 64 << 20), (256 << 20, 64 << 20), ((256 << 20) + 4, (64 << 20) + 1), (4 << 30, 1 << 30),
      (nil, 512 << 20),
    ] as [(Int?, Int)])
  func `a file may take a quarter of the memory, and 64 MiB anyway`(
    available: Int?, most: Int
  ) throws {
    #expect(try ImageLimits.fileBytes(availableBytes: { available }) == most)
  }

  @Test(arguments: [
    (1 << 31, 1 << 31, Int.max, "bytes of memory"), (1 << 32, 1 << 32, Int.max, "no data for"),
    (1 << 24, 1 << 24, 1 << 20, "no data for"), (65_535, 65_535, 1000, "no data for"),
  ])
  func `sizes without bounds are refused`(width: Int, height: Int, bytes: Int, problem: String) {
    let header = ImageHeader(format: .webp, width: width, height: height)
    let error = #expect(throws: ImageError.self) {
      try ImageLimits.check(header, fileBytes: bytes)
    }
    #expect(error.map { "\($0)".contains(problem) } == true)
  }
}
