/// Turns pictures into the `pixel_values` that a vision tower takes, bit-identical to transformers'
/// PIL-backed `SiglipImageProcessor`.
public struct ImageProcessor: Sendable {
  public let settings: ImageProcessorSettings

  /// For each channel, the value that each 8-bit level becomes.
  private let levels: [[Float]]

  public init(_ settings: ImageProcessorSettings) {
    self.settings = settings
    levels = (0..<RGBImage.channels).map { channel in
      (0...255).map { Self.value(ofLevel: $0, channel: channel, settings) }
    }
  }

  /// Shape of the values of one picture: channels, height, width.
  public var shape: [Int] { Self.shape(settings) }

  /// The same for a processor of these settings.
  static func shape(_ settings: ImageProcessorSettings) -> [Int] {
    [RGBImage.channels, settings.height, settings.width]
  }

  /// The picture squashed to the model's size, rescaled and normalised; channels first, then rows.
  ///
  /// - Throws: `ImageError` if the settings forbid resizing and the picture has another size.
  public func pixelValues(of picture: RGBImage) throws(ImageError) -> [Float] {
    let sized = try resized(picture)
    let count = sized.width * sized.height
    return [Float](unsafeUninitializedCapacity: RGBImage.channels * count) { values, initialized in
      sized.pixels.withUnsafeBufferPointer { pixels in
        for (channel, levels) in levels.enumerated() {
          levels.withUnsafeBufferPointer { levels in
            for pixel in 0..<count {
              let level = Int(pixels[pixel * RGBImage.channels + channel])
              values.initializeElement(at: channel * count + pixel, to: levels[level])
            }
          }
        }
      }
      initialized = RGBImage.channels * count
    }
  }

  private func resized(_ picture: RGBImage) throws(ImageError) -> RGBImage {
    let (width, height) = (settings.width, settings.height)
    if let filter = settings.filter {
      return picture.resized(width: width, height: height, filter: filter)
    }
    guard (picture.width, picture.height) == (width, height) else {
      throw ImageError(
        .wrongSize(picture.width, picture.height, expectedWidth: width, expectedHeight: height))
    }
    return picture
  }

  /// (level × factor − mean) ÷ deviation, rounded where numpy rounds: the product is f64 made f32,
  /// mean and deviation are f32, and the rest is f32 arithmetic.
  private static func value(
    ofLevel level: Int, channel: Int, _ settings: ImageProcessorSettings
  ) -> Float {
    let rescaled = Float(Double(level) * (settings.rescaleFactor ?? 1))
    guard let normalization = settings.normalization else { return rescaled }
    let mean = Float(normalization.mean[channel])
    return (rescaled - mean) / Float(normalization.standardDeviation[channel])
  }
}
