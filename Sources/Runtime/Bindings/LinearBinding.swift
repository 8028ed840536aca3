import CKernels
import Plans
import Tensors

/// `linear` for each element type that weights are stored in.
enum LinearBinding {
  static let all: [String: KernelRegistry.Binder] = [
    "linear_f32": { try bind($0, .f32) }, "linear_bf16": { try bind($0, .bf16) },
    "linear_f32_panels": { try bind($0, .f32, .f32) },
    "linear_bf16_panels": { try bind($0, .bf16, .bf16) },
    "linear_int8_panels": { try bind($0, .f32, .int8) },
    "linear_int4_panels": { try bind($0, .f32, .int4) },
  ]

  private static func bind(
    _ site: StepSite, _ element: ElementType, _ packing: WeightPacking? = nil
  ) throws -> BoundKernel {
    let (x, weight, out) = (
      try site.operand(0), try site.weight(1, element, packing), try site.result()
    )
    try site.requireRows(x, "x")
    try site.requireDense(weight, "weight")
    try site.requireDense(out, "the result")
    try site.require(
      weight.shape.count == 2 && x.shape.last == weight.shape[1]
        && Array(x.shape.dropLast()) + [weight.shape[0]] == out.shape,
      "x, weight and result do not fit together")
    let bias = try site.optionalOperand(2, shape: [weight.shape[0]])
    if let bias { try site.requireDense(bias, "bias") }
    for index in 3...4 {
      if let extra = try site.optionalOperand(index, shape: out.shape) {
        try site.requireRows(extra, "operand \(index)")
      }
    }
    if site.optional(5) != nil {
      let up = try site.weight(5, element, packing)
      try site.requireDense(up, "up")
      try site.require(
        up.shape == weight.shape && site.optional(3) == nil,
        "up needs the shape of weight, and no multiplier beside it")
    }
    // A plain product has no activation attribute.
    let activation =
      try site.optionalWord("activation").map(UnaryOperation.init(activation:)) ?? .identity
    let scratch = packing == nil ? Kernels.linearScratch : Kernels.panelLinearScratch
    return BoundKernel(
      scratch: { views in
        scratch(
          views[0].rows, views[1].shape[1], views[1].shape[0], views.optional(5) == nil ? 1 : 2)
      },
      run: { views, kernels in
        kernels.linear(arguments(views, packing, activation))
      })
  }

  private static func arguments(
    _ views: StepViews, _ packing: WeightPacking?, _ activation: UnaryOperation
  ) -> LinearArguments {
    let (x, weight, out) = (views[0], views[1], views.result)
    let (multiplier, residual) = (views.optional(3), views.optional(4))
    return LinearArguments(
      out: out.floats, outRowStride: out.extent(fromEnd: 1), x: UnsafePointer(x.floats),
      xRowStride: x.rowStride, weight: weight.weight(packing),
      up: views.optional(5).map { $0.weight(packing) }, rows: x.rows, inputs: weight.shape[1],
      outputs: weight.shape[0],
      epilogue: Epilogue(
        bias: views.optional(2).map { UnsafePointer($0.floats) }, activation: activation,
        multiplier: multiplier.map { UnsafePointer($0.floats) },
        multiplierRowStride: multiplier?.rowStride ?? 0,
        residual: residual.map { UnsafePointer($0.floats) },
        residualRowStride: residual?.rowStride ?? 0))
  }
}

extension BufferView {
  /// This view as a weight that kernels stream. Unless it is packed, its elements are f32 or bf16.
  func weight(_ packing: WeightPacking?) -> WeightPointer {
    if let packing { return .panels(PanelPointer(packing.format, base)) }
    return element == .bf16
      ? .bf16(UnsafePointer(base.assumingMemoryBound(to: UInt16.self)))
      : .f32(UnsafePointer(floats))
  }
}

extension UnaryOperation {
  init(activation name: String) throws {
    switch name {
    case "none": self = .identity
    case "gelu": self = .geluErf
    case "gelu_tanh": self = .geluTanh
    case "relu": self = .relu
    case "silu": self = .silu
    case "sigmoid": self = .sigmoid
    case "tanh": self = .tanh
    default: throw PlanError("unknown activation")
    }
  }
}
