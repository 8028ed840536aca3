import Testing

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

  @Test func `a turned picture needs memory twice`() throws {
    let stored = try ImageHeader(ImageFixtures.bytes("decode/orientation1.jpg"))
    let turned = try ImageHeader(ImageFixtures.bytes("decode/orientation6.jpg"))
    #expect(turned.decodingBytes == stored.decodingBytes + 24 * 16 * 3)
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
