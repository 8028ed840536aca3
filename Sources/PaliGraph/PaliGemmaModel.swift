import IR
import JSON
import Models
import Pipeline
import Tensors

/// A PaliGemma checkpoint with everything that its directory says.
struct PaliGemmaModel {
  let imported: ImportedModel

  init(directory: String, maxTokens: Int?) throws {
    let folder = try ModelFolder(path: directory)
    guard folder.contains("config.json") else {
      throw ModelError(directory, "it has no config.json; give a Hugging Face model directory")
    }
    let config = try PaliGemmaConfig(folder: folder)
    let checkpoint = try Checkpoint(folder: folder)
    let resolution = try Self.resolve(config, checkpoint, directory)
    let maxTokens = maxTokens ?? config.imageTokenCount + 512
    let module: Module
    do { module = try PaliGemmaBuilder.module(config, resolution, maxTokens: maxTokens) } catch let
      error as PaliGemmaBuilderError
    {
      throw ModelError(directory, "\(error)")
    }
    let tokenizer = Tokenizer(
      try TokenizerTables(try Self.tokenizer(folder, config)))
    let beginToken = try Self.beginToken(tokenizer, directory)
    try Self.checkPrompts(tokenizer, config, beginToken, folder)
    let settings = SessionSettings(
      imageToken: config.imageToken, beginToken: beginToken,
      imageTokenCount: config.imageTokenCount, endTokens: config.endTokens, maxTokens: maxTokens,
      processor: try Self.processor(folder, config))
    imported = ImportedModel(
      path: directory, module: module,
      sections: [
        JSON.Member(SessionSettings.section, settings.json),
        JSON.Member(
          "provenance",
          ["program": .string("paligraph \(version)"), "model_type": "paligemma"]),
      ],
      extras: tokenizer.tables.tensors,
      source: { try resolution.tensor(named: $0, in: checkpoint) },
      warnings: checkpoint.warnings
        + (resolution.warning.map { ["\(directory.printable): \($0)"] } ?? [])
        + Self.warnings(of: config, directory))
  }

  private static func warnings(of config: PaliGemmaConfig, _ directory: String) -> [String] {
    let names = config.unappliedSettings
    guard !names.isEmpty else { return [] }
    return [
      "\(directory.printable)/generation_config.json: \(names.joined(separator: ", ")) "
        + "\(names.count == 1 ? "is" : "are") not applied; answers are greedy unless asked otherwise"
    ]
  }

  static func resolve(
    _ config: PaliGemmaConfig, _ checkpoint: Checkpoint, _ directory: String
  ) throws -> CheckpointResolution {
    do { return try config.resolve(checkpoint) } catch {
      let note =
        checkpoint.ignoresIndex ? ", or remove the \(Checkpoint.fileName) beside the index" : ""
      throw ModelError(directory, "\(error)\(note)")
    }
  }

  /// The tokenizer with the tokens that PaliGemma's processor adds where they are missing.
  private static func tokenizer(
    _ folder: ModelFolder, _ config: PaliGemmaConfig
  ) throws -> TokenizerModel {
    // The image token may stand outside the vocabulary: its embedding is never read.
    let limit = max(config.text.vocabularySize, config.imageToken + 1)
    var model = try TokenizerModel.read(directory: folder.path, idLimit: limit)
    do { try model.addPaliGemmaTokens(idLimit: limit) } catch {
      throw ModelError(folder.path, "tokenizer: \(error)")
    }
    return model
  }

  private static func beginToken(_ tokenizer: Tokenizer, _ directory: String) throws -> Int {
    guard let id = tokenizer.id(ofPiece: "<bos>") else {
      throw ModelError(directory, "the tokenizer has no <bos>; is it Gemma's?")
    }
    return Int(id)
  }

  /// That prompts can be made from this configuration and this tokenizer: what every session demands,
  /// noticed while there is a `config.json` to point at. The image token may stand outside the
  /// vocabulary, and no other.
  private static func checkPrompts(
    _ tokenizer: Tokenizer, _ config: PaliGemmaConfig, _ beginToken: Int, _ folder: ModelFolder
  ) throws {
    do {
      _ = try PromptBuilder(
        tokenizer: tokenizer, imageTokenID: Int32(config.imageToken),
        beginTokenID: Int32(beginToken), tokensPerPicture: config.imageTokenCount)
    } catch {
      throw ModelError("\(folder.path)/config.json", "\(error)")
    }
    let size = config.text.vocabularySize
    let beyond = (size..<max(size, tokenizer.vocabularySize)).first {
      $0 != config.imageToken && tokenizer.piece(Int32($0)) != nil
    }
    if let beyond {
      throw ModelError(
        folder.path,
        "the tokenizer has the id \(beyond), which must be below the vocab_size, \(size); take "
          + "config.json and tokenizer from the same model")
    }
  }

  private static func processor(
    _ folder: ModelFolder, _ config: PaliGemmaConfig
  ) throws -> ImageProcessorSettings {
    let size = config.vision.imageSize
    guard var settings = try ImageProcessorSettings.read(directory: folder.path) else {
      var settings = ImageProcessorSettings()
      (settings.width, settings.height) = (size, size)
      return settings
    }
    guard settings.width == size, settings.height == size else {
      throw ModelError(
        folder.path,
        "the processor makes pictures of \(settings.width)×\(settings.height), but config.json's "
          + "vision tower takes \(size)×\(size); make the two agree")
    }
    if let stated = settings.imageTokenCount, stated != config.imageTokenCount {
      throw ModelError(
        folder.path,
        "the processor's image_seq_length is \(stated), but a picture of config.json's vision tower has "
          + "\(config.imageTokenCount) patches; make the two agree")
    }
    settings.imageTokenCount = nil
    return settings
  }
}
