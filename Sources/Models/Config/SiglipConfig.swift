import Tensors

/// What `config.json` says about a SigLIP model, with the defaults of transformers' configuration
/// classes for what it leaves out.
///
/// A value that was read is consistent: head sizes divide, both towers end in vectors of one size.
public struct SiglipConfig: ModelConfig, Equatable {
  public var vision: VisionConfig
  public var text: SiglipTextConfig
}

extension SiglipConfig {
  /// Reads `config.json` of a model's folder. Throws `ModelFolderError` or `ConfigError`.
  public init(folder: ModelFolder) throws {
    self = try ConfigSection.read("config.json", in: folder) {
      section throws(ConfigError.Problem) in
      try SiglipConfig(section)
    }
  }

  private init(_ root: ConfigSection) throws(ConfigError.Problem) {
    try root.require(.siglip)
    let visionSection = try root.section("vision_config")
    vision = try VisionConfig(visionSection, absent: .siglip)
    text = try SiglipTextConfig(try root.section("text_config"))
    if let visionSection, try !visionSection.bool("vision_use_head", default: true) {
      throw .unsupported(
        field: visionSection.path("vision_use_head"), found: "false", supported: ["true"])
    }
    guard text.projectionSize == vision.hiddenSize else {
      throw .contradiction(
        field: "text_config.projection_size", value: text.projectionSize,
        other: "vision_config.hidden_size", expected: vision.hiddenSize)
    }
  }
}
