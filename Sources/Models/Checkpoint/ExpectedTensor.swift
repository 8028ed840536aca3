/// A tensor that a model reads from its checkpoint, by its name in transformers 5.
public struct ExpectedTensor: Sendable, Equatable {
  public var name: String
  public var shape: [Int]

  public init(_ name: String, _ shape: [Int]) {
    self.name = name
    self.shape = shape
  }
}

extension PaliGemmaConfig {
  /// Every tensor of the model in the order of computation. The head comes last; it is the
  /// embedding table again in a checkpoint that does not hold it.
  public var expectedTensors: [ExpectedTensor] {
    vision.expectedTensors(prefix: CheckpointNames.vision)
      + projectorTensors
      + text.expectedTensors(prefix: CheckpointNames.language)
      + [ExpectedTensor(CheckpointNames.head, [text.vocabularySize, text.hiddenSize])]
  }

  private var projectorTensors: [ExpectedTensor] {
    [
      ExpectedTensor(
        "\(CheckpointNames.projector)linear.weight", [text.hiddenSize, vision.hiddenSize]),
      ExpectedTensor("\(CheckpointNames.projector)linear.bias", [text.hiddenSize]),
    ]
  }
}

extension VisionConfig {
  func expectedTensors(prefix: String) -> [ExpectedTensor] {
    let embeddings = "\(prefix)embeddings."
    return [
      ExpectedTensor(
        "\(embeddings)patch_embedding.weight",
        [hiddenSize, Self.channelCount, patchSize, patchSize]),
      ExpectedTensor("\(embeddings)patch_embedding.bias", [hiddenSize]),
      ExpectedTensor("\(embeddings)position_embedding.weight", [patchCount, hiddenSize]),
    ]
      + (0..<layerCount).flatMap { layerTensors(prefix: "\(prefix)encoder.layers.\($0).") }
      + Self.affine("\(prefix)post_layernorm", [hiddenSize])
  }

  private func layerTensors(prefix: String) -> [ExpectedTensor] {
    let square = [hiddenSize, hiddenSize]
    return Self.affine("\(prefix)layer_norm1", [hiddenSize])
      + ["q_proj", "k_proj", "v_proj", "out_proj"].flatMap {
        Self.affine("\(prefix)self_attn.\($0)", square)
      }
      + Self.affine("\(prefix)layer_norm2", [hiddenSize])
      + Self.affine("\(prefix)mlp.fc1", [intermediateSize, hiddenSize])
      + Self.affine("\(prefix)mlp.fc2", [hiddenSize, intermediateSize])
  }

  /// A weight and its bias, which has the weight's first extent.
  private static func affine(_ name: String, _ shape: [Int]) -> [ExpectedTensor] {
    [
      ExpectedTensor("\(name).weight", shape),
      ExpectedTensor("\(name).bias", Array(shape.prefix(1))),
    ]
  }
}

extension TextConfig {
  func expectedTensors(prefix: String) -> [ExpectedTensor] {
    [ExpectedTensor("\(prefix)embed_tokens.weight", [vocabularySize, hiddenSize])]
      + (0..<layerCount).flatMap { layerTensors(prefix: "\(prefix)layers.\($0).") }
      + [ExpectedTensor("\(prefix)norm.weight", [hiddenSize])]
  }

  private func layerTensors(prefix: String) -> [ExpectedTensor] {
    let queries = headCount * headSize
    let keys = keyValueHeadCount * headSize
    let norms =
      architecture == .gemma2
      ? ["pre_feedforward_layernorm.weight", "post_feedforward_layernorm.weight"] : []
    let tensors: [(String, [Int])] =
      [
        ("input_layernorm.weight", [hiddenSize]),
        ("self_attn.q_proj.weight", [queries, hiddenSize]),
        ("self_attn.k_proj.weight", [keys, hiddenSize]),
        ("self_attn.v_proj.weight", [keys, hiddenSize]),
        ("self_attn.o_proj.weight", [hiddenSize, queries]),
        ("post_attention_layernorm.weight", [hiddenSize]),
      ] + norms.map { ($0, [hiddenSize]) } + [
        ("mlp.gate_proj.weight", [intermediateSize, hiddenSize]),
        ("mlp.up_proj.weight", [intermediateSize, hiddenSize]),
        ("mlp.down_proj.weight", [hiddenSize, intermediateSize]),
      ]
    return tensors.map { ExpectedTensor(prefix + $0, $1) }
  }
}
