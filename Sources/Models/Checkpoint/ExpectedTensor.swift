/// A tensor that a model reads from its checkpoint, by its name in transformers 5.
public struct ExpectedTensor: Sendable, Equatable {
  public var name: String
  public var shape: [Int]

  public init(_ name: String, _ shape: [Int]) {
    self.name = name
    self.shape = shape
  }

  /// A weight and its bias, which has the weight's first extent.
  static func affine(_ name: String, _ shape: [Int]) -> [ExpectedTensor] {
    [
      ExpectedTensor("\(name).weight", shape),
      ExpectedTensor("\(name).bias", Array(shape.prefix(1))),
    ]
  }
}

extension SiglipEncoderConfig {
  /// The blocks of a tower.
  func blockTensors(prefix: String) -> [ExpectedTensor] {
    (0..<layerCount).flatMap { layerTensors(prefix: "\(prefix)encoder.layers.\($0).") }
  }

  private func layerTensors(prefix: String) -> [ExpectedTensor] {
    let square = [hiddenSize, hiddenSize]
    return ExpectedTensor.affine("\(prefix)layer_norm1", [hiddenSize])
      + ["q_proj", "k_proj", "v_proj", "out_proj"].flatMap {
        ExpectedTensor.affine("\(prefix)self_attn.\($0)", square)
      }
      + ExpectedTensor.affine("\(prefix)layer_norm2", [hiddenSize])
      + feedForwardTensors(prefix: "\(prefix)mlp.")
  }

  func feedForwardTensors(prefix: String) -> [ExpectedTensor] {
    ExpectedTensor.affine("\(prefix)fc1", [intermediateSize, hiddenSize])
      + ExpectedTensor.affine("\(prefix)fc2", [hiddenSize, intermediateSize])
  }
}

extension VisionConfig {
  func expectedTensors(prefix: String) -> [ExpectedTensor] {
    let patch = [hiddenSize, Self.channelCount, patchSize, patchSize]
    return ExpectedTensor.affine("\(prefix)embeddings.patch_embedding", patch)
      + [
        ExpectedTensor(
          "\(prefix)embeddings.position_embedding.weight", [patchCount, hiddenSize])
      ]
      + blockTensors(prefix: prefix)
      + ExpectedTensor.affine("\(prefix)post_layernorm", [hiddenSize])
  }

  /// The head that makes one vector of all patches. PyTorch's `MultiheadAttention` keeps three
  /// projections in one tensor.
  func poolingTensors(prefix: String) -> [ExpectedTensor] {
    [
      ExpectedTensor("\(prefix)probe", [1, 1, hiddenSize]),
      ExpectedTensor("\(prefix)attention.in_proj_weight", [3 * hiddenSize, hiddenSize]),
      ExpectedTensor("\(prefix)attention.in_proj_bias", [3 * hiddenSize]),
    ]
      + ExpectedTensor.affine("\(prefix)attention.out_proj", [hiddenSize, hiddenSize])
      + ExpectedTensor.affine("\(prefix)layernorm", [hiddenSize])
      + feedForwardTensors(prefix: "\(prefix)mlp.")
  }
}

extension SiglipTextConfig {
  func expectedTensors(prefix: String) -> [ExpectedTensor] {
    let embeddings = "\(prefix)embeddings."
    return [
      ExpectedTensor("\(embeddings)token_embedding.weight", [vocabularySize, hiddenSize]),
      ExpectedTensor("\(embeddings)position_embedding.weight", [positionCount, hiddenSize]),
    ]
      + blockTensors(prefix: prefix)
      + ExpectedTensor.affine("\(prefix)final_layer_norm", [hiddenSize])
      + ExpectedTensor.affine("\(prefix)head", [projectionSize, hiddenSize])
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
