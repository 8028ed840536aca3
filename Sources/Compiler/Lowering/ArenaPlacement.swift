import Plans

/// Offsets for a set of buffers in one arena, such that no two that are alive together overlap.
struct ArenaPlacement {
  /// In the order of the buffers.
  let offsets: [Int]
  let bytes: Int

  /// The most bytes that are alive at one moment: no placement can need less.
  static func lowerBound(of buffers: [ArenaBuffer]) -> Int {
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

  /// The best of several greedy orders: by size, by size × lifetime, by lifetime and by start.
  /// Stops at the first that reaches the lower bound.
  static func place(_ buffers: [ArenaBuffer]) -> ArenaPlacement {
    let bound = lowerBound(of: buffers)
    let orders: [(ArenaBuffer) -> (Int, Int)] = [
      { (-$0.bytes, $0.lifetime.lowerBound) },
      { (-$0.bytes * $0.lifetime.count, $0.lifetime.lowerBound) },
      { (-$0.lifetime.count, -$0.bytes) },
      { ($0.lifetime.lowerBound, -$0.bytes) },
    ]
    var best: ArenaPlacement?
    for order in orders {
      let candidate = greedy(buffers, by: order)
      if best.map({ candidate.bytes < $0.bytes }) ?? true { best = candidate }
      if candidate.bytes == bound { break }
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
    var placed: [Int] = []
    var bytes = 0
    for index in order {
      let buffer = buffers[index]
      let neighbours =
        placed
        .filter { buffers[$0].lifetime.overlaps(buffer.lifetime) }
        .sorted { offsets[$0] < offsets[$1] }
      var offset = 0
      for other in neighbours where offset + buffer.bytes > offsets[other] {
        offset = max(offset, offsets[other] + buffers[other].bytes)
      }
      offsets[index] = offset
      bytes = max(bytes, offset + buffer.bytes)
      placed.append(index)
    }
    return ArenaPlacement(offsets: offsets, bytes: bytes)
  }
}

extension Int {
  /// The next multiple of the plan's alignment.
  var alignedForPlan: Int { (self + Plan.alignment - 1) / Plan.alignment * Plan.alignment }
}
