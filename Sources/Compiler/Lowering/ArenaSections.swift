/// The moments at which the most buffers are alive, in order: which are alive at each, and so which
/// ones meet. Between two such moments nothing is alive that is not alive at one of them.
struct ArenaSections {
  /// Half-open range of the sections in which each buffer is alive; empty for buffers without bytes.
  private(set) var spans: [Range<Int>]
  private(set) var count = 0
  /// Buffers that are alive in each section.
  private(set) var members: [[Int]] = []
  /// Buffers that share a section with each buffer.
  private(set) var neighbours: [[Int]] = []

  /// Entries of `members` and `neighbours` that are still searched: their tables take memory that
  /// grows with the square of the buffers alive together.
  private static let largestTable = 1 << 22

  /// Nil where the tables would be too large.
  init?(_ buffers: [ArenaBuffer]) {
    spans = Array(repeating: 0..<0, count: buffers.count)
    guard findSpans(buffers) <= Self.largestTable else { return nil }
    fillTables()
  }

  /// Sweeps over all beginnings and ends; returns how many entries the tables will have.
  private mutating func findSpans(_ buffers: [ArenaBuffer]) -> Int {
    // Even times lie between moments: what ends there goes before what begins at the next moment.
    var events: [(time: Int, begins: Bool, buffer: Int)] = []
    for (index, buffer) in buffers.enumerated() where buffer.bytes > 0 {
      events.append((2 * buffer.lifetime.lowerBound + 1, true, index))
      events.append((2 * buffer.lifetime.upperBound + 2, false, index))
    }
    events.sort { $0.time < $1.time }
    var (entries, alive, isNew) = (0, 0, false)
    var first = [Int](repeating: 0, count: buffers.count)
    for event in events {
      if event.begins {
        first[event.buffer] = count
        entries += 2 * alive
        alive += 1
      } else {
        // What ends first after something began closes a section; further ends make no new one.
        if isNew { count += 1 }
        spans[event.buffer] = first[event.buffer]..<count
        entries += spans[event.buffer].count
        alive -= 1
      }
      isNew = event.begins
    }
    return entries
  }

  private mutating func fillTables() {
    members = Array(repeating: [], count: count)
    neighbours = Array(repeating: [], count: spans.count)
    for (buffer, span) in spans.enumerated() {
      for section in span { members[section].append(buffer) }
    }
    for section in 0..<count {
      let newcomers = members[section].filter { spans[$0].lowerBound == section }
      for newcomer in newcomers {
        for other in members[section] where other != newcomer {
          // Of two that begin together, each finds the other by itself.
          neighbours[newcomer].append(other)
          if spans[other].lowerBound < section { neighbours[other].append(newcomer) }
        }
      }
    }
  }
}
