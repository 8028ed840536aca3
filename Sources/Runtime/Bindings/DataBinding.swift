import Plans
import Tensors

/// Kernels that make or move data.
enum DataBinding {
  static let all: [String: KernelRegistry.Binder] = [
    "copy": copy, "concat": concat, "constant": constant, "iota": iota,
    "embedding_f32": { try embedding($0, .f32) }, "embedding_bf16": { try embedding($0, .bf16) },
    "embedding_f32_panels": { try embedding($0, .f32, .f32) },
    "embedding_bf16_panels": { try embedding($0, .bf16, .bf16) },
    "embedding_int8_panels": { try embedding($0, .f32, .int8) },
    "embedding_int4_panels": { try embedding($0, .f32, .int4) },
    "gather": gather, "unfold": unfold, "masked_scatter": maskedScatter, "causal_mask": causalMask,
  ]

  @Sendable private static func copy(_ site: StepSite) throws -> BoundKernel {
    let element = site.step.result.element
    let x = try site.operand(0, element)
    try site.require(x.shape == site.step.result.shape, "x and the result have different shapes")
    return BoundKernel(run: { views, kernels in
      let out = views.result
      kernels.copy(
        out: out.base, outStrides: out.strides, x: views[0].base, xStrides: views[0].strides,
        shape: out.shape, elementBytes: element.byteCount)
    })
  }

  @Sendable private static func concat(_ site: StepSite) throws -> BoundKernel {
    let out = site.step.result
    let axis = try site.axis("axis", rank: out.shape.count)
    var length: Dim = 0
    for index in site.step.operands.indices {
      let x = try site.operand(index, out.element)
      try site.require(
        x.shape.count == out.shape.count
          && x.shape.indices.allSatisfy { $0 == axis || x.shape[$0] == out.shape[$0] },
        "operand \(index) does not line up")
      length = try length + x.shape[axis]
    }
    try site.require(length == out.shape[axis], "the operands do not fill the result")
    return BoundKernel(run: { views, kernels in
      let out = views.result
      var start = 0
      for index in 0..<views.operandCount {
        let x = views[index]
        kernels.copy(
          out: out.base + start * out.strides[axis] * out.element.byteCount,
          outStrides: out.strides, x: x.base, xStrides: x.strides, shape: x.shape,
          elementBytes: out.element.byteCount)
        start += x.shape[axis]
      }
    })
  }

  @Sendable private static func constant(_ site: StepSite) throws -> BoundKernel {
    let out = site.step.result
    let values = try site.reals("values") ?? [try site.double("value")]
    try site.require(
      try out.shape.elementCount() == Dim(values.count), "value has the wrong length")
    try site.requireDense(out, "the result")
    try site.require(
      [.f32, .i64, .bool].contains(out.element), "no kernel for \(out.element)")
    return BoundKernel(run: { views, _ in
      let out = views.result
      for index in values.indices {
        switch out.element {
        case .i64: out.integers[index] = Int64(saturating: values[index])
        case .bool: out.flags[index] = values[index] != 0 ? 1 : 0
        default: out.floats[index] = Float(values[index])
        }
      }
    })
  }

  @Sendable private static func iota(_ site: StepSite) throws -> BoundKernel {
    let out = try site.result(.i64)
    try site.requireDense(out, "the result")
    try site.require(out.shape.count == 1, "the result has not 1 axis")
    let start = try site.dim("start")
    return BoundKernel(run: { views, kernels in
      let out = views.result
      kernels.iota(out: out.integers, first: start.evaluate(views.symbols), count: out.count)
    })
  }

  private static func embedding(
    _ site: StepSite, _ element: ElementType, _ packing: WeightPacking? = nil
  ) throws -> BoundKernel {
    let (table, ids, out) = (
      try site.weight(0, element, packing), try site.operand(1, .i64), try site.result()
    )
    try site.requireDense(table, "table")
    try site.requireDense(ids, "ids")
    try site.requireDense(out, "the result")
    try site.require(
      table.shape.count == 2 && out.shape == ids.shape + [table.shape[1]],
      "table, ids and result do not fit together")
    let scale = try site.real("scale")
    return BoundKernel(run: { views, kernels in
      let (table, out) = (views[0], views.result)
      do {
        try kernels.embedding(
          out: out.floats, outRowStride: table.shape[1],
          table: TableArguments(
            base: table.weight(packing), rows: table.shape[0], columns: table.shape[1]),
          ids: UnsafePointer(views[1].integers), count: views[1].count, scale: scale)
      } catch {
        throw ExecutionError.invalidValue("\(error)")
      }
    })
  }

