extension VisionConfig {
  /// Reads a `vision_config`; nil stands for a `config.json` without one.
  init(_ section: ConfigSection?, absent: VisionConfig) throws(ConfigError.Problem) {
    guard let section else {
      self = absent
      return
    }
    self = .siglip
    _ = try section.choice("model_type", among: ["siglip_vision_model": ()], default: ())
    try readEncoder(section)
    imageSize = try section.int("image_size", in: 1...4096, default: imageSize)
    patchSize = try section.int("patch_size", in: 1...1024, default: patchSize)
    _ = try section.int(
      "num_channels", in: Self.channelCount...Self.channelCount, default: Self.channelCount)
    try validate(section)
  }

  private func validate(_ section: ConfigSection) throws(ConfigError.Problem) {
    guard patchSize <= imageSize else {
      throw .unsupported(
        field: section.path("patch_size"), found: "\(patchSize)",
        supported: ["at most image_size, \(imageSize)"])
    }
    let stated = try section.int("num_image_tokens", in: 0...Int.max, default: patchCount)
    guard stated == patchCount else {
      throw .contradiction(
        field: section.path("num_image_tokens"), value: stated,
        other: "(image_size / patch_size)²", expected: patchCount)
    }
  }
}
