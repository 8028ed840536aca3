import JSON

/// `eos_token_id`: one id or a list of them, in one of three places. `generation_config.json`
/// decides when there is one, else `config.json` itself, else its `text_config`.
extension PaliGemmaConfig {
  /// What Gemma's configuration classes assume.
  static let defaultEndToken = 1

  /// The ids of `config.json`. `null` at the top level leaves the choice to `text_config`, where it
  /// means that no id ends the text.
  static func endTokens(
    _ root: ConfigSection, _ text: ConfigSection?, vocabularySize: Int
  ) throws(ConfigError.Problem) -> [Int] {
    if let tokens = try endTokens(root, vocabularySize) { return tokens }
    guard let text, try text.member("eos_token_id").value != nil else { return [defaultEndToken] }
    guard let tokens = try endTokens(text, vocabularySize) else { return [] }
    return tokens
  }

  /// Takes over what `generation_config.json` says.
  mutating func overrideEndTokens(_ section: ConfigSection) throws(ConfigError.Problem) {
    guard let tokens = try Self.endTokens(section, text.vocabularySize) else { return }
    endTokens = tokens
  }

  /// The ids that a section names; nil when the field is absent or `null`.
  private static func endTokens(
    _ section: ConfigSection, _ vocabularySize: Int
  ) throws(ConfigError.Problem) -> [Int]? {
    guard let field = try section.member("eos_token_id").present else { return nil }
    var fields = [field]
    if case .array = field.value {
      fields = try section.checked { () throws(JSONError) in try field.elements() }
    }
    var tokens: [Int] = []
    for field in fields {
      let token = try section.checked { () throws(JSONError) in
        try field.int(in: 0...Int(Int32.max))
      }
      guard token < vocabularySize else {
        throw .tokenBeyondVocabulary(
          field: field.path, token: token, vocabularySize: vocabularySize)
      }
      tokens.append(token)
    }
    return tokens
  }
}
