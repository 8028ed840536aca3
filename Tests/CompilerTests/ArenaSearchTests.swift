import IR
import Testing
import Validation

@testable import Compiler

@Suite struct ArenaSearchTests {
  // MARK: Problems

  /// Buffers from first and last moment and size, as many bytes as the plan aligns to each.
  static func buffers(_ rows: [(first: Int, last: Int, size: Int)]) -> [ArenaBuffer] {
    rows.enumerated().map { index, row in
      ArenaBuffer(
        root: ValueID(index), bytes: row.size.alignedForPlan, lifetime: row.first...row.last)
    }
  }

  /// A few buffers at random, sizes as multiples of 64.
  static func random(seed: Int, count: Int) -> [ArenaBuffer] {
    var random = SeededGenerator("few buffers \(seed)")
    return buffers(
      (0..<count).map { _ in
        let first = Int.random(in: 0...5, using: &random)
        let last = Int.random(in: first...min(7, first + 3), using: &random)
        return (first, last, Int.random(in: 0...5, using: &random) * 64)
      })
  }

  /// The pieces of a rectangle of `height` bytes that was cut through in time and in space by turns:
  /// they fit into it without any gap, so its height is the lower bound.
  static func pieces(seed: Int, count: Int, height: Int) -> [ArenaBuffer] {
    var random = SeededGenerator("pieces \(seed)")
    var pieces = [(first: 0, last: 99, size: height)]
    while pieces.count < count {
      let piece = pieces.remove(at: Int.random(in: 0..<pieces.count, using: &random))
      let (first, last, size) = piece
      if Bool.random(using: &random), last > first {
        let cut = Int.random(in: first..<last, using: &random)
        pieces += [(first, cut, size), (cut + 1, last, size)]
      } else if size > 64 {
        let cut = Int.random(in: 1..<size / 64, using: &random) * 64
        pieces += [(first, last, cut), (first, last, size - cut)]
      } else {
        pieces.append(piece)
      }
    }
    return buffers(pieces.shuffled(using: &random))
  }

  /// Buffers that fill `height` times 64 bytes at every moment: some of them end, others take over
  /// just their bytes, and not all of these fit where those lay.
  static func filled(seed: Int, count: Int, height: Int) -> [ArenaBuffer] {
    var random = SeededGenerator("filled \(seed)")
    var rows = [(first: 0, last: 0, size: height * 64)]
    var alive = [0]
    while rows.count < count {
      let leaving = alive.filter { _ in Bool.random(using: &random) }
      var free = leaving.reduce(0) { $0 + rows[$1].size }
      let moment = (rows.map(\.last).max() ?? 0) + 1
      alive.removeAll(where: leaving.contains)
      for index in alive { rows[index].last = moment }
      while free > 0 {
        let size = Int.random(in: 1...free / 64, using: &random) * 64
        alive.append(rows.count)
        rows.append((moment, moment, size))
        free -= size
      }
    }
    return buffers(Array(rows.prefix(count)))
  }

  /// What is wrong with a placement, from every moment and pair by itself.
  static func fault(_ placement: ArenaPlacement, _ buffers: [ArenaBuffer]) -> String? {
    guard placement.offsets.count == buffers.count else { return "another number of offsets" }
    for (a, buffer) in buffers.enumerated() {
      let range = placement.offsets[a]..<placement.offsets[a] + buffer.bytes
      if range.lowerBound < 0 || range.upperBound > placement.bytes { return "\(a) is outside" }
      if range.lowerBound % 64 != 0 { return "\(a) is not aligned" }
      for (b, other) in buffers.enumerated().prefix(a) {
        let otherRange = placement.offsets[b]..<placement.offsets[b] + other.bytes
        let meet = buffer.lifetime.contains { other.lifetime.contains($0) }
        if meet, range.overlaps(otherRange) { return "\(b) and \(a) overlap" }
      }
    }
    return nil
  }

  /// The least bytes that suffice: the best of all orders in which buffers can lie over each other.
  static func optimum(_ buffers: [ArenaBuffer]) -> Int {
    func best(_ tops: [Int?], _ highest: Int) -> Int {
      var least = Int.max
      for next in buffers.indices where tops[next] == nil {
        let below = buffers.indices.filter { buffers[$0].lifetime.overlaps(buffers[next].lifetime) }
        let top = below.reduce(0) { max($0, tops[$1] ?? 0) } + buffers[next].bytes
        var tops = tops
        tops[next] = top
        least = min(least, best(tops, max(highest, top)))
      }
      return least == .max ? highest : least
    }
    return best(Array(repeating: nil, count: buffers.count), 0)
  }

