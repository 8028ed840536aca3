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
    #expect(ImageFixtures.names(in: "resize", ["ppm"]).count >= 90)
  }

  @Test(arguments: ResampleFilter.allCases)
  func `a filter weighs nothing beyond its support`(filter: ResampleFilter) {
    for distance in [filter.support.nextUp, filter.support + 0.5, filter.support + 5] {
      #expect(filter.weight(at: distance) == 0)
      #expect(filter.weight(at: -distance) == 0)
    }
    #expect(filter.weight(at: 0) == (filter == .nearest ? 0 : 1))
  }

  /// A box of 1.4 inputs holds the centres of one or two.
  @Test func `an output takes the inputs that have weight, and no more`() {
    let axis = ResampleWeights(from: 7, to: 5, filter: .box)
    #expect(axis.starts == [0, 1, 3, 4, 6])
    #expect(axis.counts == [1, 2, 1, 2, 1])
    let (one, half) = (Int32(1 << 22), Int32(1 << 21))
    #expect(axis.weights == [one, half, half, one, half, half, one])
  }
}
