import Inputs
import JSON

extension TextConfig {
  typealias Problem = ConfigError.Problem

  /// Reads a `text_config`; nil stands for a `config.json` without one.
  init(_ section: ConfigSection?) throws(Problem) {
    guard let section else {
      self = .paliGemma
      return
    }
    let architectures = Dictionary(
      uniqueKeysWithValues: Architecture.allCases.map { ($0.rawValue, $0) })
    switch try section.choice("model_type", among: architectures, default: .gemma) {
    case .gemma: self = .gemma
    case .gemma2: self = .gemma2
    }
    try section.refuseQuantization()
    try readSizes(section)
    try readNumerics(section)
    if let kinds = try readLayerKinds(section), architecture == .gemma2 { layers = kinds }
    if architecture == .gemma2 { try readGemma2(section) }
    try validate(section)
  }

  private mutating func readSizes(_ section: ConfigSection) throws(Problem) {
    vocabularySize = try section.int("vocab_size", in: 1...1 << 22, default: vocabularySize)
    hiddenSize = try section.int("hidden_size", in: 1...1 << 16, default: hiddenSize)
    intermediateSize = try section.int(
      "intermediate_size", in: 1...1 << 18, default: intermediateSize)
    let layerCount = try section.int("num_hidden_layers", in: 1...1024, default: layerCount)
    layers = Self.kinds(layerCount, of: architecture)
    headCount = try section.int("num_attention_heads", in: 1...1024, default: headCount)
    keyValueHeadCount = try section.int(
      "num_key_value_heads", in: 1...1024, default: keyValueHeadCount)
    headSize = try section.int("head_dim", in: 1...4096, default: headSize)
  }

  private mutating func readNumerics(_ section: ConfigSection) throws(Problem) {
    activation = try readActivation(section)
    rmsNormEpsilon = try section.positive("rms_norm_eps", default: rmsNormEpsilon)
    ropeTheta = try Self.readRopeTheta(section, default: ropeTheta)
    queryPreAttentionScalar = Double(headSize)
    try section.refuseFeature("attention_bias")
  }

  /// Gemma spells the field `hidden_act` and its official files say `gelu` where the tanh form is
  /// meant; Gemma 2 spells it `hidden_activation` and means what it says.
  private func readActivation(_ section: ConfigSection) throws(Problem) -> Activation {
    switch architecture {
    case .gemma:
      var named = Activation.named
      named["gelu"] = .geluTanh
      return try section.choice("hidden_act", among: named, default: activation)
    case .gemma2:
      return try section.choice("hidden_activation", among: Activation.named, default: activation)
    }
  }

  private mutating func readGemma2(_ section: ConfigSection) throws(Problem) {
    queryPreAttentionScalar = Double(
      try section.int("query_pre_attn_scalar", in: 1...1 << 20, default: 256))
    attentionSoftcap = try section.optionalPositive(
      "attn_logit_softcapping", default: attentionSoftcap)
    finalSoftcap = try section.optionalPositive("final_logit_softcapping", default: finalSoftcap)
    slidingWindow = try section.optionalInt(
      "sliding_window", in: 1...1 << 31, default: slidingWindow)
    // Versions that know this field call alternating layers a pattern of 2.
    _ = try section.optionalInt("sliding_window_pattern", in: 2...2, default: nil)
  }

  /// The kinds that `layer_types` lists, nil when it is absent.
  private func readLayerKinds(_ section: ConfigSection) throws(Problem) -> [LayerKind]? {
    guard let fields = try section.elements("layer_types") else { return nil }
    guard fields.count == layerCount else {
      throw .contradiction(
        field: section.path("layer_types") + " count", value: fields.count,
        other: "num_hidden_layers", expected: layerCount)
    }
    var kinds: [LayerKind] = []
    for field in fields {
      let name = try section.checked { () throws(JSONError) in try field.string() }
      guard let kind = LayerKind(rawValue: name) else {
        throw .unsupported(
          field: field.path, found: "\"\(name.printable)\"",
          supported: LayerKind.allCases.map(\.rawValue))
      }
      kinds.append(kind)
    }
    return kinds
  }

  /// transformers' embedding table refuses a padding token that it has no row for. `<bos>` stands in
  /// every prompt.
  private func validateTokens(_ section: ConfigSection) throws(Problem) {
    for (key, least) in [("bos_token_id", 0), ("pad_token_id", -vocabularySize)] {
      let range = least...Int(Int32.max)
      guard let token = try section.optionalInt(key, in: range, default: nil) else { continue }
      guard token < vocabularySize else {
        throw .tokenBeyondVocabulary(
          field: section.path(key), token: token, vocabularySize: vocabularySize)
      }
    }
  }

  private func validate(_ section: ConfigSection) throws(Problem) {
    try validateTokens(section)
    guard slidingWindow != nil || !layers.contains(.sliding) else {
      throw .unsupported(
        field: section.path("sliding_window"), found: "null",
        supported: ["a number, which layers of sliding_attention need"])
    }
    guard headCount.isMultiple(of: keyValueHeadCount) else {
      throw .notMultiple(
        field: section.path("num_attention_heads"), value: headCount, of: "num_key_value_heads",
        divisor: keyValueHeadCount)
    }
    guard headSize.isMultiple(of: 2) else {
      throw .notMultiple(
        field: section.path("head_dim"), value: headSize, of: "the halves that RoPE turns",
        divisor: 2)
    }
    // transformers refuses such a Gemma 2 although nothing depends on it.
    guard architecture == .gemma || hiddenSize.isMultiple(of: headCount) else {
      throw .notMultiple(
        field: section.path("hidden_size"), value: hiddenSize, of: "num_attention_heads",
        divisor: headCount)
    }
  }
}
