import Inputs
import JSON
import Tensors

/// What the files of a model's folder say about one kind of model.
public protocol ModelConfig: Sendable {
  /// Throws `ModelFolderError` or `ConfigError`.
  init(folder: ModelFolder) throws

  /// Every tensor of the model in the order of computation, under its canonical name.
  var expectedTensors: [ExpectedTensor] { get }

  /// Finds every tensor of the model among those of a checkpoint, by name, shape and element type.
  /// Throws one error that holds all problems.
  func resolve(
    _ tensors: [CheckpointResolution.Source]
  ) throws(CheckpointMismatch) -> CheckpointResolution
}

extension ModelConfig {
  /// As `init(folder:)`, for the path of the folder.
  public init(directory: String) throws {
    try self.init(folder: ModelFolder(path: directory))
  }

  /// As for the list of its tensors. Reads no tensor's bytes.
  public func resolve(_ checkpoint: Checkpoint) throws(CheckpointMismatch) -> CheckpointResolution {
    try resolve(
      checkpoint.names.compactMap { name in
        checkpoint.entry(named: name).map {
          CheckpointResolution.Source(name: name, elementType: $0.elementType, shape: $0.shape)
        }
      })
  }
}

/// The kinds of models that a Hugging Face directory may hold, as its `model_type` spells them.
public enum ModelKind: String, Sendable, CaseIterable {
  case paligemma, siglip

  /// Reads `model_type` in the folder's `config.json`. Throws `ModelFolderError` or `ConfigError`.
  public init(folder: ModelFolder) throws {
    self = try ConfigSection.read("config.json", in: folder) {
      root throws(ConfigError.Problem) in
      try root.kind(among: ModelKind.allCases)
    }
  }

  /// What to use instead of something else.
  fileprivate var advice: String {
    switch self {
    case .paligemma: "\"paligemma\" with a text_config of \"gemma\" or \"gemma2\""
    case .siglip: "\"siglip\""
    }
  }

  /// Classes of transformers that have other parts than this kind of model.
  fileprivate var otherArchitectures: [String] {
    switch self {
    case .paligemma: []
    case .siglip: ["SiglipForImageClassification", "SiglipTextModel", "SiglipVisionModel"]
    }
  }

  /// The class to use instead of one of those.
  fileprivate var architecture: String {
    switch self {
    case .paligemma: "PaliGemmaForConditionalGeneration"
    case .siglip: "SiglipModel"
    }
  }
}

extension ConfigSection {
  /// Configuration files are a few kilobytes; more than this is not one.
  static let limits = JSON.Limits(bytes: 1 << 20)

  /// Reads a configuration file of a model's folder; errors name it. Throws `ModelFolderError` or
  /// `ConfigError`.
  static func read<Value>(
    _ name: String, in folder: ModelFolder,
    _ interpret: (ConfigSection) throws(Problem) -> Value
  ) throws -> Value {
    let file = try folder.open(name)
    do throws(Problem) {
      return try interpret(document(file))
    } catch {
      throw ConfigError(path: "\(folder.path)/\(name)", problem: error)
    }
  }

  private static func document(
    _ file: borrowing InputFile
  ) throws(Problem) -> ConfigSection {
    do throws(JSONError) {
      let root = JSONField(try JSON.parse(file, limits: limits, dialect: .python))
      _ = try root.members()
      return ConfigSection(field: root)
    } catch {
      throw .json(error)
    }
  }

  /// What `model_type` says, which must be one of `kinds`.
  func kind(among kinds: [ModelKind]) throws(Problem) -> ModelKind {
    let name = try string("model_type")
    guard let kind = kinds.first(where: { $0.rawValue == name }) else {
      throw .unsupported(
        field: path("model_type"), found: name.map { "\"\($0.printable)\"" } ?? "absent",
        supported: kinds.map(\.advice))
    }
    return kind
  }

  /// Throws unless the document is about this kind of model, in a form that is known.
  ///
  /// As in transformers, `model_type` decides: `architectures` may hold the name of a wrapper or of somebody's
  /// own subclass. Only classes that are known to have other parts are refused.
  func require(_ kind: ModelKind) throws(Problem) {
    _ = try self.kind(among: [kind])
    for field in try elements("architectures") ?? [] {
      let name = try checked { () throws(JSONError) in try field.string() }
      guard !kind.otherArchitectures.contains(name) else {
        throw .unsupported(
          field: field.path, found: "\"\(name.printable)\"", supported: [kind.architecture])
      }
    }
    try refuseQuantization()
    // transformers reads the file of this name in place of the usual ones.
    guard try string("transformers_weights") == nil else {
      throw unsupported(
        "transformers_weights", nil,
        ["a checkpoint without it, whose weights are in model.safetensors"])
    }
  }

  /// Throws for weights that are stored in a quantised form, by the name of the method.
  func refuseQuantization() throws(Problem) {
    let key = "quantization_config"
    guard let section = try? section(key), let method = try? section.string("quant_method") else {
      return try refuseFeature(key)
    }
    throw unsupported(
      "\(key).quant_method", method,
      ["the checkpoint it was made from, with compile --weights int8 or int4"])
  }
}
