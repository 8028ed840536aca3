import IR
import Inputs
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
    let tokenizerConfig = try TokenizerConfig(
      directory: directory.folder.path, idLimit: Self.idLimit(config))
    let tokenizerModel = try Self.tokenizer(directory.folder, tokenizerConfig, config)
    let tokenizer = Tokenizer(try TokenizerTables(tokenizerModel))
    let beginToken = try Self.beginToken(tokenizer, tokenizerConfig, path)
    try Self.checkPrompts(tokenizer, config, beginToken, directory.folder)
    // The image token may stand outside the vocabulary, and no other.
    try directory.checkVocabulary(
      tokenizer, size: config.text.vocabularySize, exception: config.imageToken)
    let processor = try directory.processor(for: config.vision)
    let settings = SessionSettings(
      imageToken: config.imageToken, beginToken: beginToken,
      imageTokenCount: config.imageTokenCount, endTokens: config.endTokens, maxTokens: maxTokens,
      processor: processor.settings)
    imported = ImportedModel(
      path: path, module: module,
      sections: [
        JSON.Member(SessionSettings.section, settings.json), directory.provenance(.paligemma),
      ],
      extras: tokenizer.tables.tensors, source: directory.source,
      warnings: directory.warnings + Self.warnings(of: config, path) + tokenizerModel.warnings
        + directory.assumptions(processor))
  }

  private static func warnings(of config: PaliGemmaConfig, _ directory: String) -> [String] {
    let names = config.unappliedSettings
    guard !names.isEmpty else { return [] }
    return [
      "\(directory.printable)/generation_config.json: \(names.joined(separator: ", ")) "
        + "\(names.count == 1 ? "is" : "are") not applied; answers are greedy unless asked otherwise"
    ]
  }

  /// What every id lies below. The image token may stand outside the vocabulary: its embedding is never read.
  private static func idLimit(_ config: PaliGemmaConfig) -> Int {
    max(config.text.vocabularySize, config.imageToken + 1)
  }

  /// The tokenizer with the tokens that PaliGemma's processor adds where they are missing.
  private static func tokenizer(
    _ folder: ModelFolder, _ tokenizerConfig: TokenizerConfig, _ config: PaliGemmaConfig
  ) throws -> TokenizerModel {
    let limit = idLimit(config)
    var model = try TokenizerModel.read(
      directory: folder.path, tokenizerConfig, idLimit: limit)
    do { try model.addPaliGemmaTokens(idLimit: limit) } catch {
      throw ModelError(folder.path, "tokenizer: \(error)")
    }
    return model
  }

  private static func beginToken(
    _ tokenizer: Tokenizer, _ config: TokenizerConfig, _ directory: String
  ) throws -> Int {
    let text = try config.specialToken("bos_token") ?? "<bos>"
    guard let id = tokenizer.id(ofPiece: text) else {
      throw ModelError(directory, "the tokenizer has no \(text.printable); is it Gemma's?")
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
