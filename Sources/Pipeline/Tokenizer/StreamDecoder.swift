/// Turns tokens into text while they arrive. All that `append` and `finish` return, put together, is
/// the text of the whole sequence: what cannot be decided yet is held back.
///
/// A run of byte tokens is one unit: it is text when all of it is valid UTF-8, else one U+FFFD per
/// byte, so it appears when the first other token arrives or with `finish`.
public struct StreamDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skippingSpecialTokens: Bool
  private var heldBytes: [UInt8] = []

  public init(_ tokenizer: Tokenizer, skippingSpecialTokens: Bool = true) {
    self.tokenizer = tokenizer
    self.skippingSpecialTokens = skippingSpecialTokens
  }

  /// The text that one more token settles. An id without a piece settles nothing.
  public mutating func append(_ id: Int32) -> String {
    let next: Piece? = tokenizer.tables.withView { view in
      let flags = view.flags(of: id)
      guard flags.contains(.present) else { return nil }
      if skippingSpecialTokens, flags.contains(.special) { return nil }
      let text = view.text(of: id)
      if flags.contains(.byte), let byte = PieceFlags.byteValue(of: text) { return .byte(byte) }
      var restored: [UInt8] = []
      SpaceNormalizer.appendRestoring(text, to: &restored)
      return .text(restored)
    }
    switch next {
    case nil: return ""
    case .byte(let byte):
      heldBytes.append(byte)
      return ""
    case .text(let bytes):
      return finish() + String(decoding: bytes, as: UTF8.self)
    }
  }

  /// The text of what is held back. The decoder can go on with the next sequence.
  public mutating func finish() -> String {
    defer { heldBytes = [] }
    return String(validating: heldBytes, as: UTF8.self)
      ?? String(repeating: "\u{FFFD}", count: heldBytes.count)
  }

  private enum Piece {
    case byte(UInt8)
    case text([UInt8])
  }
}
