import Testing

@testable import Pipeline

@Suite struct ImageResizeTests {
  /// The case is in the file's name: `WxH_to_WxH_FILTER.ppm`.
  @Test(arguments: ImageFixtures.names(in: "resize", ["ppm"]))
  func `gives Pillow's bits`(name: String) throws {
    let sizes = name.split { !$0.isNumber }.compactMap { Int($0) }
    try #require(sizes.count == 4)
    let filter = try #require(
      ResampleFilter.allCases.first { name.hasSuffix("_\($0).ppm") }, "no filter's name")
    let source = ImageFixtures.noise(width: sizes[0], height: sizes[1])
    let resized = source.resized(width: sizes[2], height: sizes[3], filter: filter)
    let expected = try ImageFixtures.picture(ppm: "resize/\(name)")
    let difference = try #require(largestDifference(resized, expected), "sizes differ")
    #expect(difference == 0)
  }

  @Test func `has references`() {
    #expect(ImageFixtures.names(in: "resize", ["ppm"]).count >= 84)
  }
}
