/// The merges as a hash table in one array: rows of (left, right, rank, result), open addressing
/// with linear probing over a power of two of slots, `left` −1 in empty ones.
enum MergeTable {
  static let rowWidth = 4

  /// Where the search for a pair starts. `slotCount` is a power of two.
  static func firstSlot(left: Int32, right: Int32, slotCount: Int) -> Int {
    // The finalizer of SplitMix64: every bit of the pair reaches the low bits.
    var hash = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int(truncatingIfNeeded: hash ^ (hash >> 31)) & (slotCount - 1)
  }

  /// - Returns: the rows and the largest number of slots that a search looks at.
  static func build(_ merges: [TokenizerModel.Merge]) -> (rows: [Int32], longestProbe: Int32) {
    var slotCount = 2
    // At most three quarters full: there is always an empty slot.
    while slotCount * 3 < merges.count * 4 { slotCount *= 2 }
    var rows = [Int32](repeating: -1, count: slotCount * rowWidth)
    var longestProbe = 1
    for merge in merges {
      var slot = firstSlot(left: merge.left, right: merge.right, slotCount: slotCount)
      var probes = 1
      // The last merge of an equal pair replaces the ones before.
      while rows[slot * rowWidth] != -1,
        (rows[slot * rowWidth], rows[slot * rowWidth + 1]) != (merge.left, merge.right)
      {
        slot = (slot + 1) & (slotCount - 1)
        probes += 1
      }
      longestProbe = max(longestProbe, probes)
      rows.replaceSubrange(
        slot * rowWidth..<(slot + 1) * rowWidth,
        with: [merge.left, merge.right, merge.rank, merge.result])
    }
    // A search for a pair that is not there ends at an empty slot, one further at most.
    return (rows, Int32(longestProbe + 1))
  }
}
