import Inputs

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
      addedIndexByID[id] == nil && (Int(id) >= vocabulary.count || vocabulary[Int(id)] == nil)
    if let expected = idByPiece[token.content] ?? nextID {
      guard id == expected else { throw refuse("has the id \(id), expected \(expected)") }
    } else if !isFree {
      throw refuse("its id \(id) belongs to another piece")
    }
    var token = token
    token.id = id
    addedIndexByID[id] = addedTokens.count
    addedTokens.append(token)
    addedIDByContent[token.content] = id
    addedIDBound = max(addedIDBound, id + 1)
  }

  /// Adds the tokens that the files beside a tokenizer name, under the ids that transformers gives them: the
  /// numbered ones in the order of their ids, then special tokens that are still missing.
  mutating func addTokens(of config: TokenizerConfig, idLimit: Int) throws {
    let (named, extra) = try config.specialTokens()
    let names = Set(named.map(\.token.content))
    for numbered in config.decoderTokens ?? [] {
      try place(numbered, replacesFlags: true, isSpecial: names.contains(numbered.token.content))
    }
    let listed = names.union(extra.map(\.content))
    for numbered in config.legacyTokens {
      try place(numbered, replacesFlags: false, isSpecial: listed.contains(numbered.token.content))
    }
    // Where the tokenizer is built anew, its tokens are described by the names as well.
    if config.isGemma || !config.hasTemplate {
      for index in addedTokens.indices where names.contains(addedTokens[index].content) {
        addedTokens[index].special = true
      }
    }
    for (token, isAssumed) in named + extra.map({ ($0, false) })
    where addedIDByContent[token.content] == nil {
      let id = idByPiece[token.content] ?? nextID
      // A token that no file asks for is not missed where the embedding has no row for it. Beside a
      // tokenizer.model it would take the id that the image token has in all models.
      if isAssumed, id == nextID, !config.hasTemplate || id >= Self.clamped(idLimit) { continue }
      try add(token, id: id, field: "special tokens")
    }
  }

  /// Adds a token with an id of its own.
  ///
  /// - Parameters:
  ///   - replacesFlags: the flags count for a token that is there already.
  ///   - isSpecial: the token has a special meaning whatever its flags say.
  private mutating func place(
    _ numbered: TokenizerConfig.NumberedToken, replacesFlags: Bool, isSpecial: Bool
  ) throws {
    var token = numbered.token
    let stated = token.id
    if addedIDByContent[token.content] == stated, let index = addedIndexByID[stated] {
      if replacesFlags, addedTokens[index] != token {
        token.special = token.special || isSpecial
        addedTokens[index] = token
      }
      return
    }
    token.special = token.special || isSpecial
    let isTaken = vocabulary.indices.contains(Int(stated)) && vocabulary[Int(stated)] != nil
    // transformers reads ids for the order only and leaves no gap.
    let id = idByPiece[token.content] == nil && !isTaken ? nextID : stated
    try TokenizerModel.naming(numbered.file.path) {
      try add(token, id: id, field: numbered.field)
    }
    guard id != stated else { return }
    let text = String(decoding: token.content, as: UTF8.self)
    warnings.append(
      "\(numbered.file.path.printable): \(text.printable) is said to have the id \(stated), but transformers "
        + "gives it \(id), the next one that is free")
  }

  /// Adds what PaliGemma's processor adds to every tokenizer that lacks it: `<image>`, `<loc0000>` …
  /// `<loc1023>`, `<seg000>` … `<seg127>`, in this order. Location and segmentation tokens that no id
  /// below `idLimit` is left for stay plain text.
  ///
  /// - Throws: `TokenizerError` when there is no id left for `<image>`.
  public mutating func addPaliGemmaTokens(idLimit: Int = largestVocabulary) throws(TokenizerError) {
    let idLimit = Self.clamped(idLimit)
    let image = AddedToken(content: Array("<image>".utf8), id: 0, special: true)
    // The processor makes it special even where a file lists it as plain text.
    if let index = addedIDByContent[image.content].flatMap({ addedIndexByID[$0] }) {
      addedTokens[index].special = true
      addedTokens[index].normalized = false
    } else if try !addIfMissing(image, idLimit: idLimit) {
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
