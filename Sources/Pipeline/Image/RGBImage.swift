/// A picture in memory: 8-bit RGB, interleaved, rows from top to bottom without padding.
///
/// The pixel at column `x` and row `y` starts at `pixels[(y * width + x) * 3]`. Width and height are
/// at least 1, and `pixels.count == width * height * 3`.
public struct RGBImage: Sendable, Hashable {
  public let width: Int
  public let height: Int
  public internal(set) var pixels: [UInt8]

  /// Bytes of one pixel.
  static let channels = 3

  /// - Precondition: `width` and `height` are positive and `pixels` holds `width * height * 3` bytes.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0, "a picture has at least one pixel")
    precondition(
      pixels.count == width * height * Self.channels,
      "a \(width)x\(height) picture has \(width * height * Self.channels) bytes, not \(pixels.count)"
    )
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// A picture of one colour.
  public init(width: Int, height: Int, filledWith color: RGBColor) {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * Self.channels)
    for _ in 0..<(width * height) {
      pixels.append(color.red)
      pixels.append(color.green)
      pixels.append(color.blue)
    }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// Reads and writes one pixel.
  /// - Precondition: `(x, y)` lies inside the picture.
  public subscript(x: Int, y: Int) -> RGBColor {
    get {
      let first = offset(x, y)
      return RGBColor(pixels[first], pixels[first + 1], pixels[first + 2])
    }
    set {
      let first = offset(x, y)
      pixels[first] = newValue.red
      pixels[first + 1] = newValue.green
      pixels[first + 2] = newValue.blue
    }
  }

  private func offset(_ x: Int, _ y: Int) -> Int {
    precondition((0..<width).contains(x) && (0..<height).contains(y), "pixel outside the picture")
    return (y * width + x) * Self.channels
  }
}

/// A colour of an `RGBImage`.
public struct RGBColor: Sendable, Hashable {
  public var red: UInt8
  public var green: UInt8
  public var blue: UInt8

  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }
}
