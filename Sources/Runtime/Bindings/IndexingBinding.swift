import Plans
import Tensors

/// Kernels that find places in data, or write to places that data names.
enum IndexingBinding {
  static let all: [String: KernelRegistry.Binder] = ["top_k": topK, "scatter": scatter]

  @Sendable private static func topK(_ site: StepSite) throws -> BoundKernel {
    guard let x = site.optional(0), [.f32, .i64].contains(x.element) else {
      throw PlanError("no kernel for operand 0")
    }
    let (element, out) = (x.element, try site.result(.i64))
    let axis = try site.axis("axis", rank: x.shape.count)
    try site.require(
      x.shape.count == out.shape.count
        && x.shape.indices.allSatisfy { $0 == axis || x.shape[$0] == out.shape[$0] },
      "x and the result do not fit together")
    try site.requireDense(out, "the result")
    let isLargest = try site.flag("largest")
    return BoundKernel(run: { views, _ in
      let (x, out) = (views[0], views.result)
      guard out.shape[axis] <= x.shape[axis] else {
        throw ExecutionError.invalidValue(
          "the best \(out.shape[axis]) of \(x.shape[axis]) elements are asked for")
      }
      if element == .i64 {
        let values = x.integers
        select(x, out, axis: axis) { a, b in
          isLargest ? values[a] > values[b] : values[a] < values[b]
        }
      } else {
        let values = x.floats
        select(x, out, axis: axis) { a, b in
          let (a, b) = (values[a], values[b])
          if a.isNaN || b.isNaN { return isLargest ? a.isNaN && !b.isNaN : b.isNaN && !a.isNaN }
          return isLargest ? a > b : a < b
        }
      }
    })
  }

  /// Keeps the best places of each line sorted in the result while going through the line, so equal
  /// elements stay in their order.
  private static func select(
    _ x: BufferView, _ out: BufferView, axis: Int, isBefore: (_ a: Int, _ b: Int) -> Bool
  ) {
    let (step, outStep, k) = (x.strides[axis], out.strides[axis], out.shape[axis])
    guard k > 0 else { return }
    LineLoops.forEachLine(x.shape, axis) { index in
      let (from, to) = (x.strides.position(of: index), out.strides.position(of: index))
      var found = 0
      for place in 0..<x.shape[axis] {
        var slot = found
        if found == k {
          let last = Int(out.integers[to + (k - 1) * outStep])
          guard isBefore(from + place * step, from + last * step) else { continue }
          slot = k - 1
        } else {
          found += 1
        }
        while slot > 0 {
          let above = out.integers[to + (slot - 1) * outStep]
          guard isBefore(from + place * step, from + Int(above) * step) else { break }
          out.integers[to + slot * outStep] = above
          slot -= 1
        }
        out.integers[to + slot * outStep] = Int64(place)
      }
    }
  }

  @Sendable private static func scatter(_ site: StepSite) throws -> BoundKernel {
    let out = site.step.result
    let (x, ids, updates) = (
      try site.operand(0, out.element), try site.operand(1, .i64),
      try site.operand(2, out.element)
    )
    for (view, what) in [(out, "the result"), (ids, "ids"), (updates, "updates")] {
      try site.requireDense(view, what)
    }
    try site.require(
      x.shape == out.shape && !x.shape.isEmpty
        && updates.shape == ids.shape + x.shape.dropFirst(), "the operands do not fit together")
    let combine = try Combination(site.word("reduction"), out.element)
    return BoundKernel(run: { views, kernels in
      let (x, ids, updates, out) = (views[0], views[1], views[2], views.result)
      kernels.copy(
        out: out.base, outStrides: out.strides, x: x.base, xStrides: x.strides, shape: out.shape,
        elementBytes: out.element.byteCount)
      let extent = out.shape[0]
      // Dense axes of extent 1 may have any stride.
      let inner = (1..<out.rank).reduce(1) { $0 * out.shape[$1] }
      for position in 0..<ids.count {
        let id = Int(ids.integers[position])
        guard id >= -extent, id < extent else {
          throw ExecutionError.invalidValue(
            "id \(id) at position \(position) is outside an axis of \(extent)")
        }
        combine(
          out, at: (id < 0 ? id + extent : id) * inner, updates, at: position * inner,
          count: inner)
      }
    })
  }
}

/// What `scatter` makes of an element and its update.
private struct Combination: Sendable {
  private let floats: (@Sendable (Float, Float) -> Float)?
  private let integers: (@Sendable (Int64, Int64) -> Int64)?

  init(_ reduction: String, _ element: ElementType) throws {
    switch reduction {
    case "none": (floats, integers) = (nil, nil)
    case "add": (floats, integers) = ({ $0 + $1 }, { $0 &+ $1 })
    case "mul": (floats, integers) = ({ $0 * $1 }, { $0 &* $1 })
    case "max":
      (floats, integers) = ({ $0.isNaN || $1.isNaN ? .nan : max($0, $1) }, { max($0, $1) })
    case "min":
      (floats, integers) = ({ $0.isNaN || $1.isNaN ? .nan : min($0, $1) }, { min($0, $1) })
    default: throw PlanError("no kernel for reduction \(reduction)")
    }
    guard floats == nil || element == .f32 || element == .i64 else {
      throw PlanError("no kernel for \(element)")
    }
  }

  func callAsFunction(
    _ out: BufferView, at target: Int, _ updates: BufferView, at source: Int, count: Int
  ) {
    guard let floats, let integers else {
      let bytes = out.element.byteCount
      (out.base + target * bytes).copyMemory(
        from: updates.base + source * bytes, byteCount: count * bytes)
      return
    }
    for offset in 0..<count {
      if out.element == .i64 {
        out.integers[target + offset] = integers(
          out.integers[target + offset], updates.integers[source + offset])
      } else {
        out.floats[target + offset] = floats(
          out.floats[target + offset], updates.floats[source + offset])
      }
    }
  }
}
