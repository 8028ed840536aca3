extension RGBImage {
  /// Fills a rectangle; the part outside the picture is left out.
  public mutating func fill(columns: Range<Int>, rows: Range<Int>, _ color: RGBColor) {
    let columns = columns.clamped(to: 0..<width)
    for y in rows.clamped(to: 0..<height) {
      for x in columns { self[x, y] = color }
    }
  }

  /// Draws a rectangle's outline. The edges are in pixels and may lie outside the picture, whose
  /// border then takes their place; the line lies inside the edges.
  public mutating func drawBox(
    x1: Double, y1: Double, x2: Double, y2: Double, color: RGBColor, lineWidth: Int
  ) {
    let columns = Self.pixels(from: x1, to: x2, limit: width)
    let rows = Self.pixels(from: y1, to: y2, limit: height)
    fill(columns: columns, rows: rows.prefix(lineWidth), color)
    fill(columns: columns, rows: rows.suffix(lineWidth), color)
    fill(columns: columns.prefix(lineWidth), rows: rows, color)
    fill(columns: columns.suffix(lineWidth), rows: rows, color)
  }

  /// Writes a line of text whose upper left corner is `(x, y)`, each font pixel `scale` pixels wide.
  public mutating func drawText(_ text: String, x: Int, y: Int, color: RGBColor, scale: Int) {
    for (index, scalar) in text.unicodeScalars.enumerated() {
      let left = x + index * LabelFont.advance * scale
      guard left < width else { return }
      for (row, bits) in LabelFont.rows(of: scalar).enumerated() {
        let top = y + row * scale
        for column in 0..<LabelFont.width where bits >> (LabelFont.width - 1 - column) & 1 == 1 {
          let start = left + column * scale
          fill(columns: start..<(start + scale), rows: top..<(top + scale), color)
        }
      }
    }
  }

  /// The pixels between two edges, at least one, cut to the picture.
  static func pixels(from start: Double, to end: Double, limit: Int) -> Range<Int> {
    func pixel(_ edge: Double, _ range: ClosedRange<Int>) -> Int {
      let edge = edge.isNaN ? 0 : edge
      return Int(min(max(edge.rounded(), Double(range.lowerBound)), Double(range.upperBound)))
    }
    let first = pixel(start, 0...(limit - 1))
    return first..<pixel(end, (first + 1)...limit)
  }
}
