extension SiglipConfig {
  static let visionPrefix = "vision_model."
  static let textPrefix = "text_model."
  static let logitScale = "logit_scale"
  static let logitBias = "logit_bias"

  /// Every tensor of the model in the order of computation.
  public var expectedTensors: [ExpectedTensor] {
    vision.expectedTensors(prefix: Self.visionPrefix)
      + vision.poolingTensors(prefix: "\(Self.visionPrefix)head.")
      + text.expectedTensors(prefix: Self.textPrefix)
      + [ExpectedTensor(Self.logitScale, [1]), ExpectedTensor(Self.logitBias, [1])]
  }

  /// Finds every tensor of the model among those of a checkpoint.
  public func resolve(
    _ tensors: [CheckpointResolution.Source]
  ) throws(CheckpointMismatch) -> CheckpointResolution {
    let requirements = CheckpointRequirements(
      scheme: .siglip, tensors: expectedTensors,
      stacks: [
        .init(
          prefix: "\(Self.visionPrefix)encoder.layers.", section: "vision_config",
          count: vision.layerCount),
        .init(
          prefix: "\(Self.textPrefix)encoder.layers.", section: "text_config",
          count: text.layerCount),
      ],
      tying: nil)
    return try requirements.resolve(tensors)
  }
}
