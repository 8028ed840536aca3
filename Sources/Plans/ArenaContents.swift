import Tensors

/// Whose bytes the arena holds at one moment of a function's run, at all sizes at once. A value is known
/// by the offset of the buffer that it was written to.
struct ArenaContents {
  /// What a view of the buffer at `offset` touches.
  struct Value {
    let offset: Int
    /// From `offset` to its first and behind its last byte, at each size at which it has any.
    let begin: Dim
    let end: Dim
    /// All bytes of the arena that it touches at some size; never empty.
    let bytes: Range<Int>
  }

  /// What is left of a value, wherever later ones may have been written.
  private struct Piece {
    let value: Value
    var bytes: Range<Int>

    func holds(_ range: Range<Int>) -> Bool {
      bytes.lowerBound <= range.lowerBound && range.upperBound <= bytes.upperBound
    }
  }

  /// In the order of bytes and apart from each other.
  private var pieces: [Piece] = []

  /// The bytes belong to this value from now on, and no more to those that had them, at any size.
  mutating func write(_ value: Value) {
    let first = index(after: value.bytes.lowerBound)
    var end = first
    while end < pieces.count, pieces[end].bytes.lowerBound < value.bytes.upperBound { end += 1 }
    var replacement = [Piece(value: value, bytes: value.bytes)]
    if first < end {
      let (before, after) = (pieces[first], pieces[end - 1])
      if after.bytes.upperBound > value.bytes.upperBound {
        replacement.append(
          Piece(value: after.value, bytes: value.bytes.upperBound..<after.bytes.upperBound))
      }
      if before.bytes.lowerBound < value.bytes.lowerBound {
        replacement.insert(
          Piece(value: before.value, bytes: before.bytes.lowerBound..<value.bytes.lowerBound), at: 0
        )
      }
    }
    pieces.replaceSubrange(first..<end, with: replacement)
  }

  /// Throws unless one write to the value's buffer left all of its bytes, at every size.
  func checkHolds(_ value: Value, _ bounds: [String: Int], _ place: String) throws {
    let index = index(after: value.bytes.lowerBound)
    guard index < pieces.count, pieces[index].value.offset == value.offset,
      try pieces[index].value.contains(value, bounds),
      pieces[index].holds(value.bytes.clamped(to: pieces[index].value.bytes))
    else {
      throw PlanError("\(place) reads arena bytes \(value.bytes), which hold no whole value there")
    }
  }

  /// The first piece that ends after a byte.
  private func index(after byte: Int) -> Int {
    var (low, high) = (0, pieces.count)
    while low < high {
      let middle = low + (high - low) / 2
      if pieces[middle].bytes.upperBound > byte { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension ArenaContents.Value {
  /// Whether this has all bytes of another value of the same buffer, at every size.
  fileprivate func contains(_ other: Self, _ bounds: [String: Int]) throws -> Bool {
    // Nothing lies before a buffer's first byte.
    let isBegun = try begin == 0 || (other.begin - begin).range(bounds).lowerBound >= 0
    return try isBegun && (end - other.end).range(bounds).lowerBound >= 0
  }
}
