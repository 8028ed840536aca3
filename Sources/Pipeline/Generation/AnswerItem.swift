/// A part of an answer as `DetectionParser` reads it: consecutive tokens of one kind, or the text between
/// such tokens.
struct AnswerItem: Equatable {
  enum Kind: Equatable {
    /// `<locNNNN>` tokens, numbers 0…9999.
    case locations
    /// `<segNNN>` tokens, numbers 0…999.
    case segments
    case text
  }

  var kind: Kind
  /// The tokens' numbers in order; empty for text.
  var numbers: [Int]
  /// What the answer says here, tokens spelled out.
  var source: ArraySlice<UInt8>

  /// Splits an answer in which tokens are spelled out. O(n).
  static func items(of answer: [UInt8]) -> [AnswerItem] {
    var items: [AnswerItem] = []
    var position = 0
    while position < answer.count {
      let token = token(at: answer[position...])
      let end = position + (token?.length ?? 1)
      if items.last?.kind != token?.kind ?? .text {
        items.append(
          AnswerItem(kind: token?.kind ?? .text, numbers: [], source: answer[position..<end]))
      }
      let last = items.count - 1
      if let number = token?.number { items[last].numbers.append(number) }
      items[last].source = answer[items[last].source.startIndex..<end]
      position = end
    }
    return items
  }

  /// The token that the text starts with.
  static func token(
    at text: some RandomAccessCollection<UInt8>
  ) -> (kind: Kind, number: Int, length: Int)? {
    if let number = number(in: text, after: "<loc", digits: 4) { return (.locations, number, 9) }
    if let number = number(in: text, after: "<seg", digits: 3) { return (.segments, number, 8) }
    return nil
  }

  /// The number between `opening` and `>` where it has exactly that many digits.
  private static func number(
    in text: some RandomAccessCollection<UInt8>, after opening: String, digits: Int
  ) -> Int? {
    guard text.starts(with: opening.utf8) else { return nil }
    let rest = text.dropFirst(opening.utf8.count)
    guard rest.dropFirst(digits).first == UInt8(ascii: ">") else { return nil }
    var number = 0
    for byte in rest.prefix(digits) {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      number = number * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return number
  }
}

extension Tokenizer {
  /// The answer that these tokens are, with `<locNNNN>` and `<segNNN>` spelled out whether or not they are
  /// special. Other special tokens are left out.
  func answer(_ ids: some Sequence<Int32>) -> [UInt8] {
    var assembler = TokenTextAssembler()
    var answer: [UInt8] = []
    tables.withView { view in
      for id in ids {
        let piece = view.text(of: id)
        let isItem = AnswerItem.token(at: piece)?.length == piece.count
        assembler.append(id, skippingSpecialTokens: !isItem, view: view, to: &answer)
      }
    }
    assembler.finish(to: &answer)
    return answer
  }
}
