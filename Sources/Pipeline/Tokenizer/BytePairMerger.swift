/// Byte-pair encoding of one run of normalized text: its scalars become pieces, then the pair with
/// the lowest rank (of equal ranks the one furthest left) merges until none is left.
///
/// A heap of candidates over a linked list: O(n log n) for n bytes.
struct BytePairMerger {
  private struct Symbol {
    var id: Int32
    /// False once merged into the symbol on its left.
    var isAlive = true
    var previous: Int
    var next: Int
  }

  private struct Candidate: Comparable {
    var rank: UInt32
    var result: Int32
    /// The symbol on the left.
    var position: Int

    static func < (_ a: Candidate, _ b: Candidate) -> Bool {
      (a.rank, a.position) < (b.rank, b.position)
    }
  }

  private let view: TokenizerView
  private var symbols: [Symbol] = []
  private var candidates = Heap<Candidate>()

  init(_ view: TokenizerView) {
    self.view = view
  }

  /// Appends the ids of valid UTF-8 text.
  mutating func encode(_ text: ArraySlice<UInt8>, to ids: inout [Int32]) {
    symbols.removeAll(keepingCapacity: true)
    cut(text)
    for index in symbols.indices.dropLast() { addCandidate(index) }
    while let candidate = candidates.pop() { apply(candidate) }
    ids += symbols.lazy.filter(\.isAlive).map(\.id)
  }

  // MARK: Scalars to pieces

  /// Scalars without a piece become byte pieces; where one of their bytes has none either, the
  /// unknown token, which waits for the next piece so that a run of them can fuse.
  private mutating func cut(_ text: ArraySlice<UInt8>) {
    var pendingUnknown = false
    var start = text.startIndex
    while start < text.endIndex {
      let end = min(start + utf8Length(leading: text[start]), text.endIndex)
      let bytes = text[start..<end]
      start = end
      let id = firstScalar(of: bytes).map { view.piece(of: $0.value) } ?? -1
      if id >= 0 {
        if pendingUnknown { append(view.settings.unknownID) }
        pendingUnknown = false
        append(id)
      } else if bytes.allSatisfy({ view.piece(of: $0) >= 0 }) {
        for byte in bytes { append(view.piece(of: byte)) }
      } else if view.settings.unknownID >= 0 {
        if pendingUnknown, !view.settings.fusesUnknown { append(view.settings.unknownID) }
        pendingUnknown = true
      }
    }
    if pendingUnknown { append(view.settings.unknownID) }
  }

  private mutating func append(_ id: Int32) {
    let index = symbols.count
    if index > 0 { symbols[index - 1].next = index }
    symbols.append(Symbol(id: id, previous: index - 1, next: -1))
  }

  // MARK: Merging

  private mutating func addCandidate(_ position: Int) {
    let next = symbols[position].next
    guard next >= 0, let merge = view.merge(symbols[position].id, symbols[next].id) else { return }
    candidates.push(Candidate(rank: merge.rank, result: merge.result, position: position))
  }

  /// Merges the candidate's pair unless its symbols have changed meanwhile. A changed pair that
  /// happens to merge to the same piece is merged, as in the reference.
  private mutating func apply(_ candidate: Candidate) {
    let position = candidate.position
    let next = symbols[position].next
    guard symbols[position].isAlive, next >= 0,
      view.merge(symbols[position].id, symbols[next].id)?.result == candidate.result
    else { return }
    let after = symbols[next].next
    symbols[position].id = candidate.result
    symbols[position].next = after
    symbols[next].isAlive = false
    if after >= 0 { symbols[after].previous = position }
    if symbols[position].previous >= 0 { addCandidate(symbols[position].previous) }
    addCandidate(position)
  }
}
