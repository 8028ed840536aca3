/// Puts the texts of tokens together, holding back runs of byte tokens until they end.
struct TokenTextAssembler: Sendable {
  private var heldBytes: [UInt8] = []

  /// Appends to `text` what one more token settles. An id without a piece settles nothing.
  mutating func append(
    _ id: Int32, skippingSpecialTokens: Bool, view: TokenizerView, to text: inout [UInt8]
  ) {
    let flags = view.flags(of: id)
    guard flags.contains(.present) else { return }
    if skippingSpecialTokens, flags.contains(.special) { return }
    let piece = view.text(of: id)
    if flags.contains(.byte), let byte = PieceFlags.byteValue(of: piece) {
      heldBytes.append(byte)
      return
    }
    finish(to: &text)
    SpaceNormalizer.appendRestoring(piece, to: &text)
  }

  /// Appends what is held back: the run as it is when it is UTF-8, else one U+FFFD per byte.
  mutating func finish(to text: inout [UInt8]) {
    guard !heldBytes.isEmpty else { return }
    if String(validating: heldBytes, as: UTF8.self) != nil {
      text += heldBytes
    } else {
      for _ in heldBytes { text += "\u{FFFD}".utf8 }
    }
    heldBytes.removeAll(keepingCapacity: true)
  }
}
