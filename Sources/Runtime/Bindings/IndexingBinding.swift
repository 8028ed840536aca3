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
    return BoundKernel(run: { views, kernels in
      let (x, out) = (views[0], views.result)
      guard out.shape[axis] <= x.shape[axis] else {
        throw ExecutionError.invalidValue(
          "the best \(out.shape[axis]) of \(x.shape[axis]) elements are asked for")
      }
      kernels.topK(
        out: out, x: x, axis: axis, isInteger: element == .i64, isLargest: isLargest)
    })
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
    let reduction = try reduction(site)
    return BoundKernel(run: { views, kernels in
      let (x, ids, updates, out) = (views[0], views[1], views[2], views.result)
      kernels.copy(
        out: out.base, outStrides: out.strides, x: x.base, xStrides: x.strides, shape: out.shape,
        elementBytes: out.element.byteCount)
      do throws(RowOutOfRange) {
        try kernels.scatter(
          reduction, out: out, updates: updates, ids: UnsafePointer(ids.integers), count: ids.count)
      } catch {
        throw ExecutionError.invalidValue(
          "id \(error.row) at position \(error.position) is outside an axis of \(error.tableRows)")
      }
    })
  }

  private static func reduction(_ site: StepSite) throws -> ScatterReduction {
    let word = try site.word("reduction")
    guard let reduction = ScatterReduction(rawValue: word) else {
      throw PlanError("no kernel for reduction \(word)")
    }
    let element = site.step.result.element
    guard reduction == .none || element == .f32 || element == .i64 else {
      throw PlanError("no kernel for \(element)")
    }
    return reduction
  }
}
