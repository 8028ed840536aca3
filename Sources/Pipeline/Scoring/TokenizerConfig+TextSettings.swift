import JSON

/// What the files beside a tokenizer say about rows of ids.
extension TokenizerConfig {
  /// What transformers does when a processor is asked to pad to the longest length.
  ///
  /// The row is as long as `model_max_length` or, without one, as the text tower can read. What stands
  /// around a text is for `tokenizer.json` to say; `add_bos_token` and `add_eos_token` count where there
  /// is a `tokenizer.model` alone.
  ///
  /// - Parameter positionCount: most tokens that the text tower reads.
  /// - Throws: `TokenizerError`.
  public func textSettings(_ tokenizer: Tokenizer, positionCount: Int) throws -> TextSettings {
    let template = tokenizer.tables.settings
    var settings = TextSettings(
      length: try length(positionCount),
      padToken: try token("pad_token", default: "<pad>", tokenizer), padsLeft: try padsLeft(),
      prefix: template.prefix.map { Int($0) }, suffix: template.suffix.map { Int($0) })
    guard !hasTemplate else { return settings }
    if let adds = try setting("add_bos_token")?.naming({ try $0.bool() }) {
      settings.prefix = adds ? [try token("bos_token", default: "<bos>", tokenizer)] : []
    }
    if let adds = try setting("add_eos_token")?.naming({ try $0.bool() }) {
      settings.suffix = adds ? [try token("eos_token", default: "<eos>", tokenizer)] : []
    }
    return settings
  }

  private func padsLeft() throws -> Bool {
    try setting("padding_side")?.naming { field in
      guard let padsLeft = try TextSettings.sides[field.string()] else {
        throw field.unexpected("\"left\" or \"right\"")
      }
      return padsLeft
    } ?? isGemma
  }

  /// A number above 10^20 is how transformers writes that there is no limit.
  private func length(_ positionCount: Int) throws -> Int {
    try setting("model_max_length")?.naming { field in
      guard try field.double() <= 1e20 else { return positionCount }
      let length = try field.int(in: 1...TextSettings.lengthLimit)
      guard length <= positionCount else {
        throw TokenizerError.invalid(
          field: field.path,
          problem:
            "\(length) tokens are more than the text tower's max_position_embeddings, "
            + "\(positionCount); take config.json and tokenizer from the same model")
      }
      return length
    } ?? positionCount
  }

  /// The id of a special token that is given by its text, or by an object with its text.
  private func token(_ key: String, default fallback: String, _ tokenizer: Tokenizer) throws -> Int
  {
    let field = try setting(key).map { try $0.naming(Self.content) }
    return try TokenizerModel.naming(setting(key)?.file.path ?? path) {
      let text = try field?.string() ?? fallback
      guard let id = tokenizer.id(ofPiece: text) else {
        throw TokenizerError.invalid(
          field: field?.path ?? key, problem: "the tokenizer has no \(text)")
      }
      return Int(id)
    }
  }
}
