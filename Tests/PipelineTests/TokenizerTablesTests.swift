import Tensors
import Testing

@testable import Pipeline

/// The compiled form: what a plan stores, and what becomes of it when somebody has edited it.
struct TokenizerTablesTests {
  static let text = "Hello <loc0001> wörld 🙂\u{0}\n\n  <image> ▁ the end<eos>"

  static func tables() throws -> TokenizerTables {
    try TokenizerTables(TokenizerModel.read(directory: TokenizerFixtures.multilingual))
  }

  @Test func `tables taken from tensors are the same tokenizer`() throws {
    let tables = try Self.tables()
    let stored = Dictionary(uniqueKeysWithValues: tables.tensors.map { ($0.name, $0.data) })
    #expect(stored.keys.allSatisfy { $0.hasPrefix(TokenizerTables.namePrefix) })
    let opened = try TokenizerTables { stored[$0] }
    try opened.verify()
    let (first, second) = (Tokenizer(tables), Tokenizer(opened))
    #expect(first.encode(Self.text) == second.encode(Self.text))
    #expect(second.vocabularySize == 2081)
    #expect(second.piece(2080) == "<image>" && second.id(ofPiece: "<image>") == 2080)
    #expect(second.isSpecial(2080) && !second.isSpecial(2001))
    #expect(second.piece(2081) == nil && second.piece(-1) == nil && second.piece(.max) == nil)
  }

  @Test func `the same model gives the same bytes`() throws {
    let (first, second) = try (Self.tables(), Self.tables())
    for (a, b) in zip(first.tensors, second.tensors) {
      #expect(a.name == b.name && a.data.shape == b.data.shape)
      #expect(Self.bytes(a.data) == Self.bytes(b.data), "\(a.name)")
    }
  }

  @Test func `a missing table, another type or another size is refused`() throws {
    let tables = try Self.tables()
    let stored = Dictionary(uniqueKeysWithValues: tables.tensors.map { ($0.name, $0.data) })
    for name in stored.keys {
      for replacement in [
        nil, TensorData([Float](repeating: 0, count: 9)),
        TensorData([Int32](repeating: 0, count: 9)),
      ] {
        var changed = stored
        changed[name] = replacement
        try expectRefusal(naming: "tokenizer table") { try TokenizerTables { changed[$0] } }
      }
    }
  }

  /// Overwrites random elements with extreme and with random values; whatever comes out, the process
  /// must live and end.
  @Test func `edited tables neither trap nor run on`() throws {
    let tables = try Self.tables()
    let stored = tables.tensors
    var random = SplitMix64(seed: 5)
    for round in 0..<60 {
      let index = round % stored.count
      var bytes = Self.bytes(stored[index].data)
      for _ in 0..<max(1, bytes.count / 8) {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        bytes[position] =
          Bool.random(using: &random)
          ? [0, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
          : UInt8.random(in: 0...255, using: &random)
      }
      let (name, data) = stored[index]
      let edited = try TensorData(data.elementType, shape: data.shape, bytes: bytes)
      var changed = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0.data) })
      changed[name] = edited
      guard let opened = try? TokenizerTables(tensor: { changed[$0] }) else { continue }
      let tokenizer = Tokenizer(opened)
      let ids = tokenizer.encode(Self.text)
      #expect(ids.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize })
      _ = tokenizer.decode(ids)
      _ = tokenizer.decode(-1..<2100, skippingSpecialTokens: false)
      try? opened.verify()
    }
  }

  @Test func `verification finds an edited entry in every table`() throws {
    let stored = try Self.tables().tensors
    for name in [
      "piece_offsets", "character_pages", "characters", "byte_pieces", "merges", "raw_tokens",
      "normalized_tokens",
    ] {
      let key = TokenizerTables.namePrefix + name
      let tables = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0.data) })
      let values = try #require(tables[key]?.elements(as: Int32.self))
      let last = try #require(values.indices.last { values[$0] > 0 })
      // Tokens begin with the byte of their root, which stands for none.
      for index in name.hasSuffix("tokens") ? [last] : [0, last] {
        var changed = (tables: tables, values: values)
        changed.values[index] = .max
        changed.tables[key] = TensorData(changed.values)
        let opened = try TokenizerTables { changed.tables[$0] }
        try expectRefusal(naming: name) { try opened.verify() }
      }
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `a long run of one letter takes no quadratic time`() throws {
    let tokenizer = Tokenizer(try Self.tables())
    let short = tokenizer.encode(String(repeating: "a", count: 1 << 10))
    let long = tokenizer.encode(String(repeating: "a", count: 1 << 18))
    #expect(long.count == short.count << 8)
    #expect(tokenizer.decode(long).utf8.count == 1 << 18)
  }

  @Test func `all valid text survives a round trip`() throws {
    let tokenizer = Tokenizer(try Self.tables())
    for text in [
      "\u{0}\u{1}\u{FFFF}", "e\u{301}\u{301}", "\u{202E}abc", "👩‍👩‍👧‍👦🏳️‍🌈",
      String(repeating: "\u{301}", count: 10_000),
      "\u{10FFFF}\u{E000}", " \t\r\n\u{85}\u{2028}",
    ] {
      #expect(sameBytes(tokenizer.decode(tokenizer.encode(text)), text))
    }
  }

  private static func bytes(_ data: TensorData) -> [UInt8] { data.withUnsafeBytes { Array($0) } }
}
