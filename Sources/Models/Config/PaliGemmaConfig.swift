/// What `config.json` and `generation_config.json` say about a PaliGemma model, with the defaults
/// of transformers' configuration classes for what they leave out.
///
/// A value that was read is consistent: head sizes divide, every layer has a kind, the projector
/// ends in the decoder's hidden size. Graph builders rely on that.
public struct PaliGemmaConfig: ModelConfig, Equatable {
  public var vision: VisionConfig
  public var text: TextConfig
  /// The id of `<image>` in the prompt. May lie outside the text vocabulary: its embedding is
  /// never looked at, image features stand in its places.
  public var imageToken: Int
  /// What `tie_word_embeddings` says. A checkpoint may decide otherwise by what it contains; see
  /// `resolve`.
  public var tiesWordEmbeddings: Bool
  /// Generation ends after any of these ids. Empty: only the length ends it.
  public var endTokens: [Int]
  /// Fields of `generation_config.json` that ask for another choice of tokens than greedy, which
  /// nothing here applies.
  public var unappliedSettings: [String] = []

  /// Places that one picture takes in the prompt.
  public var imageTokenCount: Int { vision.patchCount }
}
