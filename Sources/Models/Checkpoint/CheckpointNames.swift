/// The names that checkpoints give to the tensors of PaliGemma.
///
/// The canonical name is the parameter's path in transformers 5:
/// `model.language_model.layers.0.self_attn.q_proj.weight`. Files differ from it in the beginning
/// of the name only, each of the four parts of the model in its own way:
///
/// | file written by             | tower                              | decoder                 |
/// |-----------------------------|------------------------------------|-------------------------|
/// | transformers 4.41 (the hub) | `vision_tower.vision_model.`       | `language_model.model.` |
/// | transformers 4.52           | `model.vision_tower.vision_model.` | `model.language_model.` |
/// | transformers 5              | `model.vision_tower.`              | `model.language_model.` |
/// | its base model alone        | `vision_tower.`                    | `language_model.`       |
struct CheckpointNames {
  static let vision = "model.vision_tower."
  static let projector = "model.multi_modal_projector."
  static let language = "model.language_model."
  static let head = "lm_head.weight"

  /// Each part's canonical beginning with all its spellings. A spelling stands before those that
  /// it begins with.
  private static let parts: [(canonical: String, spellings: [String])] = [
    (
      vision,
      [
        "model.vision_tower.vision_model.", "model.vision_tower.",
        "vision_tower.vision_model.", "vision_tower.",
      ]
    ),
    (projector, ["model.multi_modal_projector.", "multi_modal_projector."]),
    (head, ["language_model.lm_head.weight", "lm_head.weight"]),
    (
      language,
      [
        "model.language_model.model.", "model.language_model.",
        "language_model.model.", "language_model.",
      ]
    ),
  ]

  /// The spelling of each part in the checkpoint at hand, by its canonical beginning.
  private var spellings: [String: String] = [:]

  /// Learns a checkpoint's spelling of each part from the first name that belongs to it.
  init(_ names: some Sequence<String>) {
    for name in names {
      guard let (canonical, spelling) = Self.part(of: name) else { continue }
      if spellings[canonical] == nil { spellings[canonical] = spelling }
    }
  }

  /// The canonical name of a checkpoint's tensor; nil when it belongs to no part of the model.
  static func canonical(_ name: String) -> String? {
    guard let (canonical, spelling) = part(of: name) else { return nil }
    return canonical + name.dropFirst(spelling.count)
  }

  /// How the checkpoint at hand spells a canonical name, whether it holds the tensor or not.
  func spelling(of canonical: String) -> String {
    guard let (part, own) = Self.part(of: canonical), let spelling = spellings[part] else {
      return canonical
    }
    return spelling + canonical.dropFirst(own.count)
  }

  /// The layer number of a canonical name such as `model.language_model.layers.17.norm.weight`.
  static func layer(of canonical: String, under stack: String) -> Int? {
    guard canonical.hasPrefix(stack) else { return nil }
    return Int(canonical.dropFirst(stack.count).prefix { $0 != "." })
  }

  /// The part that a name belongs to. Only ASCII names do, so that equality of strings is equality
  /// of their bytes from here on.
  private static func part(of name: String) -> (canonical: String, spelling: String)? {
    guard name.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    for part in parts {
      if let spelling = part.spellings.first(where: name.hasPrefix) {
        return (part.canonical, spelling)
      }
    }
    return nil
  }
}
