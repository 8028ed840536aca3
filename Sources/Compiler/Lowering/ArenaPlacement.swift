import Plans

/// Offsets for a set of buffers in one arena, such that no two that are alive together overlap.
package struct ArenaPlacement {
  /// Why no smaller placement was looked for.
  package enum Ending: Sendable {
    /// There is none.
    case smallest
    /// It fits into the capacity that was asked for.
    case fits
    /// The search spent its steps; there may be a smaller one.
    case limit
  }

  /// In the order of the buffers.
  package private(set) var offsets: [Int]
  package private(set) var bytes: Int
  /// The most bytes alive at one moment, below which no placement gets.
  package private(set) var lowerBound = 0
  package private(set) var ending = Ending.smallest
  /// What the search did; nothing where the greedy orders were enough.
  package private(set) var effort = ArenaSearch.Effort()

  /// The most bytes that are alive at one moment: no placement can need less.
  package static func lowerBound(of buffers: [ArenaBuffer]) -> Int {
    var changes: [(moment: Int, bytes: Int)] = []
    for buffer in buffers {
      changes.append((buffer.lifetime.lowerBound, buffer.bytes))
      changes.append((buffer.lifetime.upperBound + 1, -buffer.bytes))
    }
    // At equal moments what ends goes first.
    changes.sort { ($0.moment, $0.bytes) < ($1.moment, $1.bytes) }
    var live = 0
    var most = 0
    for change in changes {
      live += change.bytes
      most = max(most, live)
    }
    return most
  }

  /// The best of several greedy orders and, where that is not good enough, of a search.
  ///
  /// - Parameters:
  ///   - capacity: bytes with which the caller is content; by default the lower bound.
  ///   - steps: what the search may spend. It depends on nothing else, and no clock is read, so the
  ///     same buffers get the same offsets everywhere.
  package static func place(
    _ buffers: [ArenaBuffer], capacity: Int? = nil, steps: Int = ArenaSearch.stepLimit
  ) -> ArenaPlacement {
    let bound = lowerBound(of: buffers)
    let goal = max(bound, capacity ?? bound)
    var placement = greedy(buffers, goal: goal)
    placement.lowerBound = bound
    if placement.bytes > goal {
      placement.improve(buffers, goal: goal, steps: steps)
    } else if placement.bytes > bound {
      placement.ending = .fits
    }
    return placement
  }

  // MARK: Greedy

  /// The best of four orders: by size, by size × lifetime, by lifetime and by start. Stops at the
  /// first that reaches the goal.
  package static func greedy(_ buffers: [ArenaBuffer], goal: Int) -> ArenaPlacement {
    let orders: [(ArenaBuffer) -> (Int, Int)] = [
      { (-$0.bytes, $0.lifetime.lowerBound) },
      { (-$0.area, $0.lifetime.lowerBound) },
      { (-$0.lifetime.count, -$0.bytes) },
      { ($0.lifetime.lowerBound, -$0.bytes) },
    ]
    var best: ArenaPlacement?
    for order in orders {
      let candidate = greedy(buffers, by: order)
      if best.map({ candidate.bytes < $0.bytes }) ?? true { best = candidate }
      if candidate.bytes <= goal { break }
    }
    return best ?? ArenaPlacement(offsets: [], bytes: 0)
  }

  /// Places one buffer after the other at the lowest offset that is free for its whole lifetime.
  private static func greedy(
    _ buffers: [ArenaBuffer], by key: (ArenaBuffer) -> (Int, Int)
  ) -> ArenaPlacement {
    let order = buffers.indices.sorted {
      let (a, b) = (key(buffers[$0]), key(buffers[$1]))
      return a == b ? $0 < $1 : a < b
    }
    var offsets = [Int](repeating: 0, count: buffers.count)
    // In the order of their offsets.
    var placed: [Int] = []
    var bytes = 0
    for index in order {
      let buffer = buffers[index]
      var offset = 0
      for other in placed where buffers[other].lifetime.overlaps(buffer.lifetime) {
        if offset + buffer.bytes <= offsets[other] { break }
        offset = max(offset, offsets[other] + buffers[other].bytes)
      }
      offsets[index] = offset
      bytes = max(bytes, offset + buffer.bytes)
      placed.insert(index, at: placed.firstIndex { offsets[$0] > offset } ?? placed.count)
    }
    return ArenaPlacement(offsets: offsets, bytes: bytes)
  }

  // MARK: Search

  /// Looks for a placement within the goal; if there is none, for the smallest there is.
  ///
  /// Half of the steps go into the goal, and what is then left into halving the range between what
  /// is impossible and what was found.
  private mutating func improve(_ buffers: [ArenaBuffer], goal: Int, steps: Int) {
    guard var search = ArenaSearch(buffers) else {
      ending = .limit
      return
    }
    // Every offset that a placement needs is a sum of sizes.
    let unit = max(1, buffers.reduce(0) { greatestCommonDivisor($0, $1.bytes) })
    // Below `open` nothing is left to try; below `possible` it is proven that nothing fits.
    var (open, possible) = (lowerBound, lowerBound)
    var aim = goal
    while open < bytes, bytes > goal {
      let share = min(steps - search.effort.steps, aim == goal ? steps / 2 : steps / 16)
      let answer = search.run(capacity: aim, steps: share)
      switch answer {
      case .found: adopt(search.offsets, buffers)
      case .impossible: possible = max(possible, aim + 1)
      case .limit: break
      }
      if answer != .found { open = aim + 1 }
      // The next aim lies half way, at a multiple of the unit, and below what is known.
      open = (open + unit - 1) / unit * unit
      aim = open + (bytes - open) / unit / 2 * unit
    }
    effort = search.effort
    ending = bytes <= goal ? (bytes > lowerBound ? .fits : .smallest) : .limit
    if ending == .limit, (possible + unit - 1) / unit * unit >= bytes { ending = .smallest }
  }

  private mutating func adopt(_ offsets: [Int], _ buffers: [ArenaBuffer]) {
    self.offsets = offsets
    bytes = zip(offsets, buffers).reduce(0) { max($0, $1.0 + $1.1.bytes) }
  }
}

/// The largest number that divides both.
private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  var (a, b) = (a, b)
  while b != 0 { (a, b) = (b, a % b) }
  return a
}

extension Int {
  /// The next multiple of the plan's alignment.
  var alignedForPlan: Int { (self + Plan.alignment - 1) / Plan.alignment * Plan.alignment }
}
