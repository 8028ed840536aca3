/// Turns tokens into text while they arrive. All that `append` and `finish` return, put together, is
/// the text of the whole sequence: what cannot be decided yet is held back.
///
/// A run of byte tokens is one unit: it is text when all of it is valid UTF-8, else one U+FFFD per
/// byte, so it appears when the first other token arrives or with `finish`.
public struct StreamDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skippingSpecialTokens: Bool
  private var assembler = TokenTextAssembler()

  public init(_ tokenizer: Tokenizer, skippingSpecialTokens: Bool) {
    self.tokenizer = tokenizer
    self.skippingSpecialTokens = skippingSpecialTokens
  }

  /// The text that one more token settles. An id without a piece settles nothing.
  public mutating func append(_ id: Int32) -> String {
    append(contentsOf: CollectionOfOne(id))
  }

  /// The text that more tokens settle.
  public mutating func append(contentsOf ids: some Sequence<Int32>) -> String {
    var text: [UInt8] = []
    tokenizer.tables.withView { view in
      for id in ids {
        assembler.append(
          id, skippingSpecialTokens: skippingSpecialTokens, view: view, to: &text)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The text of what is held back. The decoder can go on with the next sequence.
  public mutating func finish() -> String {
    var text: [UInt8] = []
    assembler.finish(to: &text)
    return String(decoding: text, as: UTF8.self)
  }
}
