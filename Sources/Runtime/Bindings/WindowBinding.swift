import CKernels
import Plans
import Tensors

/// Convolution and pooling of pictures whose pixels hold their channels side by side.
enum WindowBinding {
  static let all: [String: KernelRegistry.Binder] = [
    "conv_f32": { try conv($0, .f32) }, "conv_bf16": { try conv($0, .bf16) },
    "conv_f32_panels": { try conv($0, .f32, .f32) },
    "conv_bf16_panels": { try conv($0, .bf16, .bf16) },
    "depthwise_conv": depthwiseConv, "max_pool": maxPool,
  ]

  private static func conv(
    _ site: StepSite, _ element: ElementType, _ packing: WeightPacking? = nil
  ) throws -> BoundKernel {
    let weight = try site.weight(1, element, packing)
    let (pixels, out, geometry) = try windows(site)
    try site.requireDense(weight, "weight")
    try site.require(
      weight.shape.count == 2 && out.shape[3] == weight.shape[0]
        && weight.shape[1] == pixels.shape[3] * Dim(geometry.kernel[0] * geometry.kernel[1]),
      "pixels, weight and result do not fit together")
    if let bias = try site.optionalOperand(2, shape: [weight.shape[0]]) {
      try site.requireDense(bias, "bias")
    }
    if let residual = try site.optionalOperand(3, shape: out.shape) {
      try site.requireDense(residual, "residual")
    }
    let activation = try UnaryOperation(activation: site.word("activation"))
    return BoundKernel(
      scratch: { views in
        let out = views.result
        return Kernels.convScratch(
          rows: out.shape[0] * out.shape[1] * out.shape[2], inputs: views[1].shape[1],
          outputs: views[1].shape[0], isPacked: packing != nil)
      },
      run: { views, kernels in
        let (out, weight, residual) = (views.result, views[1], views.optional(3))
        var epilogue = Epilogue(
          bias: views.optional(2).map { UnsafePointer($0.floats) }, activation: activation,
          residual: residual.map { UnsafePointer($0.floats) },
          residualRowStride: residual?.extent(fromEnd: 1) ?? 0)
        if residual != nil {
          (epilogue.activation, epilogue.lastActivation) = (.identity, activation)
        }
        kernels.conv(
          LinearArguments(
            out: out.floats, x: UnsafePointer(views[0].floats), weight: weight.weight(packing),
            rows: out.shape[0] * out.shape[1] * out.shape[2], inputs: weight.shape[1],
            outputs: weight.shape[0], epilogue: epilogue), geometry.rows(views[0], out))
      })
  }

  @Sendable private static func depthwiseConv(_ site: StepSite) throws -> BoundKernel {
    let weight = try site.operand(1)
    let (pixels, out, geometry) = try windows(site)
    let elements = geometry.kernel[0] * geometry.kernel[1]
    try site.requireDense(weight, "weight")
    try site.require(
      out.shape[3] == pixels.shape[3] && weight.shape == [Dim(elements), pixels.shape[3]],
      "pixels, weight and result do not fit together")
    if let bias = try site.optionalOperand(2, shape: [pixels.shape[3]]) {
      try site.requireDense(bias, "bias")
    }
    let activation = try UnaryOperation(activation: site.word("activation"))
    return BoundKernel(
      scratch: { _ in Kernels.depthwiseScratch(elements: elements) },
      run: { views, kernels in
        kernels.depthwiseConv(
          DepthwiseArguments(
            out: views.result.floats, weight: UnsafePointer(views[1].floats),
            bias: views.optional(2).map { UnsafePointer($0.floats) }, activation: activation,
            batch: views.result.shape[0]), geometry.rows(views[0], views.result))
      })
  }

  @Sendable private static func maxPool(_ site: StepSite) throws -> BoundKernel {
    let (pixels, out, geometry) = try windows(site)
    try site.require(out.shape[3] == pixels.shape[3], "pixels and result do not fit together")
    return BoundKernel(run: { views, kernels in
      kernels.maxPool(
        out: views.result.floats, batch: views.result.shape[0],
        geometry.rows(views[0], views.result))
    })
  }

  /// Pixels, result and windows, for a result with as many places as there are. Windows may lie outside,
  /// so any number of places is safe.
  private static func windows(
    _ site: StepSite
  ) throws -> (pixels: PlanView, out: PlanView, geometry: WindowGeometry) {
    let (pixels, out) = (try site.operand(0), try site.result())
    let geometry = try site.window()
    try site.requireDense(pixels, "pixels")
    try site.requireDense(out, "the result")
    try site.require(
      pixels.shape.count == 4 && out.shape.count == 4 && out.shape[0] == pixels.shape[0],
      "pixels and result do not fit together")
    return (pixels, out, geometry)
  }
}

extension StepSite {
  /// The attributes of windows.
  func window() throws -> WindowGeometry {
    WindowGeometry(
      kernel: try extents("kernel", 2, from: 1),
      strides: try extents("strides", 2, from: 1),
      dilations: try extents("dilations", 2, from: 1),
      pads: try extents("pads", 4, from: 0))
  }
}

extension WindowGeometry {
  fileprivate func rows(_ pixels: BufferView, _ out: BufferView) -> WindowRows {
    WindowRows(
      pixels: UnsafePointer(pixels.floats), height: pixels.shape[1], width: pixels.shape[2],
      channels: pixels.shape[3], places: (out.shape[1], out.shape[2]),
      kernel: (kernel[0], kernel[1]), strides: (strides[0], strides[1]),
      dilations: (dilations[0], dilations[1]), pads: (pads[0], pads[1]))
  }
}