  /// Whether buffers fit, by trying every multiple of 64 for each.
  static func fits(_ buffers: [ArenaBuffer], in capacity: Int) -> Bool {
    func place(_ offsets: [Int]) -> Bool {
      guard offsets.count < buffers.count else { return true }
      let next = buffers[offsets.count]
      return stride(from: 0, through: capacity - next.bytes, by: 64).contains { offset in
        let isFree = zip(offsets, buffers).allSatisfy { other, buffer in
          !buffer.lifetime.overlaps(next.lifetime) || other + buffer.bytes <= offset
            || offset + next.bytes <= other
        }
        return isFree && place(offsets + [offset])
      }
    }
    return place([])
  }

  // MARK: The smallest arena

  @Test(arguments: 0..<150)
  func `a few buffers get the smallest arena there is`(seed: Int) {
    let buffers = Self.random(seed: seed, count: seed % 7)
    let placement = ArenaPlacement.place(buffers)
    #expect(Self.fault(placement, buffers) == nil)
    #expect(placement.bytes == Self.optimum(buffers))
    #expect(placement.ending == .smallest)
  }

  @Test(arguments: 0..<100)
  func `the search finds what fits and proves what does not`(seed: Int) throws {
    let buffers = Self.filled(seed: seed, count: 9, height: 6 + seed % 9)
    let bound = ArenaPlacement.lowerBound(of: buffers)
    var search = try #require(ArenaSearch(buffers))
    let answer = search.run(capacity: bound, steps: 1 << 24)
    #expect(answer == (Self.fits(buffers, in: bound) ? .found : .impossible))
    #expect(answer != .found || zip(search.offsets, buffers).allSatisfy { $0 + $1.bytes <= bound })
  }

  /// At every moment 14 × 64 bytes are alive at the most.
  @Test func `an arena above the lower bound is known to be the smallest`() {
    let buffers = Self.buffers(Self.aboveTheBound)
    #expect(ArenaPlacement.lowerBound(of: buffers) == 14 * 64)
    #expect(!Self.fits(buffers, in: 14 * 64))
    let placement = ArenaPlacement.place(buffers)
    #expect(placement.bytes == 15 * 64)
    #expect(placement.ending == .smallest)
    #expect(Self.fault(placement, buffers) == nil)
    #expect(ArenaPlacement.place(buffers, capacity: 15 * 64).ending == .fits)
  }

  static let aboveTheBound = [
    (0, 0, 8), (1, 1, 5), (0, 2, 5), (0, 2, 1), (2, 2, 1), (1, 3, 3), (3, 3, 7), (2, 4, 4),
    (4, 4, 10),
  ].map { ($0.0, $0.1, $0.2 * 64) }

  @Test(arguments: 0..<40)
  func `pieces of a rectangle are put together again`(seed: Int) {
    let buffers = Self.pieces(seed: seed, count: 10 + seed, height: 4096)
    let placement = ArenaPlacement.place(buffers)
    #expect(Self.fault(placement, buffers) == nil)
    #expect(placement.bytes == 4096)
  }

  /// b1 to b5 of MiniMalloc's example, `input.12.csv`.
  @Test func `the example of MiniMalloc fits into twelve`() {
    let rows = [(0, 2, 4), (3, 8, 4), (0, 8, 4), (9, 20, 4), (0, 20, 4)]
    let buffers = Self.buffers(rows.map { ($0.0, $0.1, $0.2 * 64) })
    let placement = ArenaPlacement.place(buffers)
    #expect(placement.bytes == 12 * 64)
    #expect(Self.fault(placement, buffers) == nil)
  }

