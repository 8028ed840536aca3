import Testing

@testable import Pipeline

/// The reader of `tokenizer.model`: what it takes from the file and what it refuses.
struct TokenizerSentencePieceTests {
  /// A model to write: pieces with score and type, trainer and normalizer settings as field numbers.
  struct Model: Sendable, CustomTestStringConvertible {
    var name = ""
    var message = ""
    var pieces: [(text: [UInt8], score: Float, type: UInt64)] = [
      (Array("<unk>".utf8), 0, 2), (Array("<s>".utf8), 0, 3), (Array("a".utf8), -3, 1),
      (Array("b".utf8), -4, 1), (Array("ab".utf8), -1, 1), (Array("ba".utf8), -2, 1),
      (Array("<u>".utf8), 0, 4),
    ]
    var trainer: [(field: Int, value: UInt64)] = [(3, 2)]
    var normalizer: [(field: Int, value: UInt64)] = [(3, 0), (4, 0)]
    var characterMap: [UInt8] = []

    var testDescription: String { name }

    /// The message in protobuf's encoding.
    var bytes: [UInt8] {
      var result: [UInt8] = []
      for piece in pieces {
        let bits = piece.score.bitPattern
        let score = [0x15] + (0..<4).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
        let message = Self.field(1, piece.text) + score + Self.field(3, piece.type)
        result += Self.field(1, message)
      }
      result += Self.field(2, trainer.flatMap { Self.field($0.field, $0.value) })
      let map = characterMap.isEmpty ? [] : Self.field(2, characterMap)
      return result + Self.field(3, normalizer.flatMap { Self.field($0.field, $0.value) } + map)
    }

    static func varint(_ value: UInt64) -> [UInt8] {
      value < 0x80
        ? [UInt8(value)] : [UInt8(truncatingIfNeeded: value) | 0x80] + varint(value >> 7)
    }

    static func field(_ number: Int, _ value: UInt64) -> [UInt8] {
      varint(UInt64(number) << 3) + varint(value)
    }

    static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
      varint(UInt64(number) << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }

    static func fault(_ name: String, _ message: String, _ change: (inout Model) -> Void) -> Model {
      var model = Model(name: name, message: message)
      change(&model)
      return model
    }
  }

  static let faults: [Model] = [
    .fault("a unigram model", "model_type") { $0.trainer = [(3, 1)] },
    .fault("no model type", "model_type") { $0.trainer = [] },
    .fault("an unknown model type", "model_type: 9") { $0.trainer = [(3, 9)] },
    .fault("white space as suffix", "suffix") { $0.trainer.append((24, 1)) },
    .fault("bytes without byte pieces", "byte pieces") { $0.trainer.append((35, 1)) },
    .fault("a byte piece without byte fallback", "byte pieces") {
      $0.pieces.append((Array("<0x41>".utf8), 0, 6))
    },
    .fault("256 byte pieces, one misspelt", "<0xFF>") { model in
      model.trainer.append((35, 1))
      for byte in UInt8.min...0xFE { model.pieces.append((TokenizerModel.bytePiece(byte), 0, 6)) }
      model.pieces.append((Array("<0xZZ>".utf8), 0, 6))
    },
    .fault("a dummy prefix", "add_dummy_prefix") { $0.normalizer = [(4, 0)] },
    .fault("white space removed", "remove_extra") { $0.normalizer = [(3, 0)] },
    .fault("white space not escaped", "escape") { $0.normalizer.append((5, 0)) },
    .fault("a character map", "precompiled_charsmap") { $0.characterMap = [1, 2, 3] },
    .fault("no unknown piece", "0 unknown pieces") { $0.pieces[0].type = 1 },
    .fault("two unknown pieces", "2 unknown pieces") { $0.pieces[2].type = 2 },
    .fault("a piece twice", "listed twice") { $0.pieces[3].text = Array("a".utf8) },
    .fault("an empty piece", "0 bytes") { $0.pieces[3].text = [] },
    .fault("a piece with NUL", "NUL") { $0.pieces[3].text = [0x61, 0] },
    .fault("a piece that is no UTF-8", "not UTF-8") { $0.pieces[3].text = [0xFF] },
    .fault("a piece of 200 kB", "200000 bytes") {
      $0.pieces[3].text = [UInt8](repeating: 0x61, count: 200_000)
    },
    .fault("a score that is NaN", "score") { $0.pieces[3].score = .nan },
    .fault("an infinite score", "score") { $0.pieces[3].score = -.infinity },
    .fault("an unused piece", "unused") { $0.pieces[3].type = 5 },
    .fault("a piece of no type", "type 99") { $0.pieces[3].type = 99 },
    .fault("no pieces", "unknown pieces") { $0.pieces = [] },
  ]

  @Test func `scores order the merges, equal ones go from the left`() throws {
    let model = try TokenizerModel(sentencePiece: Model().bytes, idLimit: 100)
    let tokenizer = Tokenizer(try TokenizerTables(model))
    #expect(tokenizer.encode("ababa<u>ba<s>?", template: true) == [1, 4, 4, 2, 6, 5, 1, 0])
    #expect(tokenizer.encode("<s>", specialTokens: .plainText) == [0])
    var tied = Model()
    tied.pieces[5].score = -1
    let other = Tokenizer(
      try TokenizerTables(TokenizerModel(sentencePiece: tied.bytes, idLimit: 100)))
    #expect(other.encode("babab") == [5, 5, 3])
  }

  @Test(arguments: faults)
  func `a tokenizer.model with one fault is refused by name`(model: Model) throws {
    try expectRefusal(naming: model.message) {
      try TokenizerModel(sentencePiece: model.bytes, idLimit: 1000)
    }
  }

  @Test func `more pieces than embedding rows are refused`() throws {
    try expectRefusal(naming: "more than 6") {
      try TokenizerModel(sentencePiece: Model().bytes, idLimit: 6)
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
