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
    return BoundKernel(run: { views, _ in LineLoops.softmax(views[0], views.result, axis: axis) })
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

/// Plain loops along any axis, for what the row kernels do not cover.
enum LineLoops {
  static func softmax(_ x: BufferView, _ out: BufferView, axis: Int) {
    forEachLine(x.shape, axis) { index in
      let (from, to) = (x.strides.position(of: index), out.strides.position(of: index))
      let (step, outStep, count) = (x.strides[axis], out.strides[axis], x.shape[axis])
      var largest = -Float.infinity
      for i in 0..<count { largest = max(largest, x.floats[from + i * step]) }
      var sum: Float = 0
      for i in 0..<count {
        let value = exponential(x.floats[from + i * step] - largest)
        out.floats[to + i * outStep] = value
        sum += value
      }
      for i in 0..<count { out.floats[to + i * outStep] /= sum }
    }
  }

  /// Folds the given axes of `x` into each element of the dense `out`, in double precision.
  static func reduce(
    _ x: BufferView, _ out: BufferView, axes: [Int], from start: Double,
    _ combine: (Double, Double) -> Double, finish: (Double, Int) -> Double
  ) {
    var outer = x.shape
    var inner = x.shape
    for axis in 0..<x.rank {
      if axes.contains(axis) { outer[axis] = 1 } else { inner[axis] = 1 }
    }
    var position = 0
    outer.forEachIndex { index in
      let base = x.strides.position(of: index)
      var sum = start
      inner.forEachIndex { sum = combine(sum, Double(x.floats[base + x.strides.position(of: $0)])) }
      out.floats[position] = Float(finish(sum, inner.elementCount))
      position += 1
    }
  }

  /// Folds the given axes of integers into each element of the dense `out`.
  static func reduce(
    _ x: BufferView, _ out: BufferView, axes: [Int], from start: Int64,
    _ combine: (Int64, Int64) -> Int64
  ) {
    var (outer, inner) = (x.shape, x.shape)
    for axis in 0..<x.rank {
      if axes.contains(axis) { outer[axis] = 1 } else { inner[axis] = 1 }
    }
    var position = 0
    outer.forEachIndex { index in
      let base = x.strides.position(of: index)
      var result = start
      inner.forEachIndex { result = combine(result, x.integers[base + x.strides.position(of: $0)]) }
      out.integers[position] = result
      position += 1
    }
  }

  static func forEachLine(
    _ shape: InlineShape, _ axis: Int, _ body: (InlineShape) -> Void
  ) {
    var outer = shape
    outer[axis] = 1
    outer.forEachIndex(body)
  }
}
