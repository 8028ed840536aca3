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
    let settings = SessionSettings(
      imageToken: config.imageToken,
      beginToken: try Self.beginToken(tokenizer, directory),
      imageTokenCount: config.imageTokenCount, endTokens: config.endTokens, maxTokens: maxTokens,
      processor: try Self.processor(folder, config))
    imported = ImportedModel(
      module: module,
      sections: [
        JSON.Member(SessionSettings.section, settings.json),
        JSON.Member(
          "provenance",
          ["program": .string("paligraph \(version)"), "model_type": "paligemma"]),
      ],
      extras: tokenizer.tables.tensors,
      source: { try resolution.tensor(named: $0, in: checkpoint) },
      warnings: checkpoint.warnings + (resolution.warning.map { ["\(directory): \($0)"] } ?? []))
  }

  private static func resolve(
    _ config: PaliGemmaConfig, _ checkpoint: Checkpoint, _ directory: String
  ) throws -> CheckpointResolution {
    do { return try config.resolve(checkpoint) } catch {
      throw ModelError(directory, "\(error)")
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

  private static func processor(
    _ folder: ModelFolder, _ config: PaliGemmaConfig
  ) throws -> ImageProcessorSettings {
    let size = config.vision.imageSize
    guard let settings = try ImageProcessorSettings.read(directory: folder.path) else {
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
    return settings
  }
}