  @Sendable private static func gather(_ site: StepSite) throws -> BoundKernel {
    let out = site.step.result
    let (x, ids) = (try site.operand(0, out.element), try site.operand(1, .i64))
    let axis = try site.axis("axis", rank: x.shape.count)
    try site.requireDense(x, "x")
    try site.requireDense(ids, "ids")
    try site.requireDense(out, "the result")
    try site.require(
      out.shape == Array(x.shape[..<axis] + ids.shape + x.shape[(axis + 1)...]),
      "x, ids and result do not fit together")
    let bytes = out.element.byteCount
    return BoundKernel(run: { views, kernels in
      let (x, ids) = (views[0], views[1])
      let inner = (axis + 1..<x.rank).reduce(bytes) { $0 * x.shape[$1] }
      let outer = (0..<axis).reduce(1) { $0 * x.shape[$1] }
      do {
        try kernels.gather(
          out: views.result.base, x: UnsafeRawPointer(x.base), extent: x.shape[axis], outer: outer,
          innerBytes: inner, ids: UnsafePointer(ids.integers), count: ids.count)
      } catch {
        throw ExecutionError.invalidValue("\(error)")
      }
    })
  }

  @Sendable private static func unfold(_ site: StepSite) throws -> BoundKernel {
    let (pixels, out) = (try site.operand(0), try site.result())
    let window = try site.window()
    try site.requireDense(pixels, "pixels")
    try site.requireDense(out, "the result")
    try site.require(
      pixels.shape.count == 4 && out.shape.count == 5 && out.shape[0] == pixels.shape[0]
        && out.shape[1] == pixels.shape[1]
        && out.shape[2] == Dim(window.kernel[0] * window.kernel[1]),
      "pixels and result do not fit together")
    let value = try site.real("value")
    // Where windows lie outside there is nothing to read, so any number of places is safe.
    return BoundKernel(run: { views, kernels in
      let (pixels, out) = (views[0], views.result)
      kernels.unfold(
        out: out.floats, pixels: UnsafePointer(pixels.floats),
        planes: pixels.shape[0] * pixels.shape[1], height: pixels.shape[2], width: pixels.shape[3],
        rows: out.shape[3], columns: out.shape[4], window: window, value: value)
    })
  }

  @Sendable private static func maskedScatter(_ site: StepSite) throws -> BoundKernel {
    let out = site.step.result
    let (x, mask, source) = (
      try site.operand(0, out.element), try site.operand(1, .bool),
      try site.operand(2, out.element)
    )
    try site.require(x.shape == out.shape, "x and the result have different shapes")
    try site.requireDense(out, "the result")
    try site.requireDense(source, "source")
    try site.requireBroadcast(mask.shape, to: out.shape, "mask")
    let bytes = out.element.byteCount
    return BoundKernel(run: { views, kernels in
      let (x, mask, source, out) = (views[0], views[1], views[2], views.result)
      if x.base != out.base {
        kernels.copy(
          out: out.base, outStrides: out.strides, x: x.base, xStrides: x.strides,
          shape: out.shape, elementBytes: bytes)
      }
      let isWhole = kernels.maskedScatter(
        out: out, mask: mask.flags, strides: mask.strides(broadcastTo: out.shape), source: source)
      guard isWhole else {
        throw ExecutionError.invalidValue(
          "the mask selects more elements than the source has (\(source.count))")
      }
    })
  }

  @Sendable private static func causalMask(_ site: StepSite) throws -> BoundKernel {
    let out = try site.result()
    try site.requireDense(out, "the result")
    try site.require(out.shape.count == 2, "the result is no matrix")
    let window = try site.optionalInteger("window") ?? Int.max
    return BoundKernel(run: { views, kernels in
      let out = views.result
      kernels.causalMask(
        out: out.floats, queries: out.shape[0], keys: out.shape[1], window: window)
    })
  }
}