  /// Six buffers each: first and last moment and size.
  static let missedByGreedy = [
    [(4, 4, 4), (0, 3, 5), (2, 4, 1), (4, 7, 3), (3, 4, 4), (3, 5, 3)],
    [(1, 1, 2), (4, 5, 3), (0, 3, 1), (2, 5, 3), (0, 3, 5), (5, 6, 4)],
    [(2, 2, 4), (1, 3, 3), (2, 3, 1), (5, 5, 4), (3, 6, 3), (4, 4, 2)],
    [(3, 6, 3), (4, 4, 3), (4, 5, 4), (3, 3, 3), (0, 3, 5), (4, 7, 3)],
    [(4, 6, 4), (4, 5, 3), (5, 6, 3), (3, 4, 4), (5, 6, 3), (1, 3, 1)],
  ]

  @Test(arguments: missedByGreedy.indices)
  func `the lower bound is reached where greedy misses it`(index: Int) {
    let buffers = Self.buffers(Self.missedByGreedy[index].map { ($0.0, $0.1, $0.2 * 64) })
    let bound = ArenaPlacement.lowerBound(of: buffers)
    #expect(ArenaPlacement.greedy(buffers, goal: bound).bytes > bound)
    let placement = ArenaPlacement.place(buffers)
    #expect(placement.bytes == bound)
    #expect(placement.ending == .smallest)
    #expect(Self.fault(placement, buffers) == nil)
  }

  @Test func `buffers without bytes lie at the beginning`() {
    let buffers = Self.buffers(
      (Self.missedByGreedy[0] + [(0, 7, 0)]).map { ($0.0, $0.1, $0.2 * 64) })
    let placement = ArenaPlacement.place(buffers)
    #expect(placement.effort.nodes > 0)
    #expect(placement.offsets.last == 0)
  }

  @Test func `an area counts both ends of a lifetime and saturates`() {
    let buffer = ArenaBuffer(root: ValueID(0), bytes: 64, lifetime: 2...4)
    #expect(buffer.area == 192)
    #expect(ArenaBuffer(root: ValueID(0), bytes: .max / 2, lifetime: 2...4).area == .max)
  }

  // MARK: The limit

  /// So many buffers that the search does not come to an end.
  static let puzzle = filled(seed: 0, count: 100, height: 50)

  @Test(arguments: [0, 1, 1000, 30_000, 1_000_000])
  func `past the limit the best placement is kept and said to be one`(steps: Int) {
    let greedy = ArenaPlacement.greedy(Self.puzzle, goal: 50 * 64)
    let placement = ArenaPlacement.place(Self.puzzle, steps: steps)
    #expect(Self.fault(placement, Self.puzzle) == nil)
    #expect(placement.bytes > 50 * 64 && placement.bytes <= greedy.bytes)
    #expect(placement.ending == .limit)
    // What was begun when the limit came is finished.
    #expect(placement.effort.steps <= steps + 10_000)
  }

  @Test func `within the limit the search finds less than greedy`() {
    let greedy = ArenaPlacement.greedy(Self.puzzle, goal: 50 * 64)
    #expect(ArenaPlacement.place(Self.puzzle, steps: 1_000_000).bytes < greedy.bytes)
  }

  @Test func `the same buffers get the same offsets`() {
    let (a, b) = (
      ArenaPlacement.place(Self.puzzle, steps: 300_000),
      ArenaPlacement.place(Self.puzzle, steps: 300_000)
    )
    #expect(a.offsets == b.offsets)
    #expect(a.effort.nodes == b.effort.nodes && a.effort.steps == b.effort.steps)
  }

  /// Every order gets its turn. Which buffers it tries, and what a plan looks like that ends at the
  /// limit, may depend on nothing but the buffers; whoever changes an order changes these numbers.
  @Test func `the search takes the same steps on every machine`() {
    let effort = ArenaPlacement.place(Self.puzzle, steps: 1_000_000).effort
    #expect(effort.nodes == 5762)
    #expect(effort.steps == 570_640)
  }

  @Test func `too many buffers at once are placed without a search`() {
    let buffers = Self.buffers((0..<3500).map { (0, 1 + $0 % 2, 64 + $0 % 7 * 64) })
    #expect(ArenaSearch(buffers) == nil)
  }

  /// The tables have an entry for each of n buffers and for each of its n - 1 neighbours.
  @Test(arguments: [(2048, true), (2049, false)])
  func `as many buffers are searched as tables may hold`(count: Int, isSearched: Bool) {
    let buffers = Self.buffers(Array(repeating: (0, 1, 64), count: count))
    #expect((ArenaSections(buffers) != nil) == isSearched)
  }
}
