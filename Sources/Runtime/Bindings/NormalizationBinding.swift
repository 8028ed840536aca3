import Plans
import Tensors

/// Kernels that normalise each row or each channel.
enum NormalizationBinding {
  static let all: [String: KernelRegistry.Binder] = [
    "layer_norm": { site in
      try check(site)
      let eps = try site.real("eps")
      return BoundKernel(run: { views, kernels in
        kernels.layerNorm(
          views.rows, weight: views.optional(1).map { UnsafePointer($0.floats) },
          bias: views.optional(2).map { UnsafePointer($0.floats) }, eps: eps)
      })
    },
    "rms_norm": { site in
      try check(site)
      let eps = try site.real("eps")
      let offset = try site.real("weight_offset")
      return BoundKernel(run: { views, kernels in
        kernels.rmsNorm(
          views.rows, weight: UnsafePointer(views[1].floats), weightOffset: offset, eps: eps)
      })
    },
    "softmax": softmax,
    "batch_norm": batchNorm,
  ]

  @Sendable private static func batchNorm(_ site: StepSite) throws -> BoundKernel {
    let (x, out) = (try site.operand(0), try site.result())
    try site.requireDense(x, "x")
    try site.requireDense(out, "the result")
    try site.require(x.shape == out.shape, "x and the result have different shapes")
    let axis = try site.axis("axis", rank: x.shape.count)
    let vectors = try (1...4).map { index in
      let vector = try site.optionalOperand(index, shape: [x.shape[axis]])
      if let vector { try site.requireDense(vector, "operand \(index)") }
      return vector
    }
    try site.require((vectors[2] == nil) == (vectors[3] == nil), "mean and variance go together")
    let eps = try site.real("eps")
    return BoundKernel(run: { views, kernels in
      kernels.batchNorm(views.channels(axis), eps: eps)
    })
  }

  private static func check(_ site: StepSite) throws {
    let (x, out) = (try site.operand(0), try site.result())
    try site.requireRows(x, "x")
    try site.requireDense(out, "the result")
    try site.require(x.shape == out.shape, "x and the result have different shapes")
    for index in 1..<max(site.step.operands.count, 1) {
      if let vector = try site.optionalOperand(index, shape: Array(x.shape.suffix(1))) {
        try site.requireDense(vector, "operand \(index)")
      }
    }
    if site.step.kernel == "rms_norm" { _ = try site.operand(1) }
  }

  @Sendable private static func softmax(_ site: StepSite) throws -> BoundKernel {
    let (x, out) = (try site.operand(0), try site.result())
    let axis = try site.axis("axis", rank: x.shape.count)
    try site.requireDense(out, "the result")
    try site.require(x.shape == out.shape, "x and the result have different shapes")
    if axis == x.shape.count - 1 {
      try site.requireRows(x, "x")
      return BoundKernel(run: { views, kernels in kernels.softmax(views.rows) })
    }
    let isDense = (try? site.requireDense(x, "x")) != nil
    return BoundKernel(scratch: { _ in Kernels.softmaxColumnScratch }) { views, kernels in
      let (x, out) = (views[0], views.result)
      if !isDense {
        kernels.copy(
          out: out.base, outStrides: out.strides, x: x.base, xStrides: x.strides, shape: out.shape,
          elementBytes: out.element.byteCount)
      }
      kernels.softmaxColumns(out: out, x: isDense ? x : out, axis: axis)
    }
  }
}

extension StepViews {
  /// Operand 0 and the result as rows.
  var rows: RowArguments {
    let (x, out) = (self[0], result)
    return RowArguments(
      out: out.floats, outRowStride: out.extent(fromEnd: 1), x: UnsafePointer(x.floats),
      xRowStride: x.rowStride, rows: x.rows, columns: x.extent(fromEnd: 1))
  }
}

extension StepViews {
  /// Operand 0 and the result with one axis between all before and all behind it, and the numbers for
  /// each place along it.
  fileprivate func channels(_ axis: Int) -> ChannelArguments {
    let shape = self[0].shape
    func product(_ axes: Range<Int>) -> Int { axes.reduce(1) { $0 * shape[$1] } }
    func vector(_ index: Int) -> UnsafePointer<Float>? {
      optional(index).map { UnsafePointer($0.floats) }
    }
    return ChannelArguments(
      out: result.floats, x: UnsafePointer(self[0].floats), outer: product(0..<axis),
      channels: shape[axis], inner: product(axis + 1..<shape.rank), weight: vector(1),
      bias: vector(2), mean: vector(3), variance: vector(4))
  }
}
