import Testing

@testable import BadFiles
@testable import Pipeline

/// The reader of `tokenizer.model`: what it takes from the file and what it refuses.
struct TokenizerSentencePieceTests {
  @Test func `scores order the merges, equal ones go from the left`() throws {
    let model = try TokenizerModel(sentencePiece: SentencePieceFile().bytes, idLimit: 100)
    let tokenizer = Tokenizer(try TokenizerTables(model))
    #expect(tokenizer.encode("ababa<u>ba<s>?", template: true) == [1, 4, 4, 2, 6, 5, 1, 0])
    #expect(tokenizer.encode("<s>", specialTokens: .plainText) == [0])
    var tied = SentencePieceFile()
    tied.pieces[5].score = -1
    let other = Tokenizer(
      try TokenizerTables(TokenizerModel(sentencePiece: tied.bytes, idLimit: 100)))
    #expect(other.encode("babab") == [5, 5, 3])
  }

  @Test(arguments: SentencePieceFile.faults)
  func `a tokenizer.model with one fault is refused by name`(model: SentencePieceFile) throws {
    try expectRefusal(naming: model.message) {
      try TokenizerModel(sentencePiece: model.bytes, idLimit: 1000)
    }
  }

  @Test func `more pieces than embedding rows are refused`() throws {
    try expectRefusal(naming: "more than 6") {
      try TokenizerModel(sentencePiece: SentencePieceFile().bytes, idLimit: 6)
    }
  }

  @Test(
    arguments: [
      [0x0A], [0x0A, 0x05, 0x61], [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
      [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
      [UInt8](repeating: 0xFF, count: 40), [0x00, 0x00], [0x0B, 0x0C], [0x0E], [0x08, 0x01],
      [0x12, 0x02, 0x1A, 0x00], Array("not a model".utf8),
    ] as [[UInt8]])
  func `bytes that are no model are refused`(bytes: [UInt8]) throws {
    try expectRefusal { try TokenizerModel(sentencePiece: bytes, idLimit: 1000) }
  }

  @Test func `a model cut short anywhere is refused`() throws {
    let bytes = try TokenizerFixtures.bytes(TokenizerFixtures.multilingual + "/tokenizer.model")
    for count in stride(from: 0, to: bytes.count, by: 977) {
      #expect(throws: TokenizerError.self) {
        try TokenizerModel(sentencePiece: Array(bytes.prefix(count)), idLimit: 1 << 20)
      }
    }
  }
}
