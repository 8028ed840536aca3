/// How pictures become `pixel_values`: what a checkpoint's processor configuration says.
public struct ImageProcessorSettings: Sendable, Equatable {
  /// Subtracted from and divided by, per channel, after rescaling.
  public struct Normalization: Sendable, Equatable {
    /// Three values: red, green, blue.
    public var mean: [Double]
    /// Three values, none of them zero.
    public var standardDeviation: [Double]
  }

  /// The picture's size in pixels after resizing.
  public var width = 224
  public var height = 224
  /// Nil: pictures must already have the size.
  public var filter: ResampleFilter? = .bicubic
  /// What 8-bit values are multiplied by; nil: they stay 0...255.
  public var rescaleFactor: Double? = 1 / 255
  public var normalization: Normalization? = Normalization(
    mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5])

  /// What the file says about the tokens that a picture takes; nil when it says nothing. The model's
  /// patches decide, so a plan does without.
  public var imageTokenCount: Int?

  /// The defaults of transformers' `SiglipImageProcessor`.
  public init() {}
}
