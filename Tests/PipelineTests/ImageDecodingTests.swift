import Testing

@testable import BadFiles
@testable import Pipeline

@Suite struct ImageDecodingTests {
  /// Lossy codecs may round differently from the version that Pillow bundles.
  @Test(arguments: ImageFixtures.names(in: "decode", ImageFixtures.extensions))
  func `gives the pixels that Pillow gives`(name: String) throws {
    let decoded = try RGBImage.decode(path: ImageFixtures.path("decode/\(name)"))
    let reference = "decode/\(name.replacing(".", with: "_")).ppm"
    let expected = try ImageFixtures.picture(ppm: reference)
    let isLossy = name.hasSuffix(".jpg") || name.hasPrefix("lossy") || name.contains("jpeg")
    let difference = try #require(largestDifference(decoded, expected), "sizes differ")
    #expect(difference <= (isLossy ? 1 : 0))
  }

  /// The limit of a tile's pixels follows from the number of tiles.
  @Test func `a grid of two large tiles is read`() throws {
    let picture = try RGBImage.decode(path: ImageFixtures.path("large_tiles.avif"))
    #expect((picture.width, picture.height) == (2048, 1024))
    let first = Array(picture.pixels.prefix(3))
    #expect(zip(first, [200, 100, 50]).allSatisfy { abs(Int($0) - $1) <= 2 })
    #expect(Array(picture.pixels.suffix(3)) == first)
  }

  @Test func `PNG encoding round-trips`() throws {
    let picture = ImageFixtures.noise(width: 31, height: 7)
    #expect(try RGBImage.decode(picture.pngEncoded()) == picture)
  }

  /// The codec loses a little of a smooth picture; every pixel stays in its place.
  @Test func `JPEG encoding keeps the picture`() throws {
    let picture = try ImageFixtures.picture(ppm: "decode/rgb_444_jpg.ppm")
    let decoded = try RGBImage.decode(picture.jpegEncoded(quality: 100))
    #expect(try #require(largestDifference(decoded, picture)) <= 4)
    #expect(throws: ImageError.self) {
      try RGBImage(width: 1, height: 65_501, filledWith: RGBColor(0, 0, 0)).jpegEncoded()
    }
  }

  @Test func `a JPEG is written with quality 95 unless said otherwise`() throws {
    let picture = ImageFixtures.noise(width: 31, height: 7)
    #expect(try picture.jpegEncoded() == picture.jpegEncoded(quality: 95))
  }

  /// TEM and RST0 to RST7.
  @Test(arguments: [0x01] + Array(0xD0...0xD7) as [UInt8])
  func `a JPEG marker without a length is passed over`(marker: UInt8) throws {
    let file = try ImageFixtures.bytes("decode/rgb_444.jpg")
    let marked = Array(file[..<2]) + [0xFF, marker] + file[2...]
    #expect(try RGBImage.decode(marked) == RGBImage.decode(file))
  }

  @Test func `a compressed text of a PNG may have 1 MiB, and all of them 64`() {
    func content(_ count: Int) -> ArraySlice<UInt8> {
      let end = Array(#"tiff:Orientation="6""#.utf8)
      let text = [UInt8](repeating: 0x20, count: count - end.count) + end
      return (Array("XML:com.adobe.xmp\0\0".utf8) + PNGBuilder.zlibStored(text))[...]
    }
    let most = PNGTexts.longestText
    #expect(most == 1 << 20)
    var texts = PNGTexts()
    texts.addCompressedText(content(most + 1))
    #expect(texts.xmpPacket.isEmpty)
    // As much of the first one was inflated.
    let longest = content(most)
    for _ in 1..<64 { texts.addCompressedText(longest) }
    #expect(texts.xmpPacket.count == most)
    #expect(OrientationMetadata(xmp: texts.xmpPacket).orientation == .turnClockwise)
    texts.addCompressedText(longest)
    #expect(texts.xmpPacket.isEmpty)
  }
}
