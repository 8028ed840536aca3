/// What happens to text before it is cut into pieces: spaces become `▁` (U+2581), and a model may
/// want one in front.
struct SpaceNormalizer: Sendable, Equatable {
  var replacesSpaces = false
  /// Puts `▁` in front of every text that is not empty.
  var prependsSpace = false

  /// U+2581 LOWER ONE EIGHTH BLOCK in UTF-8.
  static let mark: [UInt8] = [0xE2, 0x96, 0x81]

  /// The normalized form of UTF-8 text.
  func normalize(_ text: ArraySlice<UInt8>) -> [UInt8] {
    guard !text.isEmpty else { return [] }
    var result = prependsSpace ? Self.mark : []
    guard replacesSpaces else { return result + text }
    result.reserveCapacity(text.count + text.count / 2)
    for byte in text {
      if byte == UInt8(ascii: " ") {
        result += Self.mark
      } else {
        result.append(byte)
      }
    }
    return result
  }

  /// Appends `piece` with every `▁` turned back into a space.
  static func appendRestoring(_ piece: some RandomAccessCollection<UInt8>, to text: inout [UInt8]) {
    var rest = piece[...]
    while let byte = rest.first {
      if byte == mark[0], rest.starts(with: mark) {
        text.append(UInt8(ascii: " "))
        rest = rest.dropFirst(mark.count)
      } else {
        text.append(byte)
        rest = rest.dropFirst()
      }
    }
  }
}
