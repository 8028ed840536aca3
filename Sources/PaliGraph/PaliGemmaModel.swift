import IR
import JSON
import Models
import Pipeline
import Tensors

/// A PaliGemma checkpoint with everything that its directory says.
struct PaliGemmaModel {
  let imported: ImportedModel

  init(_ directory: ModelDirectory<PaliGemmaConfig>, maxTokens: Int?) throws {
    let (path, config) = (directory.path, directory.config)
    let maxTokens = maxTokens ?? config.imageTokenCount + 512
    let module: Module
    do {
      module = try PaliGemmaBuilder.module(config, directory.resolution, maxTokens: maxTokens)
    } catch let error as PaliGemmaBuilderError {
      throw ModelError(path, "\(error)")
    }
    let tokenizer = Tokenizer(
      try TokenizerTables(try Self.tokenizer(directory.folder, config)))
    let beginToken = try Self.beginToken(tokenizer, path)
    try Self.checkPrompts(tokenizer, config, beginToken, directory.folder)
    // The image token may stand outside the vocabulary, and no other.
    try directory.checkVocabulary(
      tokenizer, size: config.text.vocabularySize, exception: config.imageToken)
    let settings = SessionSettings(
      imageToken: config.imageToken, beginToken: beginToken,
      imageTokenCount: config.imageTokenCount, endTokens: config.endTokens, maxTokens: maxTokens,
      processor: try directory.processor(for: config.vision))
    imported = ImportedModel(
      path: path, module: module,
      sections: [
        JSON.Member(SessionSettings.section, settings.json), directory.provenance(.paligemma),
      ],
      extras: tokenizer.tables.tensors, source: directory.source,
      warnings: directory.warnings + Self.warnings(of: config, path))
  }

  private static func warnings(of config: PaliGemmaConfig, _ directory: String) -> [String] {
    let names = config.unappliedSettings
    guard !names.isEmpty else { return [] }
    return [
      "\(directory.printable)/generation_config.json: \(names.joined(separator: ", ")) "
        + "\(names.count == 1 ? "is" : "are") not applied; answers are greedy unless asked otherwise"
    ]
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
  /// noticed while there is a `config.json` to point at.
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
  }
}
