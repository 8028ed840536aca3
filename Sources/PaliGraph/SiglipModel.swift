import JSON
import Models
import Pipeline
import Tensors

/// A SigLIP checkpoint with everything that its directory says.
struct SiglipModel {
  let imported: ImportedModel

  init(_ directory: ModelDirectory<SiglipConfig>) throws {
    let (path, config) = (directory.folder.path, directory.config)
    let tokenizerConfig = try TokenizerConfig(directory: path)
    let tokenizer = Tokenizer(
      try TokenizerTables(
        try TokenizerModel.read(directory: path, idLimit: config.text.vocabularySize)))
    try directory.checkVocabulary(tokenizer, size: config.text.vocabularySize)
    let settings = ScoringSettings(
      text: try tokenizerConfig.textSettings(tokenizer, positionCount: config.text.positionCount),
      processor: try directory.processor(for: config.vision))
    imported = ImportedModel(
      path: directory.path, module: try SiglipBuilder.module(config, directory.resolution),
      sections: [
        JSON.Member(ScoringSettings.section, settings.json), directory.provenance(.siglip),
      ],
      extras: tokenizer.tables.tensors, source: directory.source, warnings: directory.warnings)
  }
}
