/// A JPEG file's frame header (ITU-T T.81, B.2.2).
struct JPEGFrame {
  var width: Int
  var height: Int
  /// Blocks of each component in a unit of the scan, across and down.
  var components: [(across: Int, down: Int)] = []
  /// Whether coefficients come in several scans and are kept until the last of them.
  var isProgressive: Bool
  var isArithmetic: Bool

  /// - Parameter marker: the second byte of the header's marker.
  init(_ content: ByteReader, marker: Int) throws(ImageError) {
    var content = content
    guard let precision = content.number(1), let height = content.number(2),
      let width = content.number(2), let count = content.number(1)
    else {
      throw ImageError(.damagedHeader(.jpeg, offset: content.offset, "the frame header is cut off"))
    }
    guard precision == 8 else {
      let what = "the frame has \(precision) bits a sample, and only 8 are read"
      throw ImageError(.damagedHeader(.jpeg, offset: content.offset, what))
    }
    (self.width, self.height) = (width, height)
    isProgressive = marker & 3 == 2
    isArithmetic = marker > 0xC8
    for _ in 0..<count {
      guard content.take(1) != nil, let sampling = content.number(1), content.take(1) != nil
      else { break }
      components.append((sampling >> 4, sampling & 15))
    }
  }

  /// Bytes of all coefficients, two for each, in whole units of the scan.
  var coefficientBytes: Int {
    let across = max(components.map(\.across).max() ?? 1, 1)
    let down = max(components.map(\.down).max() ?? 1, 1)
    let units = Self.ceil(width, 8 * across) * Self.ceil(height, 8 * down)
    return units * components.reduce(0) { $0 + $1.across * $1.down } * 64 * 2
  }

  /// A unit of the scan, at most 4 × 4 blocks of 8 × 8 pixels, takes a bit at least, except in arithmetic
  /// coding.
  var fewestBytes: Int { (width / 32) * (height / 32) / 8 }

  private static func ceil(_ length: Int, _ unit: Int) -> Int { (length + unit - 1) / unit }
}
