import JSON

extension TextSettings {
  /// Reads a directory's `tokenizer_config.json` as transformers does when a processor is asked to pad
  /// to the longest length.
  ///
  /// The row is as long as `model_max_length` or, without one, as the text tower can read. What stands
  /// around a text is for `tokenizer.json` to say; `add_bos_token` and `add_eos_token` count where there
  /// is a `tokenizer.model` alone.
  ///
  /// - Parameter positionCount: most tokens that the text tower reads.
  /// - Throws: `TokenizerError`.
  public static func read(
    directory: String, tokenizer: Tokenizer, positionCount: Int
  ) throws -> TextSettings {
    let path = "\(directory)/tokenizer_config.json"
    let bytes = try TokenizerModel.contents(of: path)
    let hasTemplate = try TokenizerModel.contents(of: "\(directory)/tokenizer.json") != nil
    return try TokenizerModel.naming(path) {
      let config = try bytes.map { try TokenizerModel.parse($0) } ?? JSONField(.object([]))
      var settings = try TextSettings(config, tokenizer, positionCount)
      if !hasTemplate { try settings.readTemplate(config, tokenizer) }
      return settings
    }
  }

  private init(_ config: JSONField, _ tokenizer: Tokenizer, _ positionCount: Int) throws {
    let isGemma = try Self.isGemma(config)
    length = try Self.length(config, positionCount)
    padToken = try Self.token("pad_token", default: "<pad>", config, tokenizer)
    padsLeft = try Self.padsLeft(config, default: isGemma)
    let template = tokenizer.tables.settings
    (prefix, suffix) = (template.prefix.map { Int($0) }, template.suffix.map { Int($0) })
  }

  private mutating func readTemplate(_ config: JSONField, _ tokenizer: Tokenizer) throws {
    if let adds = try config.member("add_bos_token").present?.bool() {
      prefix = adds ? [try Self.token("bos_token", default: "<bos>", config, tokenizer)] : []
    }
    if let adds = try config.member("add_eos_token").present?.bool() {
      suffix = adds ? [try Self.token("eos_token", default: "<eos>", config, tokenizer)] : []
    }
  }

  /// Classes that change a text no further than `tokenizer.json` says, and whether it is Gemma's, which
  /// pads on the left unless told otherwise.
  private static func isGemma(_ config: JSONField) throws -> Bool {
    let classes = [
      "GemmaTokenizer": true, "GemmaTokenizerFast": true, "PreTrainedTokenizerFast": false,
      "TokenizersBackend": false,
    ]
    let field = try config.member("tokenizer_class")
    guard let name = try field.present?.string() else { return false }
    guard let isGemma = classes[name] else {
      throw TokenizerError.unsupported(
        field: field.path, found: name, supported: classes.keys.sorted().joined(separator: ", "))
    }
    return isGemma
  }

  private static func padsLeft(_ config: JSONField, default fallback: Bool) throws -> Bool {
    let field = try config.member("padding_side")
    guard let name = try field.present?.string() else { return fallback }
    guard let padsLeft = sides[name] else { throw field.unexpected("\"left\" or \"right\"") }
    return padsLeft
  }

  /// A number above 10^20 is how transformers writes that there is no limit.
  private static func length(_ config: JSONField, _ positionCount: Int) throws -> Int {
    let field = try config.member("model_max_length")
    guard let present = field.present, try present.double() <= 1e20 else { return positionCount }
    let length = try present.int(in: 1...lengthLimit)
    guard length <= positionCount else {
      throw TokenizerError.invalid(
        field: field.path,
        problem:
          "\(length) tokens are more than the text tower's max_position_embeddings, "
          + "\(positionCount); take config.json and tokenizer from the same model")
    }
    return length
  }

  /// The id of a special token that is given by its text, or by an object with its text.
  private static func token(
    _ name: String, default fallback: String, _ config: JSONField, _ tokenizer: Tokenizer
  ) throws -> Int {
    var field = try config.member(name)
    if case .object? = field.value { field = try field.member("content") }
    let text = try field.present?.string() ?? fallback
    guard let id = tokenizer.id(ofPiece: text) else {
      throw TokenizerError.invalid(field: field.path, problem: "the tokenizer has no \(text)")
    }
    return Int(id)
  }
}
