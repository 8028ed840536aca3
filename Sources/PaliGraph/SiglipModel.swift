import IR
import Inputs
import JSON
import Models
import Pipeline
import Tensors

/// A SigLIP checkpoint with everything that its directory says.
struct SiglipModel {
  let imported: ImportedModel

  init(_ directory: ModelDirectory<SiglipConfig>) throws {
    let (path, config) = (directory.folder.path, directory.config)
    let vocabularySize = config.text.vocabularySize
    let tokenizerConfig = try TokenizerConfig(directory: path, idLimit: vocabularySize)
    let tokenizerModel = try TokenizerModel.read(
      directory: path, tokenizerConfig, idLimit: vocabularySize)
    let tokenizer = Tokenizer(try TokenizerTables(tokenizerModel))
    try directory.checkVocabulary(tokenizer, size: vocabularySize)
    let processor = try directory.processor(for: config.vision)
    let settings = ScoringSettings(
      text: try tokenizerConfig.textSettings(tokenizer, positionCount: config.text.positionCount),
      processor: processor.settings)
    imported = ImportedModel(
      path: directory.path, module: try SiglipBuilder.module(config, directory.resolution),
      sections: [
        JSON.Member(ScoringSettings.section, settings.json), directory.provenance(.siglip),
      ],
      extras: tokenizer.tables.tensors, source: directory.source,
      warnings: directory.warnings + tokenizerModel.warnings
        + directory.assumptions(processor) + Self.assumptions(tokenizerConfig, directory.path))
  }

  /// Warnings about tokenizer settings that no file states. transformers refuses such a folder.
  private static func assumptions(_ config: TokenizerConfig, _ directory: String) -> [String] {
    guard !config.isPresent else { return [] }
    return [
      "\(directory.printable): there is no tokenizer_config.json; texts are padded on the right with <pad>"
    ]
  }
}
