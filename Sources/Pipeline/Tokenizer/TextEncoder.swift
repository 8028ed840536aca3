/// One encoding: splits text at added tokens, first in the text as given, then in the normalized
/// rest, and merges what lies between.
struct TextEncoder {
  private(set) var ids: [Int32] = []
  private let view: TokenizerView
  private let specialTokens: Tokenizer.SpecialTokens
  private var merger: BytePairMerger

  private enum Segment {
    case token(Int32)
    case text(Range<Int>)
  }

  init(_ view: TokenizerView, specialTokens: Tokenizer.SpecialTokens) {
    self.view = view
    self.specialTokens = specialTokens
    merger = BytePairMerger(view)
  }

  /// Appends the ids of valid UTF-8.
  mutating func encode(_ text: [UInt8]) {
    for segment in segments(of: text[...], trie: view.rawTokens) {
      switch segment {
      case .token(let id): append(id)
      case .text(let range): encode(normalized: view.settings.normalizer.normalize(text[range]))
      }
    }
  }

  private mutating func encode(normalized text: [UInt8]) {
    for segment in segments(of: text[...], trie: view.normalizedTokens) {
      switch segment {
      case .token(let id): append(id)
      case .text(let range): merge(text[range])
      }
    }
  }

  private mutating func append(_ id: Int32) {
    if view.flags(of: id).contains(.present) { ids.append(id) }
  }

  private mutating func merge(_ text: ArraySlice<UInt8>) {
    guard view.settings.splitsAfterSpaces, text.contains(UInt8(ascii: " ")) else {
      return merger.encode(text, to: &ids)
    }
    var rest = text
    while let space = rest.firstIndex(of: UInt8(ascii: " ")) {
      merger.encode(rest[...space], to: &ids)
      rest = rest[(space + 1)...]
    }
    merger.encode(rest, to: &ids)
  }

  /// Cuts the text at the leftmost, of these the longest, matches of the trie.
  private func segments(of text: ArraySlice<UInt8>, trie: TrieView) -> [Segment] {
    guard !trie.isEmpty else { return [.text(text.indices)] }
    var segments: [Segment] = []
    var done = text.startIndex
    var position = text.startIndex
    while position < text.endIndex {
      guard let match = trie.longestMatch(in: text, at: position) else {
        position += 1
        continue
      }
      let range = accepted(match, from: position, in: text, after: done)
      position = match.end
      guard let range else { continue }
      if done < range.lowerBound { segments.append(.text(done..<range.lowerBound)) }
      segments.append(.token(match.id))
      done = range.upperBound
    }
    if done < text.endIndex { segments.append(.text(done..<text.endIndex)) }
    return segments
  }

  /// What a match takes of the text, white space at its sides included; nil when it does not count.
  private func accepted(
    _ match: TrieView.Match, from start: Int, in text: ArraySlice<UInt8>, after done: Int
  ) -> Range<Int>? {
    if specialTokens == .plainText, match.flags.contains(.special) { return nil }
    let (before, after) = (text[..<start], text[match.end...])
    if match.flags.contains(.singleWord) {
      let touchesWord = [lastScalar(of: before), firstScalar(of: after)].contains {
        $0?.isWordCharacter == true
      }
      if touchesWord { return nil }
    }
    var range = start..<match.end
    if match.flags.contains(.stripsLeft) {
      range = max(done, start - spaceLength(endOf: before))..<range.upperBound
    }
    if match.flags.contains(.stripsRight) {
      range = range.lowerBound..<match.end + spaceLength(startOf: after)
    }
    return range
  }

  /// Bytes of white space at the start.
  private func spaceLength(startOf text: ArraySlice<UInt8>) -> Int {
    var rest = text
    while let scalar = firstScalar(of: rest), scalar.isSpace {
      rest = rest.dropFirst(UTF8.width(scalar))
    }
    return text.count - rest.count
  }

  /// Bytes of white space at the end.
  private func spaceLength(endOf text: ArraySlice<UInt8>) -> Int {
    var rest = text
    while let scalar = lastScalar(of: rest), scalar.isSpace {
      rest = rest.dropLast(UTF8.width(scalar))
    }
    return text.count - rest.count
  }
}
