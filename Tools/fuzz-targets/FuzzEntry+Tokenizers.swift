import Pipeline

extension FuzzEntry {
  /// Ids that an embedding of a small model would have rows for.
  private static let idLimit = 1 << 12
  private static let sampleText =
    "A <bos> b\u{2581}c  \u{e9}e\u{301}\u{1F600}\n<loc0001>\u{0}\u{FFFF}zz"

  /// `tokenizer.model`.
  static let sentencePiece = FuzzEntry("tokenizer-model") { _ in
    { bytes in
      let model = try TokenizerModel(sentencePiece: bytes, idLimit: idLimit)
      let size = try use(model, on: sampleText)
      plantedBug(when: size < 7 || size == 8)
    }
  }

  /// `tokenizer.json` and behind a byte 0 a text.
  static let tokenizer = FuzzEntry("tokenizer-json") { _ in
    { bytes in
      let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
      let model = try TokenizerModel(json: Array(parts[0]), idLimit: idLimit)
      let text = parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : sampleText
      let size = try use(model, on: text)
      plantedBug(when: size > 6)
    }
  }

  /// Compiles a tokenizer to its tables and uses them on a text.
  private static func use(_ model: TokenizerModel, on text: String) throws -> Int {
    let tables = try TokenizerTables(model)
    try tables.verify()
    let tokenizer = Tokenizer(tables)
    for meaning in [Tokenizer.SpecialTokens.recognized, .plainText] {
      let ids = tokenizer.encode(text, specialTokens: meaning, template: true)
      require(
        ids.allSatisfy { (0..<Int32(tokenizer.vocabularySize)).contains($0) },
        "ids lie within the vocabulary")
      blackHole(tokenizer.decode(ids).utf8.count)
    }
    blackHole(tokenizer.decode([-1, 0, Int32(idLimit), .max, .min]).utf8.count)
    return tokenizer.vocabularySize
  }
}
