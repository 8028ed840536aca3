import Glibc
import JSON

extension PaliGemmaConfig {
  /// Configuration files are a few kilobytes; more than this is not one.
  static let limits = JSON.Limits(bytes: 1 << 20)

  /// Reads `config.json` and, when there is one, `generation_config.json` of a model directory.
  public init(directory: String) throws(ConfigError) {
    let path = "\(directory)/config.json"
    let document = try Self.document(path)
    let generationPath = "\(directory)/generation_config.json"
    let generation = try Self.documentIfPresent(generationPath)
    do throws(ConfigError.Problem) {
      self = try PaliGemmaConfig(document)
    } catch {
      throw ConfigError(path: path, problem: error)
    }
    guard let generation else { return }
    do throws(ConfigError.Problem) {
      try overrideEndTokens(generation)
    } catch {
      throw ConfigError(path: generationPath, problem: error)
    }
  }

  /// Reads the content of `config.json`.
  init(_ root: ConfigSection) throws(ConfigError.Problem) {
    try Self.validateKind(root)
    let textSection = try root.section("text_config")
    vision = try VisionConfig(try root.section("vision_config"))
    text = try TextConfig(textSection)
    // `image_token_id` is the same field's newer spelling and wins.
    let index = try root.int("image_token_index", in: 0...Int(Int32.max), default: 256_000)
    imageToken = try root.int("image_token_id", in: 0...Int(Int32.max), default: index)
    tiesWordEmbeddings = try root.bool("tie_word_embeddings", default: true)
    endTokens = try Self.endTokens(root, textSection, vocabularySize: text.vocabularySize)
    try validate(root, textSection)
  }

  private static func validateKind(_ root: ConfigSection) throws(ConfigError.Problem) {
    let kind = try root.string("model_type")
    guard kind == "paligemma" else {
      throw .unsupported(
        field: "model_type", found: kind.map { "\"\($0.printable)\"" } ?? "absent",
        supported: ["\"paligemma\" with a text_config of \"gemma\" or \"gemma2\""])
    }
    let supported = ["PaliGemmaForConditionalGeneration", "PaliGemmaModel"]
    for field in try root.elements("architectures") ?? [] {
      let name = try root.checked { () throws(JSONError) in try field.string() }
      guard supported.contains(name) else {
        throw .unsupported(field: field.path, found: "\"\(name.printable)\"", supported: supported)
      }
    }
    try root.refuseFeature("quantization_config")
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

  private static func document(_ path: String) throws(ConfigError) -> ConfigSection {
    do throws(JSONError) {
      let root = JSONField(try JSON.parse(path: path, limits: limits))
      _ = try root.members()
      return ConfigSection(field: root)
    } catch {
      throw ConfigError(path: path, problem: .json(error))
    }
  }

  private static func documentIfPresent(_ path: String) throws(ConfigError) -> ConfigSection? {
    do throws(ConfigError) {
      return try document(path)
    } catch {
      if case .json(.unreadable(let reason)) = error.problem,
        reason.problem == .system(errno: ENOENT)
      {
        return nil
      }
      throw error
    }
  }
}
