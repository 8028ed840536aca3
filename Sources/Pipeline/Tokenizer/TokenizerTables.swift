import Tensors

/// A tokenizer compiled to flat arrays, which a plan file stores as tensors and which are used where
/// they lie: opening them reads the few settings and checks sizes, nothing more.
///
/// The arrays may come from an edited file. Whatever they hold, looking something up in them neither
/// traps nor runs on: an index out of range reads as "nothing there" (see `TokenizerView`).
/// `verify()` finds what is wrong.
public struct TokenizerTables: Sendable {
  /// The arrays, in the order they are stored.
  enum Table: Int, CaseIterable {
    /// u8: all pieces' UTF-8, one after the other, in the order of their ids.
    case pieces
    /// i32 [V + 1]: where each piece starts in `pieces`, and the end of the last.
    case pieceOffsets
    /// u8 [V]: `PieceFlags`.
    case pieceFlags
    /// i32 [0x1100] and i32 [pages × 256]: `CharacterTable`.
    case characterPages
    case characters
    /// i32 [256]: the piece that stands for each byte, −1: none.
    case bytePieces
    /// i32 [slots × 4]: `MergeTable`.
    case merges
    /// i32 [nodes × 4]: `AddedTokenTrie` of what is matched in the text as given, and normalized.
    case rawTokens
    case normalizedTokens
    /// i32: `TokenizerSettings`.
    case settings

    var elementType: ElementType {
      switch self {
      case .pieces, .pieceFlags: .u8
      default: .i32
      }
    }

    /// The tensor's name after the prefix.
    var name: String {
      switch self {
      case .pieces: "pieces"
      case .pieceOffsets: "piece_offsets"
      case .pieceFlags: "piece_flags"
      case .characterPages: "character_pages"
      case .characters: "characters"
      case .bytePieces: "byte_pieces"
      case .merges: "merges"
      case .rawTokens: "raw_tokens"
      case .normalizedTokens: "normalized_tokens"
      case .settings: "settings"
      }
    }
  }

  /// What the tensors' names in a plan start with.
  public static let namePrefix = "tokenizer."

  /// In the order of `Table.allCases`.
  private let data: [TensorData]
  let settings: TokenizerSettings

  /// The tensors to store in a plan.
  public var tensors: [(name: String, data: TensorData)] {
    zip(Table.allCases, data).map { (Self.namePrefix + $0.name, $1) }
  }

  /// Takes the tensors of a plan.
  ///
  /// - Parameter tensor: the tensor with a name, nil when the plan has none.
  /// - Throws: `TokenizerError.table` when one is missing or its size does not fit the others.
  public init(tensor: (String) throws -> TensorData?) throws {
    try self.init(
      data: Table.allCases.map { table in
        guard let data = try tensor(Self.namePrefix + table.name) else {
          throw TokenizerError.table(name: table.name, problem: "is missing")
        }
        return data
      })
  }

  init(data: [TensorData]) throws(TokenizerError) {
    self.data = data
    for (table, tensor) in zip(Table.allCases, data) {
      guard tensor.elementType == table.elementType, tensor.shape.count == 1 else {
        throw .table(
          name: table.name,
          problem: "is \(tensor.elementType.rawValue)\(tensor.shape), expected one axis of "
            + table.elementType.rawValue)
      }
    }
    func count(_ table: Table) -> Int { data[table.rawValue].elementCount }
    let slots = count(.merges) / MergeTable.rowWidth
    let fits: [(table: Table, Bool)] = [
      (.pieceFlags, count(.pieceFlags) <= TokenizerModel.largestVocabulary),
      (.pieceOffsets, count(.pieceOffsets) == count(.pieceFlags) + 1),
      (.characterPages, count(.characterPages) == CharacterTable.pageCount),
      (.characters, count(.characters) % CharacterTable.pageSize == 0),
      (.bytePieces, count(.bytePieces) == 256),
      (.merges, slots > 0 && slots & (slots - 1) == 0 && count(.merges) == slots * 4),
      (.rawTokens, count(.rawTokens) >= 8 && count(.rawTokens) % 4 == 0),
      (.normalizedTokens, count(.normalizedTokens) >= 8 && count(.normalizedTokens) % 4 == 0),
      (.settings, count(.settings) <= 1024),
    ]
    for (table, fits) in fits where !fits {
      throw .table(name: table.name, problem: "has \(count(table)) elements")
    }
    guard
      let encoded = data[Table.settings.rawValue].elements(as: Int32.self),
      let settings = TokenizerSettings(encoded: encoded, pieceCount: count(.pieceFlags))
    else { throw .table(name: Table.settings.name, problem: "are not of this version") }
    self.settings = settings
  }

  /// Lends the arrays for look-ups.
  func withView<Result>(_ body: (TokenizerView) throws -> Result) rethrows -> Result {
    try withBytes(of: data[...], after: []) { try body(TokenizerView($0, settings: settings)) }
  }

  private func withBytes<Result>(
    of rest: ArraySlice<TensorData>, after bytes: [UnsafeRawBufferPointer],
    _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) rethrows -> Result {
    guard let first = rest.first else { return try body(bytes) }
    return try first.withUnsafeBytes {
      try withBytes(of: rest.dropFirst(), after: bytes + [$0], body)
    }
  }
}
