/// Look-ups in the compiled tables while their memory is lent. Reads outside an array give nil or
/// −1, ids outside the vocabulary count as absent, searches are bounded.
///
/// Lives only inside `TokenizerTables.withView`.
struct TokenizerView {
  let pieces: ByteTable
  let pieceOffsets: IntTable
  let pieceFlags: ByteTable
  let characterPages: IntTable
  let characters: IntTable
  let bytePieces: IntTable
  let merges: IntTable
  let mergeSlots: Int
  let rawTokens: TrieView
  let normalizedTokens: TrieView
  let settings: TokenizerSettings

  /// - Parameter bytes: the arrays in the order of `TokenizerTables.Table.allCases`, all present.
  init(_ bytes: [UnsafeRawBufferPointer], settings: TokenizerSettings) {
    func table(_ table: TokenizerTables.Table) -> UnsafeRawBufferPointer { bytes[table.rawValue] }
    pieces = ByteTable(bytes: table(.pieces))
    pieceOffsets = IntTable(bytes: table(.pieceOffsets))
    pieceFlags = ByteTable(bytes: table(.pieceFlags))
    characterPages = IntTable(bytes: table(.characterPages))
    characters = IntTable(bytes: table(.characters))
    bytePieces = IntTable(bytes: table(.bytePieces))
    merges = IntTable(bytes: table(.merges))
    mergeSlots = merges.count / MergeTable.rowWidth
    rawTokens = TrieView(rows: IntTable(bytes: table(.rawTokens)))
    normalizedTokens = TrieView(rows: IntTable(bytes: table(.normalizedTokens)))
    self.settings = settings
  }

  /// Ids lie below this.
  var vocabularySize: Int { pieceFlags.count }

  func flags(of id: Int32) -> PieceFlags { PieceFlags(rawValue: pieceFlags[Int(id)]) }

  /// The UTF-8 of a piece; empty when there is none.
  func text(of id: Int32) -> Slice<UnsafeRawBufferPointer> {
    let (start, end) = (Int(pieceOffsets[Int(id)]), Int(pieceOffsets[Int(id) + 1]))
    guard 0 <= start, start <= end, end <= pieces.count else { return pieces.bytes[0..<0] }
    return pieces.bytes[start..<end]
  }

  /// The piece that is exactly one scalar, −1: none.
  func piece(of scalar: UInt32) -> Int32 {
    let page = Int(characterPages[Int(scalar) / CharacterTable.pageSize])
    guard page >= 0 else { return -1 }
    let offset = Int(scalar) % CharacterTable.pageSize
    return existing(characters[page * CharacterTable.pageSize + offset])
  }

  /// The piece that stands for a byte, −1: none.
  func piece(of byte: UInt8) -> Int32 { existing(bytePieces[Int(byte)]) }

  /// What two neighbours become and how early, nil when they do not merge.
  func merge(_ left: Int32, _ right: Int32) -> (rank: UInt32, result: Int32)? {
    var slot = MergeTable.firstSlot(left: left, right: right, slotCount: mergeSlots)
    for _ in 0..<settings.longestProbe {
      let row = slot * MergeTable.rowWidth
      let found = merges[row]
      if found == -1 { return nil }
      if found == left, merges[row + 1] == right {
        let result = existing(merges[row + 3])
        return result < 0 ? nil : (UInt32(bitPattern: merges[row + 2]), result)
      }
      slot = (slot + 1) & (mergeSlots - 1)
    }
    return nil
  }

  private func existing(_ id: Int32) -> Int32 { id < vocabularySize ? id : -1 }
}

/// Little-endian 32-bit integers at any alignment; −1 outside.
struct IntTable {
  let bytes: UnsafeRawBufferPointer

  var count: Int { bytes.count / 4 }

  subscript(index: Int) -> Int32 {
    guard index >= 0, index < count else { return -1 }
    return Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: Int32.self))
  }
}

/// Bytes; 0 outside.
struct ByteTable {
  let bytes: UnsafeRawBufferPointer

  var count: Int { bytes.count }

  subscript(index: Int) -> UInt8 {
    index >= 0 && index < bytes.count ? bytes[index] : 0
  }
}

/// Look-ups in an `AddedTokenTrie`.
struct TrieView {
  let rows: IntTable

  struct Match {
    var id: Int32
    var flags: AddedTokenTrie.Flags
    /// Where the match ends in the text.
    var end: Int
  }

  /// Nothing to match: the root has no children.
  var isEmpty: Bool { firstChild(1) <= firstChild(0) }

  /// The longest text in the trie that begins at `start`.
  func longestMatch(in text: ArraySlice<UInt8>, at start: Int) -> Match? {
    var node = 0
    var best: Match?
    var position = start
    while position < text.endIndex, let next = child(of: node, byte: text[position]) {
      node = next
      position += 1
      let row = node * AddedTokenTrie.rowWidth
      if rows[row + 2] >= 0 {
        best = Match(id: rows[row + 2], flags: .init(rawValue: rows[row + 3]), end: position)
      }
    }
    return best
  }

  private func firstChild(_ node: Int) -> Int { Int(rows[node * AddedTokenTrie.rowWidth + 1]) }

  /// Binary search among the children.
  private func child(of node: Int, byte: UInt8) -> Int? {
    var (low, high) = (firstChild(node), firstChild(node + 1))
    while low < high {
      let middle = low + (high - low) / 2
      let found = rows[middle * AddedTokenTrie.rowWidth]
      if found == Int32(byte) { return middle }
      if found < Int32(byte) { low = middle + 1 } else { high = middle }
    }
    return nil
  }
}
