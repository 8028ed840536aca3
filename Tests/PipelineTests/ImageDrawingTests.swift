import Testing

@testable import Pipeline

@Suite struct ImageDrawingTests {
  private static let red = RGBColor(255, 0, 0)
  private static let black = RGBColor(0, 0, 0)

  /// The picture as text: `#` where it is not black.
  private func drawing(
    width: Int, height: Int, _ draw: (inout RGBImage) -> Void
  ) -> [String] {
    var picture = RGBImage(width: width, height: height, filledWith: Self.black)
    draw(&picture)
    return (0..<height).map { y in
      String((0..<width).map { x in picture[x, y] == Self.black ? "." : "#" })
    }
  }

  @Test func `a box is an outline inside its edges`() {
    let drawn = drawing(width: 7, height: 5) {
      $0.drawBox(x1: 1, y1: 1, x2: 6, y2: 4, color: Self.red, lineWidth: 1)
    }
    #expect(drawn == [".......", ".#####.", ".#...#.", ".#####.", "......."])
  }

  @Test(arguments: [
    (-5.0, -5.0, 99.0, 99.0, ["####", "#..#", "####"]),
    (2.6, 0.4, 2.7, 1.4, ["...#", "....", "...."]),
    (-.infinity, .nan, .infinity, .infinity, ["####", "#..#", "####"]),
    (9.0, 9.0, 12.0, 12.0, ["....", "....", "...#"]),
  ])
  func `a box is cut to the picture and never empty`(
    x1: Double, y1: Double, x2: Double, y2: Double, expected: [String]
  ) {
    let drawn = drawing(width: 4, height: 3) {
      $0.drawBox(x1: x1, y1: y1, x2: x2, y2: y2, color: Self.red, lineWidth: 1)
    }
    #expect(drawn == expected)
  }

  @Test func `text is drawn in the bitmap font`() {
    let drawn = drawing(width: 13, height: 7) {
      $0.drawText("Aé", x: 0, y: 0, color: Self.red, scale: 1)
    }
    #expect(
      drawn == [
        ".###..#####..",
        "#...#.#...#..",
        "#...#.#...#..",
        "#####.#...#..",
        "#...#.#...#..",
        "#...#.#...#..",
        "#...#.#####..",
      ])
  }

  @Test func `every printable ASCII character has its own glyph`() {
    let glyphs = (0x20...0x7E).compactMap { Unicode.Scalar($0).map(LabelFont.rows) }
    #expect(glyphs.count == 95)
    #expect(Set(glyphs).count == 95)
    for rows in glyphs { #expect(rows.count == LabelFont.height && rows.allSatisfy { $0 < 32 }) }
  }

  @Test func `detections of one label share a colour and leave the rest of the picture alone`() {
    let picture = RGBImage(width: 100, height: 80, filledWith: Self.black)
    let boxes = [
      Detection.Box(x1: 0, y1: 0.5, x2: 0.3, y2: 1), Detection.Box(x1: 0.7, y1: 0.5, x2: 1, y2: 1),
    ]
    let same = picture.drawing(boxes.map { Detection(label: "a", box: $0) })
    #expect(same[0, 79] == same[99, 79])
    #expect(same[0, 79] != Self.black)
    #expect(same[50, 60] == Self.black)
    let different = picture.drawing([
      Detection(label: "a", box: boxes[0]), Detection(label: "b", box: boxes[1]),
    ])
    #expect(different[0, 79] != different[99, 79])
  }

  /// Each label stands above its box; a character that the font lacks is a frame, whose corner is the text's.
  @Test func `labels take eight colours in turn, with black or white text`() {
    let picture = RGBImage(width: 40, height: 180, filledWith: RGBColor(128, 128, 128))
    let white = RGBColor(255, 255, 255)
    let expected = [
      (RGBColor(230, 25, 75), white), (RGBColor(60, 180, 75), white),
      (RGBColor(0, 130, 200), white), (RGBColor(255, 225, 25), Self.black),
      (RGBColor(245, 130, 48), Self.black), (RGBColor(145, 30, 180), white),
      (RGBColor(70, 240, 240), Self.black), (RGBColor(240, 50, 230), white),
      (RGBColor(230, 25, 75), white),
    ]
    let tops = expected.indices.map { 20 * $0 + 10 }
    let drawn = picture.drawing(
      zip("àáâãäåæçè", tops).map { label, top in
        let box = Detection.Box(x1: 0, y1: Double(top) / 180, x2: 1, y2: Double(top + 10) / 180)
        return Detection(label: String(label), box: box)
      })
    for (top, (color, text)) in zip(tops, expected) {
      #expect(drawn[39, top] == color)
      #expect(drawn[0, top - 9] == color)
      #expect(drawn[1, top - 8] == text)
    }
  }

  @Test func `a pixel's colour is its three bytes`() {
    var picture = RGBImage(width: 2, height: 2, pixels: Array(1...12))
    #expect(picture[1, 0] == RGBColor(4, 5, 6))
    picture[0, 1] = RGBColor(70, 80, 90)
    #expect(picture.pixels == [1, 2, 3, 4, 5, 6, 70, 80, 90, 10, 11, 12])
  }

  @Test(arguments: [(1, 1), (3, 200), (200, 3), (1600, 30)])
  func `labels fit on any picture`(width: Int, height: Int) {
    let picture = RGBImage(width: width, height: height, filledWith: Self.black)
    let label = String(repeating: "long label ", count: 100)
    let box = Detection.Box(x1: -1, y1: 0.2, x2: 3, y2: 0.1)
    let drawn = picture.drawing([Detection(label: label, box: box)])
    #expect((drawn.width, drawn.height) == (width, height))
  }
}
