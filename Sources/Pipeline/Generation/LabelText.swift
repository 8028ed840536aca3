/// The label at the start of the text behind a record's tokens.
struct LabelText {
  /// Trimmed, without a final `and` or `&`.
  var label: ArraySlice<UInt8>
  /// Where the text goes on behind the label and the separator that ends it.
  var end: Int

  init(_ text: ArraySlice<UInt8>) {
    let text = text.drop(while: Self.isSpace)
    let mark = text.indices.first { Self.isEnd(text, at: $0) } ?? text.endIndex
    label = Self.trimmed(text[..<mark])
    end = mark
    if mark < text.endIndex, !Self.brackets.contains(text[mark]) { end += 1 }
    while let rest = Self.withoutConjunction(label) { label = rest }
  }

  /// White space only.
  static func isBlank(_ text: ArraySlice<UInt8>) -> Bool { text.allSatisfy(isSpace) }

  /// Text between records without the separators at its ends; empty when it is no more than a conjunction.
  static func withoutSeparators(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isSeparator(_ byte: UInt8) -> Bool { isSpace(byte) || separators.contains(byte) }
    let rest = trimmed(text, isSeparator)
    return withoutConjunction(rest)?.isEmpty == true ? [] : rest
  }

  /// What stands between records and belongs to neither side.
  private static let separators = Set(";,\n\r".utf8)
  private static let brackets = Set("()[]{}<>|".utf8)
  private static let alwaysEnds = separators.subtracting(",".utf8).union(brackets)
  private static let endsBeforeSpace = Set(",.:!?".utf8)

  /// Whether a label ends before this byte of a text.
  private static func isEnd(_ text: ArraySlice<UInt8>, at index: Int) -> Bool {
    alwaysEnds.contains(text[index])
      || endsBeforeSpace.contains(text[index]) && text[(index + 1)...].first.map(isSpace) ?? true
  }

  /// The text before a final `and` or `&`; nil where there is none.
  private static func withoutConjunction(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    for word in ["and", "&"] where text.reversed().starts(with: word.utf8.reversed()) {
      let rest = text.dropLast(word.utf8.count)
      if rest.last.map(isSpace) ?? true { return trimmed(rest) }
    }
    return nil
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }

  private static func trimmed(
    _ text: ArraySlice<UInt8>, _ isTrimmed: (UInt8) -> Bool = isSpace
  ) -> ArraySlice<UInt8> {
    let start = text.drop(while: isTrimmed)
    guard let last = start.lastIndex(where: { !isTrimmed($0) }) else { return start.prefix(0) }
    return start[...last]
  }
}
