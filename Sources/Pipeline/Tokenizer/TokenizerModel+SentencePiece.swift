extension TokenizerModel {
  /// Reads a SentencePiece `tokenizer.model` of type BPE.
  ///
  /// SentencePiece merges the pair whose result has the best score, equal scores from the left:
  /// every split of a piece into two pieces becomes a merge whose rank counts the better scores.
  /// Control pieces and the unknown piece are matched in text as special tokens, as Hugging Face
  /// does, user-defined pieces in normalized text, as SentencePiece does.
  ///
  /// - Parameter matchesUserDefined: false leaves user-defined pieces to the merges, each before all normal
  ///   pieces and in the order of their ids.
  package init(
    sentencePiece bytes: [UInt8], idLimit: Int, matchesUserDefined: Bool = true
  ) throws(TokenizerError) {
    self.init()
    let model = try SentencePieceModel(bytes, limit: Self.clamped(idLimit))
    try Self.checkSupported(model)
    normalizer.replacesSpaces = true
    fallsBackToBytes = model.byteFallback
    fusesUnknown = true
    for (id, piece) in model.pieces.enumerated() {
      let text = String(decoding: piece.text, as: UTF8.self)
      guard setPiece(piece.text, id: Int32(id)) else {
        throw .invalid(field: "pieces[\(id)]", problem: "\(text): listed twice")
      }
      switch piece.kind {
      case .normal, .byte: break
      case .unknown, .control:
        try addPiece(id, AddedToken(content: piece.text, id: Int32(id), special: true))
        if piece.kind == .unknown { unknownID = Int32(id) }
      case .userDefined where !matchesUserDefined: break
      case .userDefined:
        try addPiece(id, AddedToken(content: piece.text, id: Int32(id), normalized: true))
      case .unused:
        throw .unsupported(
          field: "pieces[\(id)].type", found: "unused", supported: "all other types")
      }
    }
    try checkBytePieces(model)
    merges = scoredMerges(model.pieces, includingUserDefined: !matchesUserDefined)
    if let begin = model.pieces.indices.first(where: { Int32($0) == model.beginID }) {
      prefix = [Int32(begin)]
    }
  }

  private mutating func addPiece(_ id: Int, _ token: AddedToken) throws(TokenizerError) {
    guard token.content.count <= AddedToken.longestContent else {
      throw .invalid(
        field: "pieces[\(id)]", problem: "longer than \(AddedToken.longestContent) bytes")
    }
    try add(token, id: Int32(id), field: "pieces[\(id)]")
  }

  private static func checkSupported(_ model: SentencePieceModel) throws(TokenizerError) {
    let settings: [(field: String, found: String, isSupported: Bool, supported: String)] = [
      (
        "trainer_spec.model_type", "\(model.modelType)",
        model.modelType == SentencePieceModel.bytePairType, "2 (BPE)"
      ),
      (
        "trainer_spec.treat_whitespace_as_suffix", "true", !model.treatsWhitespaceAsSuffix, "false"
      ),
      (
        "normalizer_spec.precompiled_charsmap", "a table", !model.hasCharacterMap,
        "none (identity)"
      ),
      ("normalizer_spec.add_dummy_prefix", "true", !model.addsDummyPrefix, "false"),
      (
        "normalizer_spec.remove_extra_whitespaces", "true", !model.removesExtraWhitespaces, "false"
      ),
      ("normalizer_spec.escape_whitespaces", "false", model.escapesWhitespaces, "true"),
    ]
    for setting in settings where !setting.isSupported {
      throw .unsupported(field: setting.field, found: setting.found, supported: setting.supported)
    }
    let unknown = model.pieces.count { $0.kind == .unknown }
    guard unknown == 1 else {
      throw .invalid(field: "pieces", problem: "\(unknown) unknown pieces, expected 1")
    }
  }

  /// Byte pieces are `<0x00>` … `<0xFF>`, all of them when bytes are fallen back to, else none.
  private func checkBytePieces(_ model: SentencePieceModel) throws(TokenizerError) {
    let count = model.pieces.count { $0.kind == .byte }
    guard count == (model.byteFallback ? 256 : 0) else {
      throw .invalid(
        field: "pieces", problem: "\(count) byte pieces, expected \(model.byteFallback ? 256 : 0)")
    }
    guard model.byteFallback else { return }
    for byte in UInt8.min...UInt8.max {
      guard let id = idByPiece[Self.bytePiece(byte)], model.pieces[Int(id)].kind == .byte else {
        throw .invalid(
          field: "pieces",
          problem: "\(String(decoding: Self.bytePiece(byte), as: UTF8.self)) is no byte piece")
      }
    }
  }

  /// The text of the piece that stands for a byte: `<0x0A>`.
  static func bytePiece(_ byte: UInt8) -> [UInt8] {
    let digits = String(byte, radix: 16, uppercase: true)
    return Array("<0x\(digits.count == 1 ? "0" : "")\(digits)>".utf8)
  }

  private func scoredMerges(
    _ pieces: [SentencePieceModel.Piece], includingUserDefined: Bool
  ) -> [Merge] {
    func isMergeable(_ id: Int) -> Bool {
      pieces[id].kind == .normal || includingUserDefined && pieces[id].kind == .userDefined
    }
    // User-defined pieces have no scores of their own.
    func score(_ id: Int) -> Float { pieces[id].kind == .normal ? pieces[id].score : .infinity }
    let byScore = pieces.indices.filter(isMergeable).sorted { (score($0), $1) > (score($1), $0) }
    var merges: [Merge] = []
    var rank: Int32 = -1
    var lastScore = Float.infinity
    for id in byScore {
      if score(id) < lastScore || score(id) == .infinity {
        rank += 1
        lastScore = score(id)
      }
      let text = pieces[id].text
      for cut in text.indices.dropFirst() where text[cut] & 0xC0 != 0x80 {
        guard let left = idByPiece[Array(text[..<cut])], let right = idByPiece[Array(text[cut...])],
          isMergeable(Int(left)), isMergeable(Int(right))
        else { continue }
        merges.append(Merge(left: left, right: right, rank: rank, result: Int32(id)))
      }
    }
    return merges
  }
}
