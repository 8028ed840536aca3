/// A branch-and-bound search for offsets within a capacity, after MiniMalloc (Moffitt, ASPLOS 2023).
///
/// Buffers are placed from the bottom upwards, each at the lowest offset that what was placed under it
/// leaves, and in the order of (offset, rank). Every placement can be pushed down into one that comes
/// about like this, and it comes about once. A branch ends
/// - where in some section what is still to be placed does not fit above where it can start;
/// - where the next offset leaves room for an unplaced buffer wholly below it;
/// - after a buffer over which nothing remains to be placed: where it lies cannot be to blame.
///
/// Where no unplaced buffer crosses from one section to the next, the two sides are solved each for
/// itself. Which buffer is tried first decides how long it takes, so orders are tried in turn
/// (`ArenaSearch+Orders.swift`).
package struct ArenaSearch {
  /// Steps that planning one function may take: some seconds. One step is one look at a buffer or a
  /// section, so that large functions do not take longer.
  package static let stepLimit = 4_000_000_000

  /// What a search did.
  package struct Effort: Sendable {
    /// Buffers that were given an offset, on trial or for good.
    package fileprivate(set) var nodes = 0
    /// Looks at a buffer or a section.
    package fileprivate(set) var steps = 0
  }

  enum Answer {
    case found
    /// No offsets do.
    case impossible
    /// The steps were spent.
    case limit
  }

  private(set) var effort = Effort()
  let buffers: [ArenaBuffer]
  let sections: ArenaSections

  // The state of one attempt.
  /// Offsets of placed buffers; buffers without bytes are at 0 throughout.
  private(set) var offsets: [Int]
  private var isPlaced: [Bool]
  /// The lowest offset that the placed buffers leave to an unplaced one.
  private var floors: [Int]
  /// Bytes still to be placed in each section.
  private(set) var unplaced: [Int]
  /// Unplaced buffers that are alive both in a section and in the one before.
  private var crossings: [Int]
  /// All buffers; every part of the problem is a range of it. Order within a part means nothing.
  private var pool: [Int]
  /// Which of two buffers with equal floors is tried first, and the numbers it comes from.
  private var ranks: [Int]
  private var order = ArenaOrder.all[0]
  private var keys: [[Int]] = []
  private var frames: [Frame] = []
  private var undo = UndoLog()
  private var capacity = 0
  /// Sections in which something changed, and the node at which each was last noted.
  private var touched: [Int] = []
  private var touchedAt: [Int]

  /// Nil where buffers and sections are too many.
  init?(_ buffers: [ArenaBuffer]) {
    guard let sections = ArenaSections(buffers) else { return nil }
    self.buffers = buffers
    self.sections = sections
    offsets = Array(repeating: 0, count: buffers.count)
    isPlaced = Array(repeating: false, count: buffers.count)
    (floors, ranks) = (offsets, offsets)
    unplaced = Array(repeating: 0, count: sections.count)
    crossings = Array(repeating: 0, count: sections.count + 1)
    pool = []
    touchedAt = Array(repeating: -1, count: sections.count)
  }

  /// Looks for offsets with which everything lies below `capacity`: with every order in turn, and
  /// with twice the steps in each further round. What was found is in `offsets`.
  mutating func run(capacity: Int, steps: Int) -> Answer {
    self.capacity = capacity
    let end = effort.steps + steps
    var share = 1 << 16
    while effort.steps < end {
      for order in ArenaOrder.all where effort.steps < end {
        start(order)
        let answer = solve(until: min(end, effort.steps + share))
        if answer != .limit { return answer }
      }
      share *= 2
    }
    return .limit
  }

  // MARK: Depth first

  /// Buffers and sections that can be solved for themselves.
  private struct Part {
    /// Range of the pool; without what was placed since.
    var pool: Range<Int>
    var sections: Range<Int>
    /// Offset and rank of the last buffer placed: the next one comes after it.
    var offset: Int
    var rank: Int
    /// The frame that goes on when this part cannot be solved.
    var parent: Int
  }

  /// One part and what was tried in it.
  private struct Frame {
    var part: Part
    let mark: UndoLog.Mark
    /// Nothing but what was tried last can lead to a solution.
    var isLast = false
  }

  /// What has to be taken back on the way to another choice.
  private struct UndoLog {
    struct Mark {
      let placed: Int
      let floors: Int
      let ranks: Int
      let agenda: Int
    }

    var placed: [Int] = []
    var floors: [(buffer: Int, before: Int)] = []
    var ranks: [(buffer: Int, before: Int)] = []
    /// Parts still to be solved, next one last.
    var agenda: [Part] = []

    var mark: Mark {
      Mark(placed: placed.count, floors: floors.count, ranks: ranks.count, agenda: agenda.count)
    }
  }

  private mutating func start(_ order: ArenaOrder) {
    pool = buffers.indices.filter { buffers[$0].bytes > 0 }
    (frames, undo) = ([], UndoLog())
    for buffer in buffers.indices {
      (offsets[buffer], floors[buffer], isPlaced[buffer]) = (0, 0, false)
    }
    for section in unplaced.indices { (unplaced[section], crossings[section]) = (0, 0) }
    for buffer in pool {
      for section in sections.spans[buffer] { unplaced[section] += buffers[buffer].bytes }
      for section in sections.spans[buffer].dropFirst() { crossings[section] += 1 }
    }
    effort.steps += pool.count + sections.count
    self.order = order
    keys = order.columns(of: self)
    let whole = Part(
      pool: pool.indices, sections: 0..<sections.count, offset: 0, rank: -1, parent: -1)
    rank(whole)
    divide(whole, at: (0..<sections.count).dropFirst().filter { crossings[$0] == 0 })
  }

  /// Solves what is on the agenda.
  private mutating func solve(until end: Int) -> Answer {
    while let part = undo.agenda.popLast() {
      guard !part.pool.isEmpty else { continue }
      frames.append(Frame(part: part, mark: undo.mark))
      while !descend() {
        guard effort.steps < end else { return .limit }
        guard backtrack() else { return .impossible }
      }
      guard effort.steps < end || undo.agenda.isEmpty else { return .limit }
    }
    return .found
  }

  /// Places one more buffer in the part of the last frame and puts what is left of it on the agenda.
  /// False when it does not go on from there.
  private mutating func descend() -> Bool {
    let top = frames.count - 1
    guard !frames[top].isLast, let place = nextChoice(frames[top].part) else {
      frames[top].isLast = true
      return false
    }
    let buffer = pool[place]
    var rest = frames[top].part
    pool.swapAt(place, rest.pool.upperBound - 1)
    rest.pool = rest.pool.dropLast()
    (rest.offset, rest.rank, rest.parent) = (floors[buffer], ranks[buffer], top)
    (frames[top].part.offset, frames[top].part.rank) = (rest.offset, rest.rank)
    effort.nodes += 1
    frames[top].isLast = !put(buffer)
    guard touchedSectionsFit() else { return false }
    let cuts = sections.spans[buffer].dropFirst().filter { crossings[$0] == 0 }
    if cuts.isEmpty { undo.agenda.append(rest) } else { divide(rest, at: cuts) }
    return true
  }

  /// Takes back the last choice that something else can replace; false when there is none.
  private mutating func backtrack() -> Bool {
    var top = frames.count - 1
    while true {
      takeBack(to: frames[top].mark)
      guard frames[top].isLast else { break }
      // What was solved since the parent chose is no part of why this failed.
      top = frames[top].part.parent
      guard top >= 0 else { return false }
    }
    frames.removeLast(frames.count - 1 - top)
    return true
  }

  /// The place in the pool of the buffer that comes next after what was tried: the lowest floor, and
  /// of equal ones the first in rank. Nil when none is left that could lead to a solution.
  private mutating func nextChoice(_ part: Part) -> Int? {
    var best: (offset: Int, rank: Int, place: Int) = (.max, .max, -1)
    var ceiling = Int.max
    for place in part.pool {
      let buffer = pool[place]
      let (floor, rank) = (floors[buffer], ranks[buffer])
      ceiling = min(ceiling, floor + buffers[buffer].bytes)
      guard floor > part.offset || (floor == part.offset && rank > part.rank) else { continue }
      if floor < best.offset || (floor == best.offset && rank < best.rank) {
        best = (floor, rank, place)
      }
    }
    effort.steps += part.pool.count + part.sections.count
    // At the ceiling or above it, some unplaced buffer would fit below.
    guard best.offset < ceiling else { return nil }
    // From here on nothing is placed lower.
    for section in part.sections where best.offset + unplaced[section] > capacity { return nil }
    return best.place
  }

  // MARK: Placing

  /// Places a buffer at its floor and lifts what has to lie over it. False when that is nothing.
  private mutating func put(_ buffer: Int) -> Bool {
    offsets[buffer] = floors[buffer]
    isPlaced[buffer] = true
    undo.placed.append(buffer)
    touched.removeAll(keepingCapacity: true)
    for section in sections.spans[buffer] {
      unplaced[section] -= buffers[buffer].bytes
      touch(section)
    }
    for section in sections.spans[buffer].dropFirst() { crossings[section] -= 1 }
    let top = floors[buffer] + buffers[buffer].bytes
    var hasNeighbours = false
    for other in sections.neighbours[buffer] where !isPlaced[other] {
      hasNeighbours = true
      guard floors[other] < top else { continue }
      undo.floors.append((other, floors[other]))
      floors[other] = top
      for section in sections.spans[other] { touch(section) }
    }
    effort.steps += sections.neighbours[buffer].count + sections.spans[buffer].count
    return hasNeighbours
  }

  private mutating func touch(_ section: Int) {
    guard touchedAt[section] != effort.nodes else { return }
    touchedAt[section] = effort.nodes
    touched.append(section)
  }

  /// Whether in each section that changed the unplaced buffers fit above the lowest of their floors.
  private mutating func touchedSectionsFit() -> Bool {
    for section in touched where unplaced[section] > 0 {
      var floor = Int.max
      for buffer in sections.members[section] where !isPlaced[buffer] {
        floor = min(floor, floors[buffer])
      }
      effort.steps += sections.members[section].count
      if floor + unplaced[section] > capacity { return false }
    }
    return true
  }

  private mutating func takeBack(to mark: UndoLog.Mark) {
    while undo.placed.count > mark.placed {
      let buffer = undo.placed.removeLast()
      isPlaced[buffer] = false
      for section in sections.spans[buffer] { unplaced[section] += buffers[buffer].bytes }
      for section in sections.spans[buffer].dropFirst() { crossings[section] += 1 }
    }
    while undo.floors.count > mark.floors {
      let (buffer, before) = undo.floors.removeLast()
      floors[buffer] = before
    }
    while undo.ranks.count > mark.ranks {
      let (buffer, before) = undo.ranks.removeLast()
      ranks[buffer] = before
    }
    undo.agenda.removeLast(undo.agenda.count - mark.agenda)
  }

  // MARK: Parts

  /// Puts the parts between the cuts on the agenda, the first one on top.
  private mutating func divide(_ whole: Part, at cuts: [Int]) {
    var parts: [Part] = []
    var rest = whole
    for cut in cuts + [whole.sections.upperBound] {
      var part = rest
      part.sections = rest.sections.lowerBound..<cut
      var end = rest.pool.lowerBound
      for place in rest.pool where sections.spans[pool[place]].lowerBound < cut {
        pool.swapAt(end, place)
        end += 1
      }
      part.pool = rest.pool.lowerBound..<end
      (rest.sections, rest.pool) = (cut..<rest.sections.upperBound, end..<rest.pool.upperBound)
      if order.isResorted {
        part.rank = -1
        rank(part)
      }
      if !part.pool.isEmpty { parts.append(part) }
    }
    undo.agenda += parts.reversed()
  }

  /// Ranks the buffers of a part by the keys of the order, largest first.
  private mutating func rank(_ part: Part) {
    refreshLoads(part)
    let keys = self.keys
    let ranked = pool[part.pool].sorted { a, b in
      for column in keys where column[a] != column[b] { return column[a] > column[b] }
      return a < b
    }
    for (rank, buffer) in ranked.enumerated() {
      undo.ranks.append((buffer, ranks[buffer]))
      ranks[buffer] = rank
    }
    effort.steps += ranked.count * keys.count
  }

  /// Of the keys, only loads change as buffers are placed.
  private mutating func refreshLoads(_ part: Part) {
    guard let column = order.keys.firstIndex(of: .load) else { return }
    for buffer in pool[part.pool] {
      keys[column][buffer] = load(of: buffer)
      effort.steps += sections.spans[buffer].count
    }
  }

  /// The most bytes still to be placed in a section of this buffer.
  func load(of buffer: Int) -> Int {
    sections.spans[buffer].reduce(0) { max($0, unplaced[$1]) }
  }
}
