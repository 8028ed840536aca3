/// The few numbers that go with the tables, kept as one `i32` vector.
struct TokenizerSettings: Sendable, Equatable {
  static let formatVersion: Int32 = 1

  /// −1: none.
  var unknownID: Int32
  var fusesUnknown: Bool
  var normalizer: SpaceNormalizer
  var splitsAfterSpaces: Bool
  /// How many slots of the merge table a search may look at.
  var longestProbe: Int32
  var prefix: [Int32]
  var suffix: [Int32]

  /// Largest number of slots a search may look at; well-built tables need some dozens.
  static let probeLimit: Int32 = 4096

  var encoded: [Int32] {
    [
      Self.formatVersion, unknownID, fusesUnknown ? 1 : 0, normalizer.replacesSpaces ? 1 : 0,
      normalizer.prependsSpace ? 1 : 0, splitsAfterSpaces ? 1 : 0, longestProbe,
      Int32(prefix.count),
    ] + prefix + suffix
  }

  /// Nil when the vector is none of this format or holds an id that does not exist.
  init?(encoded: [Int32], pieceCount: Int) {
    let header = 8
    guard encoded.count >= header, encoded[0] == Self.formatVersion else { return nil }
    guard encoded[2...5].allSatisfy({ $0 == 0 || $0 == 1 }) else { return nil }
    guard (1...Self.probeLimit).contains(encoded[6]) else { return nil }
    let template = encoded[header...]
    guard (0...Int32(template.count)).contains(encoded[7]) else { return nil }
    let ids = template + (encoded[1] == -1 ? [] : [encoded[1]])
    guard ids.allSatisfy({ $0 >= 0 && $0 < pieceCount }) else { return nil }
    unknownID = encoded[1]
    fusesUnknown = encoded[2] == 1
    normalizer = SpaceNormalizer(replacesSpaces: encoded[3] == 1, prependsSpace: encoded[4] == 1)
    splitsAfterSpaces = encoded[5] == 1
    longestProbe = encoded[6]
    prefix = Array(template.prefix(Int(encoded[7])))
    suffix = Array(template.dropFirst(Int(encoded[7])))
  }

  init(_ model: TokenizerModel, longestProbe: Int32) {
    unknownID = model.unknownID ?? -1
    fusesUnknown = model.fusesUnknown
    normalizer = model.normalizer
    splitsAfterSpaces = model.splitsAfterSpaces
    self.longestProbe = longestProbe
    prefix = model.prefix
    suffix = model.suffix
  }
}
