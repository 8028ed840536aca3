import Testing

@testable import BadFiles
@testable import Pipeline

/// The last values that are taken and the first that are not.
struct TokenizerEdgeTests {
  /// The small tokenizer with some of its text exchanged.
  static func tokenizer(_ changes: (old: String, new: String)...) throws -> Tokenizer {
    let text = changes.reduce(BadTokenizer.document) { text, change in
      #expect(text.contains(change.old))
      return text.replacing(change.old, with: change.new)
    }
    let model = try TokenizerModel(json: Array(text.utf8), idLimit: 100)
    return Tokenizer(try TokenizerTables(model))
  }

  @Test func `an added token may have 256 bytes`() throws {
    let content = String(repeating: "x", count: 256)
    let tokenizer = try Self.tokenizer(("<x>", content))
    #expect(tokenizer.encode("a\(content)b") == [1, 6, 2])
  }

  @Test func `the last character there is may be a piece`() throws {
    let tokenizer = try Self.tokenizer(
      ("\"b\": 2", "\"\u{10FFFF}\": 2"), ("\"b\"]", "\"\u{10FFFF}\"]"),
      ("\"ab\": 3", "\"a\u{10FFFF}\": 3"), ("\"aba\": 5", "\"a\u{10FFFF}a\": 5"),
      ("[\"ab\"", "[\"a\u{10FFFF}\""))
    #expect(tokenizer.encode("\u{10FFFF}a\u{10FFFF}") == [2, 3])
  }

  @Test func `a merge that is listed again has its last rank`() throws {
    let pieces = ("\"aba\": 5", "\"ba\": 5")
    let once = try Self.tokenizer(
      pieces, ("[[\"a\", \"b\"], [\"ab\", \"a\"]]", "[[\"a\", \"b\"], [\"b\", \"a\"]]"))
    #expect(once.encode("aba") == [3, 1])
    let again = try Self.tokenizer(
      pieces,
      (
        "[[\"a\", \"b\"], [\"ab\", \"a\"]]",
        "[[\"a\", \"b\"], [\"b\", \"a\"], [\"a\", \"b\"]]"
      ))
    #expect(again.encode("aba") == [1, 5])
  }

  @Test func `merges may be spelled as text`() throws {
    let list = "[[\"a\", \"b\"], [\"ab\", \"a\"]]"
    #expect(try Self.tokenizer((list, "[\"a b\", \"ab a\"]")).encode("aba") == [5])
    for merge in ["a b a", "aba", "a  b", ""] {
      try expectRefusal(naming: "merges[1]") {
        try Self.tokenizer((list, "[\"a b\", \"\(merge)\"]"))
      }
    }
  }

  @Test(arguments: ["<0x41>": 0x41, "<0xfF>": 0xFF, "abc41>": nil, "<0x41]": nil, "<0x4>": nil])
  func `only <0x41> and the like stand for a byte`(piece: String, byte: UInt8?) {
    #expect(PieceFlags.byteValue(of: Array(piece.utf8)) == byte)
  }

  @Test func `a caller's limit on ids stays within our own`() {
    #expect(
      [-1, 0, 1, 2, 4_194_304, 4_194_305].map(TokenizerModel.clamped)
        == [1, 1, 1, 2, 4_194_304, 4_194_304])
  }

  @Test func `a flag in a plan is 0 or 1`() throws {
    let encoded = TokenizerSettings(
      try TokenizerModel(json: Array(BadTokenizer.document.utf8), idLimit: 100), longestProbe: 1
    ).encoded
    #expect(TokenizerSettings(encoded: encoded, pieceCount: 7) != nil)
    for place in 2...5 {
      for value in [Int32(-1), 2] {
        var changed = encoded
        changed[place] = value
        #expect(TokenizerSettings(encoded: changed, pieceCount: 7) == nil)
      }
    }
  }

  @Test func `a number of a model has 64 bits`() throws {
    func file(_ last: UInt8) -> [UInt8] {
      SentencePieceFile.varint(100 << 3) + [UInt8](repeating: 0xFF, count: 9) + [last]
        + SentencePieceFile().bytes
    }
    _ = try TokenizerModel(sentencePiece: file(1), idLimit: 100)
    try expectRefusal(naming: "more than 64 bits") {
      try TokenizerModel(sentencePiece: file(2), idLimit: 100)
    }
  }

  @Test func `a map of characters in the denormalizer is refused, an empty one is none`() throws {
    let bytes = SentencePieceFile().bytes
    let other = SentencePieceFile.field(1, Array("none".utf8))
    let empty = SentencePieceFile.field(5, other + SentencePieceFile.field(2, []))
    _ = try TokenizerModel(sentencePiece: bytes + empty, idLimit: 100)
    let map = SentencePieceFile.field(5, SentencePieceFile.field(2, [1, 2, 3]))
    try expectRefusal(naming: "precompiled_charsmap") {
      try TokenizerModel(sentencePiece: bytes + map, idLimit: 100)
    }
  }

  @Test func `the places of a picture may have the longest text there is`() throws {
    var model = try TokenizerModel.read(directory: TokenizerFixtures.multilingual)
    try model.addPaliGemmaTokens()
    let tokenizer = Tokenizer(try TokenizerTables(model))
    let most = PromptBuilder.placeTextLimit / "<image>".utf8.count
    func builder(_ count: Int) throws -> PromptBuilder {
      try PromptBuilder(
        tokenizer: tokenizer, imageTokenID: 2080, beginTokenID: 2, tokensPerPicture: count)
    }
    #expect(try builder(most).tokensPerPicture == most)
    #expect(throws: PromptError.self) { try builder(most + 1) }
  }
}
