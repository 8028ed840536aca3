import Plans
import Tensors

/// Kernels whose result has as many rows as the data have.
enum SelectionBinding {
  static let all: [String: KernelRegistry.Binder] = [
    "nonzero": nonzero, "non_max_suppression": nonMaxSuppression,
  ]

  /// The result as rows of `width` numbers, and the symbol of their number.
  private static func rows(_ site: StepSite, width: Int) throws -> Int {
    let out = try site.result(.i64)
    let (symbol, count) = try site.measuredSymbol()
    try site.require(out.shape == [count, Dim(width)], "the result has the wrong shape")
    try site.requireDense(out, "the result")
    return symbol
  }

  @Sendable private static func nonzero(_ site: StepSite) throws -> BoundKernel {
    guard let x = site.optional(0), [.f32, .i64, .bool].contains(x.element) else {
      throw PlanError("no kernel for operand 0")
    }
    let rank = x.shape.count
    let symbol = try rows(site, width: rank)
    return BoundKernel(measuring: symbol) { views, kernels in
      let (x, out) = (views[0], views.result)
      return kernels.nonzero(rows: out.integers, room: out.shape[0], x: x)
    }
  }

  @Sendable private static func nonMaxSuppression(_ site: StepSite) throws -> BoundKernel {
    let (boxes, scores) = (try site.operand(0), try site.operand(1))
    try site.require(
      boxes.shape.count == 3 && scores.shape.count == 3 && boxes.shape[2] == 4
        && boxes.shape[0] == scores.shape[0] && boxes.shape[1] == scores.shape[2],
      "boxes and scores do not fit together")
    try site.requireDense(boxes, "boxes")
    try site.requireDense(scores, "scores")
    let symbol = try rows(site, width: 3)
    let suppression = Suppression(
      limit: try site.integer("limit"), overlap: try site.real("iou_threshold"),
      least: try site.optionalReal("score_threshold"), isCentered: try site.flag("centered"))
    return BoundKernel(measuring: symbol) { views, _ in
      let (boxes, scores, out) = (views[0], views[1], views.result)
      let (classes, count) = (scores.shape[1], scores.shape[2])
      var rows = 0
      for batch in 0..<scores.shape[0] {
        for kind in 0..<classes {
          rows += suppression.run(
            boxes: boxes.floats + batch * count * 4,
            scores: scores.floats + (batch * classes + kind) * count, count: count,
            rows: out.integers + 3 * rows, room: out.shape[0] - rows, batch: batch, kind: kind)
        }
      }
      return rows
    }
  }
}

/// Chooses boxes of one class. What is kept so far stands in the result, so no memory is needed: the
/// next best box is looked for each time.
private struct Suppression: Sendable {
  let limit: Int
  let overlap: Float
  let least: Float?
  let isCentered: Bool

  /// Writes a row for each box that is kept, and returns how many these are.
  func run(
    boxes: UnsafePointer<Float>, scores: UnsafePointer<Float>, count: Int,
    rows: UnsafeMutablePointer<Int64>, room: Int, batch: Int, kind: Int
  ) -> Int {
    var kept = 0
    var last: Int?
    while kept < min(limit, room), let box = best(scores, count, after: last) {
      last = box
      let isApart = (0..<kept).allSatisfy {
        share(boxes + 4 * box, boxes + 4 * Int(rows[3 * $0 + 2])) <= overlap
      }
      guard isApart else { continue }
      rows[3 * kept] = Int64(batch)
      rows[3 * kept + 1] = Int64(kind)
      rows[3 * kept + 2] = Int64(box)
      kept += 1
    }
    return kept
  }

  /// The box with the highest score below that of `last`; of equal ones in their order.
  private func best(_ scores: UnsafePointer<Float>, _ count: Int, after last: Int?) -> Int? {
    var best: Int?
    for box in 0..<count {
      let score = scores[box]
      if score.isNaN { continue }
      if let least, score <= least { continue }
      if let last, score > scores[last] || (score == scores[last] && box <= last) { continue }
      if let current = best, score <= scores[current] { continue }
      best = box
    }
    return best
  }

  /// Intersection over union.
  private func share(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Float {
    let (first, second) = (side(a, 0), side(b, 0))
    let (third, fourth) = (side(a, 1), side(b, 1))
    let width = min(first.high, second.high) - max(first.low, second.low)
    let height = min(third.high, fourth.high) - max(third.low, fourth.low)
    guard width > 0, height > 0 else { return 0 }
    let areas =
      (first.high - first.low) * (third.high - third.low)
      + (second.high - second.low) * (fourth.high - fourth.low)
    return width * height / (areas - width * height)
  }

  private func side(_ box: UnsafePointer<Float>, _ axis: Int) -> (low: Float, high: Float) {
    let (first, second) = (box[axis], box[axis + 2])
    return isCentered
      ? (first - second / 2, first + second / 2) : (min(first, second), max(first, second))
  }
}
