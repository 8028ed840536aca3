import Inputs
import JSON
import Models
import Pipeline
import Tensors

/// A Hugging Face directory of one kind of model: the files that all kinds have.
struct ModelDirectory<Config: ModelConfig> {
  let folder: ModelFolder
  /// As the user gave it, for messages.
  let path: String
  let config: Config
  let checkpoint: Checkpoint
  let resolution: CheckpointResolution

  init(_ path: String) throws {
    self.path = path
    folder = try ModelFolder(path: path)
    config = try Config(folder: folder)
    checkpoint = try Checkpoint(folder: folder)
    do { resolution = try config.resolve(checkpoint) } catch {
      if let foreign = ForeignWeights(checkpoint) { throw ModelError(path, "\(foreign)") }
      let note =
        checkpoint.ignoresIndex ? ", or remove the \(Checkpoint.fileName) beside the index" : ""
      throw ModelError(path, "\(error)\(note)")
    }
  }

  /// What is worth a line about the checkpoint.
  var warnings: [String] {
    checkpoint.warnings + (resolution.warning.map { ["\(path.printable): \($0)"] } ?? [])
  }

  /// The value of a weight by its name in the module.
  var source: @Sendable (String) throws -> TensorData? {
    { [resolution, checkpoint] in try resolution.tensor(named: $0, in: checkpoint) }
  }

  /// What a plan says of its origin.
  func provenance(_ kind: ModelKind) -> JSON.Member {
    JSON.Member(
      "provenance",
      ["program": .string("paligraph \(version)"), "model_type": .string(kind.rawValue)])
  }

  /// That every id has a row of the embedding table.
  ///
  /// - Parameter exception: an id that is never looked up.
  func checkVocabulary(
    _ tokenizer: Tokenizer, size: Int, exception: Int? = nil
  ) throws {
    let beyond = (size..<max(size, tokenizer.vocabularySize)).first {
      $0 != exception && tokenizer.piece(Int32($0)) != nil
    }
    guard let beyond else { return }
    throw ModelError(
      folder.path,
      "the tokenizer has the id \(beyond), which must be below the vocab_size, \(size); take "
        + "config.json and tokenizer from the same model")
  }

  /// How pictures become pixel values for this tower.
  ///
  /// - Returns: the settings, and whether a file of the folder says so.
  func processor(
    for vision: VisionConfig
  ) throws -> (settings: ImageProcessorSettings, isStated: Bool) {
    let size = vision.imageSize
    guard var settings = try ImageProcessorSettings.read(directory: folder.path) else {
      var settings = ImageProcessorSettings()
      (settings.width, settings.height) = (size, size)
      return (settings, false)
    }
    guard settings.width == size, settings.height == size else {
      throw ModelError(
        folder.path,
        "the processor makes pictures of \(settings.width)×\(settings.height), but config.json's "
          + "vision tower takes \(size)×\(size); make the two agree")
    }
    if let stated = settings.imageTokenCount, stated != vision.patchCount {
      throw ModelError(
        folder.path,
        "the processor's image_seq_length is \(stated), but a picture of config.json's vision tower has "
          + "\(vision.patchCount) patches; make the two agree")
    }
    settings.imageTokenCount = nil
    return (settings, true)
  }

  /// Warnings about picture settings that no file states. transformers refuses such a folder.
  func assumptions(_ processor: (settings: ImageProcessorSettings, isStated: Bool)) -> [String] {
    guard !processor.isStated else { return [] }
    return [
      "\(path.printable): there is neither preprocessor_config.json nor an image_processor in "
        + "processor_config.json; pictures are resized with the bicubic filter and scaled to −1…1, SigLIP's "
        + "defaults"
    ]
  }
}
