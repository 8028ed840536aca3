/// In which order buffers with equal floors are tried.
struct ArenaOrder {
  /// What makes a buffer urgent. The larger, the earlier.
  enum Key {
    /// The most bytes still to be placed in one of its sections.
    case load
    /// Moments it is alive.
    case moments
    /// Bytes × moments.
    case area
    /// Sections it is alive in.
    case sections
    /// Bytes × sections.
    case footprint
    /// Buffers that it meets.
    case neighbours
  }

  /// The first one decides, the others among equals.
  let keys: [Key]
  /// Whether a part that was cut off is ordered anew, by what is then still to be placed.
  let isResorted: Bool

  /// None is the best for all problems, and the wrong one may take for ever where another one takes
  /// no time. These are few that together are quick on the challenge instances of MiniMalloc.
  static let all = [
    ArenaOrder(keys: [.load, .sections, .footprint], isResorted: true),
    ArenaOrder(keys: [.load, .moments, .area], isResorted: true),
    ArenaOrder(keys: [.footprint, .load, .sections], isResorted: true),
    ArenaOrder(keys: [.load, .area, .moments], isResorted: true),
    ArenaOrder(keys: [.sections, .footprint, .load], isResorted: true),
    ArenaOrder(keys: [.load, .neighbours], isResorted: false),
  ]

  /// One column of numbers for each key.
  func columns(of search: ArenaSearch) -> [[Int]] {
    keys.map { key in
      search.buffers.indices.map { index in
        let (buffer, span) = (search.buffers[index], search.sections.spans[index])
        return switch key {
        case .load: search.load(of: index)
        case .moments: buffer.lifetime.count
        case .area: buffer.area
        case .sections: span.count
        case .footprint: buffer.bytes * span.count
        case .neighbours: search.sections.neighbours[index].count
        }
      }
    }
  }
}
