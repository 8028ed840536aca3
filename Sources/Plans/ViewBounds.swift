import Tensors

/// What a view can touch, in elements from where its region begins, whatever the symbols are.
///
/// Sums of products of symbols are added up before their range is taken, so terms that cancel in the
/// place of the last element do not count.
struct ViewBounds {
  /// Whether it has no elements at any size.
  let isEmpty: Bool
  /// The lowest and the highest element at each size at which there are any; where it is not exact, the
  /// lowest and the highest at all sizes.
  let first: Dim
  let last: Dim
  let isExact: Bool
  /// The values that `first` takes.
  let firstRange: ClosedRange<Int>
  /// No element of any size lies outside.
  let range: Range<Int>
  /// No two elements are one, at any size.
  let hasDistinctPlaces: Bool
  /// No more elements at any size. All products of some of the extents are at most this.
  let elementLimit: Int

  /// Throws `DimError.tooLarge` for an extent that is always negative, more elements than any tensor
  /// has or places that are too far apart, `DimError.unboundSymbol` for a symbol without a bound.
  init(of view: PlanView, _ bounds: [String: Int]) throws {
    let extents = try view.shape.map { try $0.range(bounds) }
    guard extents.allSatisfy({ $0.upperBound >= 0 }) else { throw DimError.tooLarge }
    elementLimit = try extents.reduce(1) { count, extent in
      let (product, overflow) = count.multipliedReportingOverflow(by: max(extent.upperBound, 1))
      guard !overflow, product <= Dim.limit else { throw DimError.tooLarge }
      return product
    }
    let isEmpty = extents.contains { $0.upperBound == 0 }
    let axes = try zip(view.shape, view.strides).map { extent, stride in
      Axis(
        stride: stride, steps: try stride.range(bounds), reach: try (extent - 1) * stride,
        reaches: try ((extent - 1) * stride).range(bounds))
    }
    let long = zip(view.shape, axes).filter { !$0.0.isOne }.map(\.1)
    if let reach = try Self.sumOfDistinct(long, bounds) {
      (hasDistinctPlaces, isExact) = (true, true)
      (first, last) = (view.start, try view.start + reach)
    } else {
      hasDistinctPlaces = isEmpty
      (first, last, isExact) = try Self.ends(view.start, long, bounds)
    }
    let (low, high) = (try first.range(bounds), try last.range(bounds))
    self.isEmpty = isEmpty
    firstRange = low
    range = isEmpty ? 0..<0 : low.lowerBound..<max(low.lowerBound, high.upperBound + 1)
  }

  private struct Axis {
    let stride: Dim
    let steps: ClosedRange<Int>
    /// From its first to its last place.
    let reach: Dim
    let reaches: ClosedRange<Int>
  }

  /// The distance from first to last element where each axis steps over all that the axes with smaller
  /// strides reach, at every size; nil where that is not so.
  private static func sumOfDistinct(_ axes: [Axis], _ bounds: [String: Int]) throws -> Dim? {
    var sum: Dim = 0
    // Of equal strides the last is the inner one: axes whose extent may be 1 make some.
    let inwards = axes.enumerated().sorted {
      ($0.element.steps.upperBound, -$0.offset) < ($1.element.steps.upperBound, -$1.offset)
    }
    for (_, axis) in inwards {
      guard try (axis.stride - sum).range(bounds).lowerBound >= 1 else { return nil }
      sum = try sum + axis.reach
    }
    return sum
  }

  /// The ends where axes may repeat or go backwards. An axis whose direction depends on symbols counts
  /// with all that it reaches either way.
  private static func ends(
    _ start: Dim, _ axes: [Axis], _ bounds: [String: Int]
  ) throws -> (first: Dim, last: Dim, isExact: Bool) {
    var (first, last) = (start, start)
    var (before, behind) = (0, 0)
    for axis in axes {
      if axis.steps.lowerBound >= 0 {
        last = try last + axis.reach
      } else if axis.steps.upperBound <= 0 {
        first = try first + axis.reach
      } else {
        before += min(axis.reaches.lowerBound, 0)
        behind += max(axis.reaches.upperBound, 0)
      }
    }
    guard before != 0 || behind != 0 else { return (first, last, true) }
    return (
      Dim(try first.range(bounds).lowerBound + before),
      Dim(try last.range(bounds).upperBound + behind), false
    )
  }

  /// Whether the elements are all that lie between first and last, at every size.
  func isGapless(_ shape: Shape) throws -> Bool {
    guard !isEmpty else { return true }
    return try hasDistinctPlaces && last - first + 1 == shape.elementCount()
  }
}

/// The bounds of the views of one plan; most layouts occur in every layer again.
final class ViewBoundsTable {
  private struct Layout: Hashable {
    let shape: Shape
    let strides: [Dim]
    let start: Dim
  }

  let bounds: [String: Int]
  private var known: [Layout: ViewBounds] = [:]

  init(_ bounds: [String: Int]) { self.bounds = bounds }

  /// Throws as `ViewBounds` does.
  func bounds(of view: PlanView) throws -> ViewBounds {
    let layout = Layout(shape: view.shape, strides: view.strides, start: view.start)
    if let found = known[layout] { return found }
    let made = try ViewBounds(of: view, bounds)
    known[layout] = made
    return made
  }
}
