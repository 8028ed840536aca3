import JSON

extension TokenizerModel {
  /// Reads the text of a `tokenizer.json` with a BPE model.
  ///
  /// What stands in `truncation` and `padding` is left to the caller. Components and options that
  /// would change the ids and are not implemented are refused by name.
  ///
  /// - Parameter readsAddedTokens: the file's `added_tokens` count.
  package init(json bytes: [UInt8], idLimit: Int, readsAddedTokens: Bool = true) throws {
    self.init()
    let idLimit = Self.clamped(idLimit)
    let root = try Self.parse(bytes)
    let version = try root.member("version").string()
    guard version == "1.0" else {
      throw TokenizerError.unsupported(field: "version", found: version, supported: "1.0")
    }
    normalizer = try SpaceNormalizer(json: root.member("normalizer"))
    splitsAfterSpaces = try Self.splitsAfterSpaces(root.member("pre_tokenizer"))
    try Self.checkDecoder(root.member("decoder"))
    try readModel(root.member("model"), idLimit: idLimit)
    for token in try root.member("added_tokens").present?.elements() ?? [] where readsAddedTokens {
      let id = try token.member("id").int(in: 0...(idLimit - 1))
      try add(AddedToken(json: token), id: Int32(id), nextID: nextID, field: token.path)
    }
    try readTemplate(root.member("post_processor"), idLimit: idLimit)
  }

  private mutating func readModel(_ model: JSONField, idLimit: Int) throws {
    try Self.expect("BPE", in: model.member("type"))
    for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
      let affix = try model.member(name)
      guard try affix.present?.string().isEmpty ?? true else {
        throw TokenizerError.unsupported(field: affix.path, found: "a text", supported: "null")
      }
    }
    let dropout = try model.member("dropout")
    guard try dropout.present?.double() ?? 0 == 0 else {
      throw TokenizerError.unsupported(field: dropout.path, found: "a number", supported: "null")
    }
    let ignoreMerges = try model.member("ignore_merges")
    guard try ignoreMerges.present?.bool() != true else {
      throw TokenizerError.unsupported(field: ignoreMerges.path, found: "true", supported: "false")
    }
    fusesUnknown = try model.member("fuse_unk").present?.bool() ?? false
    fallsBackToBytes = try model.member("byte_fallback").present?.bool() ?? false

    try readVocabulary(model.member("vocab"), idLimit: idLimit)
    try readMerges(model.member("merges"))
    let unknown = try model.member("unk_token")
    if let token = try unknown.present?.string() {
      unknownID = idByPiece[Array(token.utf8)]
      guard unknownID != nil else {
        throw TokenizerError.invalid(
          field: unknown.path, problem: "\(token) is not in the vocabulary")
      }
    }
  }

  private mutating func readVocabulary(_ field: JSONField, idLimit: Int) throws {
    guard case .object(let members) = field.value else { throw field.unexpected("an object") }
    idByPiece.reserveCapacity(members.count)
    for member in members {
      guard case .integer(let id) = member.value, id >= 0, id < idLimit else {
        throw TokenizerError.invalid(
          field: field.path, problem: "the id of \(member.key) is not an integer below \(idLimit)")
      }
      guard setPiece(Array(member.key.utf8), id: Int32(id)) else {
        throw TokenizerError.invalid(
          field: field.path, problem: "two pieces have the id \(id); \(member.key) is the second")
      }
    }
  }

  /// Merges in the order of the file, written as `"a b"` or `["a", "b"]`, all in the same way.
  private mutating func readMerges(_ field: JSONField) throws {
    guard case .array(let elements) = field.value else { throw field.unexpected("an array") }
    let spelledAsText = if case .string = elements.first { true } else { false }
    merges.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      // The text spelling comes from files whose first line is a version.
      if case .string(let text) = element, text.utf8.starts(with: "#version".utf8) { continue }
      guard let (left, right) = Self.parts(of: element, spelledAsText: spelledAsText) else {
        throw TokenizerError.invalid(
          field: "\(field.path)[\(index)]", problem: "expected two pieces, as in the first merge")
      }
      guard let leftID = idByPiece[left], let rightID = idByPiece[right],
        let result = idByPiece[left + right]
      else {
        let pair = String(decoding: left + [0x20] + right, as: UTF8.self)
        throw TokenizerError.invalid(
          field: "\(field.path)[\(index)]",
          problem: "\(pair): a part or the result is not in the vocabulary")
      }
      merges.append(
        Merge(left: leftID, right: rightID, rank: Int32(merges.count), result: result))
    }
  }

  private static func parts(
    of merge: JSON, spelledAsText: Bool
  ) -> (left: [UInt8], right: [UInt8])? {
    switch merge {
    case .string(let text) where spelledAsText:
      let parts = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      return parts.count == 2 ? (Array(parts[0]), Array(parts[1])) : nil
    case .array(let parts) where !spelledAsText && parts.count == 2:
      guard case .string(let left) = parts[0], case .string(let right) = parts[1] else {
        return nil
      }
      return (Array(left.utf8), Array(right.utf8))
    default:
      return nil
    }
  }
}
