extension PaliGemmaConfig {
  static let visionPrefix = "model.vision_tower."
  static let projectorPrefix = "model.multi_modal_projector."
  static let languagePrefix = "model.language_model."
  static let head = "lm_head.weight"
  static let embedding = "\(languagePrefix)embed_tokens.weight"

  /// Every tensor of the model in the order of computation. The head comes last; it is the
  /// embedding table again in a checkpoint that does not hold it.
  public var expectedTensors: [ExpectedTensor] {
    vision.expectedTensors(prefix: Self.visionPrefix)
      + ExpectedTensor.affine(
        "\(Self.projectorPrefix)linear", [text.hiddenSize, vision.hiddenSize])
      + text.expectedTensors(prefix: Self.languagePrefix)
      + [ExpectedTensor(Self.head, [text.vocabularySize, text.hiddenSize])]
  }

  /// Finds every tensor of the model among those of a checkpoint.
  ///
  /// Which table is the head is for the checkpoint to say, as in transformers: the tensor
  /// `lm_head.weight` where there is one, else the embedding. When the embedding is missing and
  /// `tie_word_embeddings` is set, it is the head's table.
  public func resolve(
    _ tensors: [CheckpointResolution.Source]
  ) throws(CheckpointMismatch) -> CheckpointResolution {
    let requirements = CheckpointRequirements(
      scheme: .paliGemma, tensors: expectedTensors,
      stacks: [
        .init(
          prefix: "\(Self.visionPrefix)encoder.layers.", section: "vision_config",
          count: vision.layerCount),
        .init(
          prefix: "\(Self.languagePrefix)layers.", section: "text_config",
          count: text.layerCount),
      ],
      tying: .init(embedding: Self.embedding, head: Self.head, isMutual: tiesWordEmbeddings))
    return try requirements.resolve(tensors)
  }
}
