/// A tokenizer as its files describe it: what `TokenizerTables` are compiled from.
///
/// Text is split at added tokens, normalized, cut into Unicode scalars and merged pair by pair in
/// the order of the merges' ranks. All text is kept and compared as UTF-8 bytes.
public struct TokenizerModel: Sendable {
  /// The piece with each id; nil where the vocabulary has a hole.
  var vocabulary: [[UInt8]?] = []
  var merges: [Merge] = []
  /// `vocabulary` the other way round.
  var idByPiece: [[UInt8]: Int32] = [:]
  /// In the order they were added.
  var addedTokens: [AddedToken] = []
  var addedIDByContent: [[UInt8]: Int32] = [:]
  /// Where the token with an id stands in `addedTokens`.
  var addedIndexByID: [Int32: Int] = [:]
  /// One more than the largest id of an added token.
  var addedIDBound: Int32 = 0
  /// Stands for scalars without a piece; nil: they are left out.
  var unknownID: Int32?
  /// One unknown token for a run of unknown scalars.
  var fusesUnknown = false
  /// Scalars without a piece become the pieces `<0x00>` … `<0xFF>` of their UTF-8 bytes.
  var fallsBackToBytes = false
  var normalizer = SpaceNormalizer()
  /// Merges never cross the end of a run that a space closes.
  var splitsAfterSpaces = false
  /// What a sequence begins and ends with when the caller asks for it.
  var prefix: [Int32] = []
  var suffix: [Int32] = []
  /// Findings about its files that are worth one line each.
  public internal(set) var warnings: [String] = []

  /// Two neighbouring pieces that become one. Lower ranks first, then further left.
  struct Merge: Sendable, Equatable {
    var left: Int32
    var right: Int32
    var rank: Int32
    var result: Int32
  }

  /// Ids lie below this unless a caller knows a tighter bound, such as the rows of an embedding.
  public static let largestVocabulary = 1 << 22

  /// A caller's limit on the ids, at least 1 and not beyond our own.
  static func clamped(_ idLimit: Int) -> Int { min(max(idLimit, 1), largestVocabulary) }

  /// Largest file that is read, in bytes.
  static let largestFile = 256 << 20
}
