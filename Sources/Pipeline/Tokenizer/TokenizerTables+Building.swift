import Tensors

extension TokenizerTables {
  /// Compiles a tokenizer. The same model always gives the same bytes.
  public init(_ model: TokenizerModel) throws(TokenizerError) {
    let vocabularySize = max(model.vocabulary.count, Int(model.addedIDBound))
    var texts = [[UInt8]](repeating: [], count: vocabularySize)
    var flags = [PieceFlags](repeating: [], count: vocabularySize)
    for (id, piece) in model.vocabulary.enumerated() {
      guard let piece else { continue }
      texts[id] = piece
      flags[id] = .present
    }
    for token in model.addedTokens {
      texts[Int(token.id)] = token.content
      flags[Int(token.id)] = token.special ? [.present, .special] : .present
    }
    for id in texts.indices where PieceFlags.byteValue(of: texts[id]) != nil {
      flags[id].insert(.byte)
    }
    var offsets: [Int32] = [0]
    for text in texts {
      guard let end = Int32(exactly: Int(offsets[offsets.count - 1]) + text.count) else {
        throw .invalid(field: "vocabulary", problem: "its pieces take more than 2 GB")
      }
      offsets.append(end)
    }
    let characters = CharacterTable.build(model.vocabulary)
    let merges = MergeTable.build(model.merges)
    let settings = TokenizerSettings(model, longestProbe: merges.longestProbe)
    try self.init(
      data: [
        TensorData(texts.flatMap(\.self)), TensorData(offsets), TensorData(flags.map(\.rawValue)),
        TensorData(characters.pages), TensorData(characters.ids), TensorData(model.bytePieces),
        TensorData(merges.rows), TensorData(model.trie(normalized: false)),
        TensorData(model.trie(normalized: true)), TensorData(settings.encoded),
      ])
  }
}

extension TokenizerModel {
  /// The piece that stands for each byte, −1 where there is none or bytes are not fallen back to.
  fileprivate var bytePieces: [Int32] {
    (UInt8.min...UInt8.max).map { byte in
      fallsBackToBytes ? idByPiece[Self.bytePiece(byte)] ?? -1 : -1
    }
  }

  /// Special tokens go first: of two texts that normalize to the same one, the reference matches the
  /// special token.
  fileprivate func trie(normalized: Bool) -> [Int32] {
    let tokens = addedTokens.filter { $0.normalized == normalized }
    let ordered = tokens.filter(\.special) + tokens.filter { !$0.special }
    return AddedTokenTrie.build(
      ordered.map { token in
        (normalized ? normalizer.normalize(token.content[...]) : token.content, token)
      })
  }
}
