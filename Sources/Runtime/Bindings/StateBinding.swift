import Plans
import Tensors

/// Kernels on memory that outlives a call.
enum StateBinding {
  static let all: [String: KernelRegistry.Binder] = ["cache_append": cacheAppend]

  /// Copies `new` behind the `at` positions that the visible part of the cache had before.
  @Sendable private static func cacheAppend(_ site: StepSite) throws -> BoundKernel {
    let (cache, new, visible) = (
      try site.operand(0), try site.operand(1), try site.result()
    )
    try site.require(
      visible.region == cache.region && visible.strides == cache.strides
        && visible.start == cache.start,
      "the result is no part of the cache")
    try site.require(
      [cache, new, visible].allSatisfy { $0.shape.count == 4 }
        && [0, 1, 3].allSatisfy {
          new.shape[$0] == cache.shape[$0] && visible.shape[$0] == new.shape[$0]
        },
      "new does not fit the cache")
    return BoundKernel(run: { views, kernels in
      let (new, visible) = (views[1], views.result)
      let at = visible.shape[2] - new.shape[2]
      guard at >= 0 else {
        throw ExecutionError.invalidValue("the cache is shorter than what it gets")
      }
      kernels.copy(
        out: visible.base + at * visible.strides[2] * visible.element.byteCount,
        outStrides: visible.strides, x: new.base, xStrides: new.strides, shape: new.shape,
        elementBytes: visible.element.byteCount)
    })
  }
}
