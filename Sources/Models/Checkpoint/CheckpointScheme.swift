/// How checkpoints spell the names of one kind of model.
///
/// The canonical name is the parameter's path in transformers 5. Files differ from it in the
/// beginning of the name only, each part of the model in its own way.
struct CheckpointScheme: Sendable {
  /// Each part's canonical beginning with all its spellings. A spelling stands before those that
  /// it begins with.
  let parts: [(canonical: String, spellings: [String])]

  /// The canonical name of a checkpoint's tensor; nil when it belongs to no part of the model.
  func canonical(_ name: String) -> String? {
    guard let (canonical, spelling) = part(of: name) else { return nil }
    return canonical + name.dropFirst(spelling.count)
  }

  /// The part that a name belongs to. Only ASCII names do, so that equality of strings is equality
  /// of their bytes from here on.
  func part(of name: String) -> (canonical: String, spelling: String)? {
    guard name.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    for part in parts {
      if let spelling = part.spellings.first(where: name.hasPrefix) {
        return (part.canonical, spelling)
      }
    }
    return nil
  }
}

extension CheckpointScheme {
  /// Such as `model.language_model.layers.0.self_attn.q_proj.weight`:
  ///
  /// | file written by             | tower                              | decoder                 |
  /// |-----------------------------|------------------------------------|-------------------------|
  /// | transformers 4.41 (the hub) | `vision_tower.vision_model.`       | `language_model.model.` |
  /// | transformers 4.52           | `model.vision_tower.vision_model.` | `model.language_model.` |
  /// | transformers 5              | `model.vision_tower.`              | `model.language_model.` |
  /// | its base model alone        | `vision_tower.`                    | `language_model.`       |
  static let paliGemma = CheckpointScheme(parts: [
    (
      PaliGemmaConfig.visionPrefix,
      [
        "model.vision_tower.vision_model.", "model.vision_tower.",
        "vision_tower.vision_model.", "vision_tower.",
      ]
    ),
    (
      PaliGemmaConfig.projectorPrefix,
      ["model.multi_modal_projector.", "multi_modal_projector."]
    ),
    (PaliGemmaConfig.head, ["language_model.lm_head.weight", "lm_head.weight"]),
    (
      PaliGemmaConfig.languagePrefix,
      [
        "model.language_model.model.", "model.language_model.",
        "language_model.model.", "language_model.",
      ]
    ),
  ])

  /// Every version of transformers spells them alike.
  static let siglip = CheckpointScheme(
    parts: [
      SiglipConfig.visionPrefix, SiglipConfig.textPrefix, SiglipConfig.logitScale,
      SiglipConfig.logitBias,
    ].map { ($0, [$0]) })
}
