import JSON
import Tensors

/// A model's `tokenizer_config.json`: what transformers' tokenizer classes add to a tokenizer.
public struct TokenizerConfig: Sendable {
  private let path: String
  private let config: JSONField
  /// `tokenizer.json` says what stands around a text.
  private let hasTemplate: Bool
  /// The tokenizer's class is Gemma's, which pads on the left unless told otherwise.
  private let isGemma: Bool

  /// Reads the file, or takes every default when a directory has none.
  ///
  /// - Throws: `ModelFolderError`, `TokenizerError`, also for a tokenizer class that changes a text further than
  ///   `tokenizer.json` says.
  public init(directory: String) throws {
    let folder = try ModelFolder(path: directory)
    let path = "\(folder.path)/tokenizer_config.json"
    let bytes = try TokenizerModel.contents(of: "tokenizer_config.json", in: folder)
    self.path = path
    (config, isGemma) = try TokenizerModel.naming(path) {
      let config = try bytes.map { try TokenizerModel.parse($0) } ?? JSONField(.object([]))
      return (config, try Self.isGemma(config))
    }
    hasTemplate = folder.contains("tokenizer.json")
  }

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
    return try TokenizerModel.naming(path) {
      var settings = TextSettings(
        length: try length(positionCount),
        padToken: try token("pad_token", default: "<pad>", tokenizer), padsLeft: try padsLeft(),
        prefix: template.prefix.map { Int($0) }, suffix: template.suffix.map { Int($0) })
      guard !hasTemplate else { return settings }
      if let adds = try config.member("add_bos_token").present?.bool() {
        settings.prefix = adds ? [try token("bos_token", default: "<bos>", tokenizer)] : []
      }
      if let adds = try config.member("add_eos_token").present?.bool() {
        settings.suffix = adds ? [try token("eos_token", default: "<eos>", tokenizer)] : []
      }
      return settings
    }
  }

  private func padsLeft() throws -> Bool {
    let field = try config.member("padding_side")
    guard let name = try field.present?.string() else { return isGemma }
    guard let padsLeft = TextSettings.sides[name] else {
      throw field.unexpected("\"left\" or \"right\"")
    }
    return padsLeft
  }

  /// A number above 10^20 is how transformers writes that there is no limit.
  private func length(_ positionCount: Int) throws -> Int {
    let field = try config.member("model_max_length")
    guard let present = field.present, try present.double() <= 1e20 else { return positionCount }
    let length = try present.int(in: 1...TextSettings.lengthLimit)
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
  private func token(
    _ name: String, default fallback: String, _ tokenizer: Tokenizer
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
