/// Whose bytes the arena holds at one moment of a function's run. A value is known by the offset of
/// the buffer that it was written to.
struct ArenaContents {
  /// Bytes that a view of the buffer at `offset` touches; never empty.
  struct Value {
    var offset: Int
    var bytes: Range<Int>
  }

  /// What is left of each write, in the order of bytes and apart from each other.
  private var values: [Value] = []

  /// The bytes belong to this value from now on, and no more to those that had them.
  mutating func write(_ value: Value) {
    let first = index(after: value.bytes.lowerBound)
    var end = first
    var pieces: [Value] = []
    while end < values.count, values[end].bytes.lowerBound < value.bytes.upperBound {
      pieces.append(values[end])
      end += 1
    }
    var replacement = [value]
    if let last = pieces.last, last.bytes.upperBound > value.bytes.upperBound {
      replacement.append(
        Value(offset: last.offset, bytes: value.bytes.upperBound..<last.bytes.upperBound))
    }
    if let before = pieces.first, before.bytes.lowerBound < value.bytes.lowerBound {
      replacement.insert(
        Value(offset: before.offset, bytes: before.bytes.lowerBound..<value.bytes.lowerBound), at: 0
      )
    }
    values.replaceSubrange(first..<end, with: replacement)
  }

  /// Throws unless one write to the value's buffer left all of its bytes.
  func checkHolds(_ value: Value, _ place: String) throws {
    let index = index(after: value.bytes.lowerBound)
    guard index < values.count, values[index].offset == value.offset,
      values[index].bytes.lowerBound <= value.bytes.lowerBound,
      values[index].bytes.upperBound >= value.bytes.upperBound
    else {
      throw PlanError("\(place) reads arena bytes \(value.bytes), which hold no whole value there")
    }
  }

  /// The first value that ends after a byte.
  private func index(after byte: Int) -> Int {
    var (low, high) = (0, values.count)
    while low < high {
      let middle = low + (high - low) / 2
      if values[middle].bytes.upperBound > byte { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
