import JSON
import Tensors

extension PaliGemmaConfig {
  /// Reads `config.json` and, when there is one, `generation_config.json` of a model's folder.
  /// Throws `ModelFolderError` or `ConfigError`.
  public init(folder: ModelFolder) throws {
    self = try ConfigSection.read("config.json", in: folder) {
      section throws(ConfigError.Problem) in
      try PaliGemmaConfig(section)
    }
    let generation = "generation_config.json"
    guard folder.contains(generation) else { return }
    try ConfigSection.read(generation, in: folder) { section throws(ConfigError.Problem) in
      try overrideEndTokens(section)
      unappliedSettings = try Self.unappliedSettings(section)
    }
  }

  /// Reads the content of `config.json`.
  init(_ root: ConfigSection) throws(ConfigError.Problem) {
    try root.require(.paligemma)
    let textSection = try root.section("text_config")
    vision = try VisionConfig(try root.section("vision_config"), absent: .paliGemma)
    text = try TextConfig(textSection)
    imageToken = try Self.imageToken(root)
    tiesWordEmbeddings = try root.bool("tie_word_embeddings", default: true)
    endTokens = try Self.endTokens(root, textSection, vocabularySize: text.vocabularySize)
    try validate(root, textSection)
  }

  /// `image_token_id` is the newer spelling of `image_token_index`.
  private static func imageToken(_ root: ConfigSection) throws(ConfigError.Problem) -> Int {
    let (older, newer) = ("image_token_index", "image_token_id")
    let index = try root.int(older, in: 0...Int(Int32.max), default: 256_000)
    let id = try root.int(newer, in: 0...Int(Int32.max), default: index)
    let statesBoth = try root.member(older).value != nil
    guard id == index || !statesBoth else {
      throw .contradiction(field: newer, value: id, other: older, expected: index)
    }
    return id
  }

  private func validate(
    _ root: ConfigSection, _ text: ConfigSection?
  ) throws(ConfigError.Problem) {
    let projection = try root.int("projection_dim", in: 1...1 << 16, default: 2048)
    guard projection == self.text.hiddenSize else {
      throw .contradiction(
        field: "projection_dim", value: projection, other: "text_config.hidden_size",
        expected: self.text.hiddenSize)
    }
    let stated = try text?.int("num_image_tokens", in: 0...Int.max, default: imageTokenCount)
    guard stated == nil || stated == imageTokenCount else {
      throw .contradiction(
        field: "text_config.num_image_tokens", value: stated ?? 0,
        other: "(image_size / patch_size)² of vision_config", expected: imageTokenCount)
    }
  }
}
