import JSON
import Tensors

/// The tokens that files beside a tokenizer add to it.
extension TokenizerConfig {
  /// The two keys of a list of further special tokens; the first one wins unless it is empty.
  static let extraKeys = ["extra_special_tokens", "additional_special_tokens"]

  /// The special tokens that have names of their own, in the order in which transformers adds them.
  private static let standardKeys = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// What Gemma's class assumes of those that no file names. `null` leaves a token out.
  private static let gemmaTokens = [
    "bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>", "pad_token": "<pad>",
    "mask_token": "<mask>",
  ]

  /// Special tokens without ids, in the order in which they are added where they are missing: those with
  /// names of their own, then the list of further ones. Assumed ones are named by no file.
  func specialTokens() throws -> (
    named: [(token: AddedToken, isAssumed: Bool)], extra: [AddedToken]
  ) {
    (try standardTokens() + ownTokens().map { ($0, false) }, try extraTokens())
  }

  /// Whether the list of further tokens takes the place of a `tokenizer.model`'s user-defined pieces:
  /// transformers passes the pieces on as such a list, which counts only where there is no other one.
  var replacesPieces: Bool {
    guard let extra = settings.first(where: { $0.key == Self.extraKeys[0] }) else {
      return settings.contains { $0.key == Self.extraKeys[1] && $0.file.name == Self.name }
    }
    if case .object(let members) = extra.field.value, !members.isEmpty { return false }
    return true
  }

  private func standardTokens() throws -> [(token: AddedToken, isAssumed: Bool)] {
    try Self.standardKeys.compactMap { key in
      if let setting = setting(key) {
        return (try setting.naming { try AddedToken(special: $0) }, false)
      }
      let isNull = settings.contains { $0.key == key }
      guard isGemma, !isNull, let text = Self.gemmaTokens[key] else { return nil }
      return (AddedToken(content: Array(text.utf8), id: 0, special: true), true)
    }
  }

  /// Keys like `image_token` with a text, and the members of an object of further tokens.
  private func ownTokens() throws -> [AddedToken] {
    var tokens = try settings.filter { setting in
      guard case .string? = setting.field.value else { return false }
      return setting.key.hasSuffix("_token") && !Self.standardKeys.contains(setting.key)
    }.map { try $0.naming { try AddedToken(special: $0) } }
    if let extra = setting(Self.extraKeys[0]), case .object? = extra.field.value {
      tokens += try extra.naming { try $0.members().map { try AddedToken(special: $0.field) } }
    }
    return tokens
  }

  /// An object of further tokens leaves the place to the older key.
  private func extraTokens() throws -> [AddedToken] {
    for key in Self.extraKeys {
      guard let setting = setting(key) else { continue }
      if case .object? = setting.field.value, key == Self.extraKeys[0] { continue }
      // transformers overwrites the older key when it reads the pieces of a tokenizer.model.
      if !hasTemplate, key == Self.extraKeys[1], !replacesPieces { continue }
      let tokens = try setting.naming {
        try $0.elements().compactMap { try AddedToken(listed: $0) }
      }
      if !tokens.isEmpty { return tokens }
    }
    return []
  }

  /// An `added_tokens_decoder`: ids as keys, flags as values.
  static func decoderTokens(_ setting: Setting, _ idLimit: Int) throws -> [NumberedToken] {
    guard setting.field.present != nil else { return [] }
    let tokens = try setting.naming { field in
      try field.members().map { key, field in
        guard let id = Int32(key), id >= 0, id < idLimit, String(id) == key else {
          throw TokenizerError.invalid(
            field: field.path, problem: "expected an id below \(idLimit)")
        }
        var token = try AddedToken(flags: field)
        token.id = id
        return NumberedToken(token: token, field: field.path, file: setting.file)
      }
    }
    return tokens.sorted { $0.token.id < $1.token.id }
  }

  /// An `added_tokens.json`: texts with their ids. They are matched in normalized text unless they turn out
  /// to be special.
  static func legacyTokens(_ folder: ModelFolder, _ idLimit: Int) throws -> [NumberedToken] {
    guard let bytes = try TokenizerModel.contents(of: legacyName, in: folder) else { return [] }
    let file = File(name: legacyName, path: "\(folder.path)/\(legacyName)")
    let tokens = try TokenizerModel.naming(file.path) {
      try TokenizerModel.parse(bytes, dialect: .python).members().map { key, field in
        let id = Int32(try field.int(in: 0...(idLimit - 1)))
        let token = AddedToken(
          content: try AddedToken.checked(key, field), id: id, normalized: true)
        return NumberedToken(token: token, field: field.path, file: file)
      }
    }
    return tokens.sorted { $0.token.id < $1.token.id }
  }
}

extension AddedToken {
  /// A special token given by its text or by an object with `content` and flags.
  init(special field: JSONField) throws {
    if case .object? = field.value {
      try self.init(flags: field)
      special = true
    } else {
      let content = try Self.checked(field.string(), field)
      self.init(content: content, id: 0, special: true)
    }
  }

  /// An element of a list of special tokens; nil for an empty text, which is no token. Flags count as given.
  init?(listed field: JSONField) throws {
    switch field.value {
    case .object: try self.init(flags: field)
    case .string(""): return nil
    default: try self.init(special: field)
    }
  }

  /// An object with `content` and flags, each of which has a default. The id is not settled yet.
  init(flags field: JSONField) throws {
    func flag(_ name: String) throws -> Bool? { try field.member(name).present?.bool() }
    let content = try field.member("content")
    self.init(content: try Self.checked(content.string(), content), id: 0)
    special = try flag("special") ?? false
    normalized = try flag("normalized") ?? !special
    stripsLeft = try flag("lstrip") ?? false
    stripsRight = try flag("rstrip") ?? false
    singleWord = try flag("single_word") ?? false
  }

  /// The bytes of a token's text, which must not be empty nor too long to be matched.
  static func checked(_ text: String, _ field: JSONField) throws -> [UInt8] {
    let content = Array(text.utf8)
    guard (1...longestContent).contains(content.count) else {
      throw field.unexpected("a text of 1 to \(longestContent) bytes")
    }
    return content
  }
}
