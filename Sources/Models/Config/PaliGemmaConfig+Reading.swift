import JSON
import Tensors

extension PaliGemmaConfig {
  /// Configuration files are a few kilobytes; more than this is not one.
  static let limits = JSON.Limits(bytes: 1 << 20)

  /// Reads `config.json` and, when there is one, `generation_config.json` of a model's folder.
  /// Throws `ModelFolderError` or `ConfigError`.
  public init(folder: ModelFolder) throws {
    self = try Self.read("config.json", in: folder) { section throws(ConfigError.Problem) in
      try PaliGemmaConfig(section)
    }
    let generation = "generation_config.json"
    guard folder.contains(generation) else { return }
    try Self.read(generation, in: folder) { section throws(ConfigError.Problem) in
      try overrideEndTokens(section)
      unappliedSettings = try Self.unappliedSettings(section)
    }
  }

  /// As `init(folder:)`, for the path of the folder.
  public init(directory: String) throws {
    try self.init(folder: ModelFolder(path: directory))
  }

  /// Reads the content of `config.json`.
  init(_ root: ConfigSection) throws(ConfigError.Problem) {
    try Self.validateKind(root)
    let textSection = try root.section("text_config")
    vision = try VisionConfig(try root.section("vision_config"))
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

  private static func read<Value>(
    _ name: String, in folder: ModelFolder,
    _ interpret: (ConfigSection) throws(ConfigError.Problem) -> Value
  ) throws -> Value {
    let file = try folder.open(name)
    do throws(ConfigError.Problem) {
      return try interpret(document(file))
    } catch {
      throw ConfigError(path: "\(folder.path)/\(name)", problem: error)
    }
  }

  private static func document(
    _ file: borrowing InputFile
  ) throws(ConfigError.Problem) -> ConfigSection {
    do throws(JSONError) {
      let root = JSONField(try JSON.parse(file, limits: limits))
      _ = try root.members()
      return ConfigSection(field: root)
    } catch {
      throw .json(error)
    }
  }
}
