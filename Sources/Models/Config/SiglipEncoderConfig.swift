/// What both towers of SigLIP say about their blocks.
protocol SiglipEncoderConfig: Sendable {
  var hiddenSize: Int { get set }
  var intermediateSize: Int { get set }
  var layerCount: Int { get set }
  var headCount: Int { get set }
  var activation: Activation { get set }
  var layerNormEpsilon: Double { get set }
}

extension SiglipEncoderConfig {
  /// Elements of one attention head; `headCount` heads make up `hiddenSize`.
  var headSize: Int { hiddenSize / headCount }

  /// Reads the fields that a section states.
  mutating func readEncoder(_ section: ConfigSection) throws(ConfigError.Problem) {
    try section.refuseQuantization()
    hiddenSize = try section.int("hidden_size", in: 1...1 << 16, default: hiddenSize)
    intermediateSize = try section.int(
      "intermediate_size", in: 1...1 << 18, default: intermediateSize)
    layerCount = try section.int("num_hidden_layers", in: 1...1024, default: layerCount)
    headCount = try section.int("num_attention_heads", in: 1...1024, default: headCount)
    activation = try section.choice("hidden_act", among: Activation.named, default: activation)
    layerNormEpsilon = try section.positive("layer_norm_eps", default: layerNormEpsilon)
    guard hiddenSize.isMultiple(of: headCount) else {
      throw .notMultiple(
        field: section.path("hidden_size"), value: hiddenSize, of: "num_attention_heads",
        divisor: headCount)
    }
  }
}
