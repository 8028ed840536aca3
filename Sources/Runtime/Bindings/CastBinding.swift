import Plans
import Tensors

/// `cast` from any element type to any other.
enum CastBinding {
  @Sendable static func cast(_ site: StepSite) throws -> BoundKernel {
    guard let x = site.optional(0) else { throw PlanError("operand 0 is missing") }
    let out = site.step.result
    try site.require(x.shape == out.shape, "x and the result have different shapes")
    try site.requireDense(out, "the result")
    if x.element == .bf16, out.element == .f32, (try? site.requireDense(x, "x")) != nil {
      return BoundKernel(run: { views, kernels in
        let (x, out) = (views[0], views.result)
        kernels.widen(
          out: out.floats, bf16: x.base.assumingMemoryBound(to: UInt16.self), count: out.count)
      })
    }
    let (from, to) = (NumberFormat(x.element), NumberFormat(out.element))
    return BoundKernel(run: { views, kernels in
      kernels.convert(
        out: views.result.base, to: to, x: views.raw(0), from: from, shape: views.result.shape)
    })
  }
}

extension FixedWidthInteger {
  /// Toward zero; NaN is 0, what does not fit is the nearest end.
  init(saturating value: Double) {
    self = value.isNaN ? 0 : Self(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
  }
}
