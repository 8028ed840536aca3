import JSON

extension TokenizerModel {
  /// Gives a piece its id. False when the id is taken or the piece has another id already.
  mutating func setPiece(_ piece: [UInt8], id: Int32) -> Bool {
    let index = Int(id)
    if index >= vocabulary.count {
      vocabulary += [[UInt8]?](repeating: nil, count: index + 1 - vocabulary.count)
    }
    guard vocabulary[index] == nil, idByPiece[piece] == nil else { return false }
    vocabulary[index] = piece
    idByPiece[piece] = id
    return true
  }

  /// The id that Hugging Face gives to the next added token that is no piece: the number of pieces,
  /// or one more than the largest id of an added token when that is larger.
  var nextID: Int32 { max(Int32(idByPiece.count), addedIDBound) }

  /// Adds a token under an id, which must be that of the piece with the same text, or else free.
  ///
  /// - Parameter nextID: where only one id is right for a token that is no piece.
  mutating func add(
    _ token: AddedToken, id: Int32, nextID: Int32? = nil, field: String
  ) throws(TokenizerError) {
    func refuse(_ problem: String) -> TokenizerError {
      let text = String(decoding: token.content, as: UTF8.self)
      return .invalid(field: field, problem: "added token \(text): \(problem)")
    }
    if addedIDByContent[token.content] != nil { throw refuse("listed twice") }
    let isFree =
      !addedIDs.contains(id) && (Int(id) >= vocabulary.count || vocabulary[Int(id)] == nil)
    if let expected = idByPiece[token.content] ?? nextID {
      guard id == expected else { throw refuse("has the id \(id), expected \(expected)") }
    } else if !isFree {
      throw refuse("its id \(id) belongs to another piece")
    }
    var token = token
    token.id = id
    addedTokens.append(token)
    addedIDByContent[token.content] = id
    addedIDs.insert(id)
    addedIDBound = max(addedIDBound, id + 1)
  }

  /// Reads the `added_tokens_decoder` of a `tokenizer_config.json`: ids as keys, flags as values.
  mutating func addTokens(config bytes: [UInt8], idLimit: Int) throws {
    let idLimit = Self.clamped(idLimit)
    guard let tokens = try Self.parse(bytes).member("added_tokens_decoder").present else { return }
    for (key, field) in try tokens.members() {
      guard let id = Int32(key), id >= 0, id < idLimit, String(id) == key else {
        throw TokenizerError.invalid(field: field.path, problem: "expected an id below \(idLimit)")
      }
      try replaceOrAdd(AddedToken(json: field), id: id, field: field.path)
    }
  }

  /// Reads an `added_tokens.json`: texts with their ids. They are matched in normalized text.
  mutating func addTokens(idsByContent bytes: [UInt8], idLimit: Int) throws {
    let idLimit = Self.clamped(idLimit)
    for (key, field) in try Self.parse(bytes).members() {
      let id = Int32(try field.int(in: 0...(idLimit - 1)))
      let content = Array(key.utf8)
      guard (1...AddedToken.longestContent).contains(content.count) else {
        throw field.unexpected("a text of 1 to \(AddedToken.longestContent) bytes")
      }
      if addedIDByContent[content] == id { continue }
      try add(AddedToken(content: content, id: id, normalized: true), id: id, field: field.path)
    }
  }

  /// A later description of the same token under the same id brings its flags.
  private mutating func replaceOrAdd(_ token: AddedToken, id: Int32, field: String) throws {
    guard addedIDByContent[token.content] == id,
      let index = addedTokens.firstIndex(where: { $0.id == id })
    else { return try add(token, id: id, field: field) }
    addedTokens[index] = token
    addedTokens[index].id = id
  }

  /// Adds what PaliGemma's processor adds to every tokenizer that lacks it: `<image>`, `<loc0000>` …
  /// `<loc1023>`, `<seg000>` … `<seg127>`, in this order. Location and segmentation tokens that no id
  /// below `idLimit` is left for stay plain text.
  ///
  /// - Throws: `TokenizerError` when there is no id left for `<image>`.
  public mutating func addPaliGemmaTokens(idLimit: Int = largestVocabulary) throws(TokenizerError) {
    let idLimit = Self.clamped(idLimit)
    let image = AddedToken(content: Array("<image>".utf8), id: 0, special: true)
    if try !addIfMissing(image, idLimit: idLimit) {
      throw .invalid(
        field: "<image>",
        problem: "the tokenizer lacks it and the embedding has no row after its \(nextID) pieces")
    }
    let places = (0..<1024).map { "<loc" + Self.digits($0, count: 4) + ">" }
    let masks = (0..<128).map { "<seg" + Self.digits($0, count: 3) + ">" }
    for text in places + masks {
      _ = try addIfMissing(
        AddedToken(content: Array(text.utf8), id: 0, normalized: true), idLimit: idLimit)
    }
  }

  /// False when the token is missing still, because its id would not be below the limit.
  private mutating func addIfMissing(
    _ token: AddedToken, idLimit: Int
  ) throws(TokenizerError) -> Bool {
    if addedIDByContent[token.content] != nil { return true }
    let id = idByPiece[token.content] ?? nextID
    guard id < idLimit else { return false }
    try add(token, id: id, field: "added tokens")
    return true
  }

  private static func digits(_ value: Int, count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: count - text.count) + text
  }
}
