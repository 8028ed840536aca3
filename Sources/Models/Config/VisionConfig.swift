/// The SigLIP tower: patch embedding, learned positions, pre-norm blocks, a final layer norm.
public struct VisionConfig: SiglipEncoderConfig, Equatable {
  public var hiddenSize: Int
  public var intermediateSize: Int
  public var layerCount: Int
  public var headCount: Int
  /// Side of the square input picture in pixels. What whole patches leave over is not seen.
  public var imageSize: Int
  /// Side of a square patch in pixels.
  public var patchSize: Int
  public var activation: Activation
  public var layerNormEpsilon: Double

  /// Colour channels of the input picture.
  public static let channelCount = 3

  /// Elements of one attention head; `headCount` heads make up `hiddenSize`.
  public var headSize: Int { hiddenSize / headCount }
  /// Patches along one side.
  public var gridSize: Int { imageSize / patchSize }
  /// Patches of a picture, which is also the number of its image tokens.
  public var patchCount: Int { gridSize * gridSize }
}

extension VisionConfig {
  /// transformers' `SiglipVisionConfig()`: for fields that a `vision_config` leaves out.
  static let siglip = VisionConfig(
    hiddenSize: 768, intermediateSize: 3072, layerCount: 12, headCount: 12, imageSize: 224,
    patchSize: 16, activation: .geluTanh, layerNormEpsilon: 1e-6)

  /// transformers' tower for a `config.json` without any `vision_config`: SigLIP So400m.
  static let paliGemma = VisionConfig(
    hiddenSize: 1152, intermediateSize: 4096, layerCount: 27, headCount: 16, imageSize: 224,
    patchSize: 14, activation: .geluTanh, layerNormEpsilon: 1e-6)
}
