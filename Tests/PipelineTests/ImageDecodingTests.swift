import Testing

@testable import Pipeline

@Suite struct ImageDecodingTests {
  /// Lossy codecs may round differently from the version that Pillow bundles.
  @Test(arguments: ImageFixtures.names(in: "decode", ["png", "jpg", "webp"]))
  func `gives the pixels that Pillow gives`(name: String) throws {
    let decoded = try RGBImage.decode(path: ImageFixtures.path("decode/\(name)"))
    let reference = "decode/\(name.replacing(".", with: "_")).ppm"
    let expected = try ImageFixtures.picture(ppm: reference)
    let isLossy = name.hasSuffix(".jpg") || name.hasPrefix("lossy")
    let difference = try #require(largestDifference(decoded, expected), "sizes differ")
    #expect(difference <= (isLossy ? 1 : 0))
  }

  @Test func `PNG encoding round-trips`() throws {
    let picture = ImageFixtures.noise(width: 31, height: 7)
    #expect(try RGBImage.decode(picture.pngEncoded()) == picture)
  }
}
