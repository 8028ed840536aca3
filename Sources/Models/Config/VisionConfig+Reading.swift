extension VisionConfig {
  /// Reads a `vision_config`; nil stands for a `config.json` without one.
  init(_ section: ConfigSection?) throws(ConfigError.Problem) {
    guard let section else {
      self = .paliGemma
      return
    }
    self = .siglip
    try section.refuseFeature("quantization_config")
    _ = try section.choice("model_type", among: ["siglip_vision_model": ()], default: ())
    hiddenSize = try section.int("hidden_size", in: 1...1 << 16, default: hiddenSize)
    intermediateSize = try section.int(
      "intermediate_size", in: 1...1 << 18, default: intermediateSize)
    layerCount = try section.int("num_hidden_layers", in: 1...1024, default: layerCount)
    headCount = try section.int("num_attention_heads", in: 1...1024, default: headCount)
    imageSize = try section.int("image_size", in: 1...4096, default: imageSize)
    patchSize = try section.int("patch_size", in: 1...1024, default: patchSize)
    _ = try section.int(
      "num_channels", in: Self.channelCount...Self.channelCount, default: Self.channelCount)
    activation = try section.choice("hidden_act", among: Activation.named, default: activation)
    layerNormEpsilon = try section.positive("layer_norm_eps", default: layerNormEpsilon)
    try validate(section)
  }

  private func validate(_ section: ConfigSection) throws(ConfigError.Problem) {
    guard hiddenSize.isMultiple(of: headCount) else {
      throw .notMultiple(
        field: section.path("hidden_size"), value: hiddenSize, of: "num_attention_heads",
        divisor: headCount)
    }
    guard imageSize.isMultiple(of: patchSize) else {
      throw .notMultiple(
        field: section.path("image_size"), value: imageSize, of: "patch_size", divisor: patchSize)
    }
    let stated = try section.int("num_image_tokens", in: 0...Int.max, default: patchCount)
    guard stated == patchCount else {
      throw .contradiction(
        field: section.path("num_image_tokens"), value: stated,
        other: "(image_size / patch_size)²", expected: patchCount)
    }
  }
}
