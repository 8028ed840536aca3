import CKernels
import Plans
import Tensors

/// Functions of one or two elements, comparison, selection and conversion.
enum ElementwiseBinding {
  static let all: [String: KernelRegistry.Binder] = {
    var table: [String: KernelRegistry.Binder] = [
      "gelu": { site in
        let exact = try site.word("approximate") == "none"
        return try unary(site, exact ? UnaryOperation.geluErf : .geluTanh)
      },
      "equal": equal, "where": select, "cast": cast,
    ]
    for (name, operation) in unaryKernels { table[name] = { try unary($0, operation) } }
    for (name, operation, integer) in binaryKernels {
      table[name] = { try binary($0, operation, integer) }
    }
    return table
  }()

  private static let unaryKernels: [(String, UnaryOperation)] = [
    ("neg", .negate), ("abs", .abs), ("exp", .exp), ("log", .log),
    ("sqrt", .sqrt), ("rsqrt", .rsqrt), ("sin", .sin),
    ("cos", .cos), ("tanh", .tanh), ("erf", .erf),
    ("sigmoid", .sigmoid), ("relu", .relu), ("silu", .silu),
  ]

  private typealias IntegerFunction = @Sendable (Int64, Int64) -> Int64

  private static let binaryKernels: [(String, BinaryOperation, IntegerFunction?)] = [
    ("add", .add, { $0 &+ $1 }), ("sub", .sub, { $0 &- $1 }),
    ("mul", .mul, { $0 &* $1 }),
    // Division by zero and of the smallest number by -1 would trap.
    ("div", .div, { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue }),
    ("pow", .pow, nil), ("maximum", .max, { max($0, $1) }),
    ("minimum", .min, { min($0, $1) }),
  ]

  private static func unary(_ site: StepSite, _ operation: UnaryOperation) throws -> BoundKernel {
    let (x, out) = (try site.operand(0), try site.result())
    try site.require(x.shape == out.shape, "x and the result have different shapes")
    try site.requireDense(out, "the result")
    let isDense = (try? site.requireDense(x, "x")) != nil
    return BoundKernel(run: { views, kernels in
      let (x, out) = (views[0], views.result)
      guard !isDense else {
        kernels.unary(operation, out: out.floats, x: UnsafePointer(x.floats), count: out.count)
        return
      }
      kernels.copy(
        out: out.base, outStrides: out.strides, x: x.base, xStrides: x.strides, shape: out.shape,
        elementBytes: out.element.byteCount)
      kernels.unary(operation, out: out.floats, x: UnsafePointer(out.floats), count: out.count)
    })
  }

  private static func binary(
    _ site: StepSite, _ operation: BinaryOperation, _ integer: IntegerFunction?
  ) throws -> BoundKernel {
    let element = site.step.result.element
    let (a, b) = (try site.operand(0, element), try site.operand(1, element))
    try site.requireDense(site.step.result, "the result")
    for (name, view) in [("a", a), ("b", b)] {
      try site.requireBroadcast(view.shape, to: site.step.result.shape, name)
    }
    if element == .i64, let integer {
      return BoundKernel(run: { views, _ in
        let out = views.result
        views.zip { position, a, b in
          out.integers[position] = integer(views[0].integers[a], views[1].integers[b])
        }
      })
    }
    try site.require(element == .f32, "no kernel for \(element)")
    return BoundKernel(run: { views, kernels in
      let out = views.result
      kernels.binary(
        operation, out: out.floats, shape: out.shape,
        a: StridedOperand(
          base: UnsafePointer(views[0].floats), strides: views[0].strides(broadcastTo: out.shape)),
        b: StridedOperand(
          base: UnsafePointer(views[1].floats), strides: views[1].strides(broadcastTo: out.shape)))
    })
  }

  @Sendable private static func equal(_ site: StepSite) throws -> BoundKernel {
    let out = try site.result(.bool)
    try site.requireDense(out, "the result")
    guard let element = site.optional(0)?.element else { throw PlanError("operand 0 is missing") }
    for index in 0...1 {
      try site.requireBroadcast(
        try site.operand(index, element).shape, to: out.shape, "operand \(index)")
    }
    switch element {
    case .i64:
      return BoundKernel(run: { views, _ in
        let out = views.result
        views.zip { out.flags[$0] = views[0].integers[$1] == views[1].integers[$2] ? 1 : 0 }
      })
    case .f32:
      return BoundKernel(run: { views, _ in
        let out = views.result
        views.zip { out.flags[$0] = views[0].floats[$1] == views[1].floats[$2] ? 1 : 0 }
      })
    default: throw PlanError("no kernel for \(element)")
    }
  }

  @Sendable private static func select(_ site: StepSite) throws -> BoundKernel {
    let element = site.step.result.element
    try site.require(element == .f32 || element == .i64, "no kernel for \(element)")
    try site.requireDense(site.step.result, "the result")
    let operands = [
      try site.operand(0, .bool), try site.operand(1, element), try site.operand(2, element),
    ]
    for (index, view) in operands.enumerated() {
      try site.requireBroadcast(view.shape, to: site.step.result.shape, "operand \(index)")
    }
    let bytes = element.byteCount
    return BoundKernel(run: { views, _ in
      let out = views.result
      let condition = views[0].strides(broadcastTo: out.shape)
      let a = views[1].strides(broadcastTo: out.shape)
      let b = views[2].strides(broadcastTo: out.shape)
      var position = 0
      out.shape.forEachIndex { index in
        let source =
          views[0].flags[condition.position(of: index)] != 0
          ? views[1].base + a.position(of: index) * bytes
          : views[2].base + b.position(of: index) * bytes
        (out.base + position * bytes).copyMemory(from: source, byteCount: bytes)
        position += 1
      }
    })
  }

  @Sendable private static func cast(_ site: StepSite) throws -> BoundKernel {
    guard let x = site.optional(0) else { throw PlanError("operand 0 is missing") }
    let out = site.step.result
    try site.require(x.shape == out.shape, "x and the result have different shapes")
    try site.requireDense(out, "the result")
    let read: @Sendable (BufferView, Int) -> Double =
      switch x.element {
      case .f32: { Double($0.floats[$1]) }
      case .i64: { Double($0.integers[$1]) }
      case .bool: { $0.flags[$1] != 0 ? 1 : 0 }
      default: throw PlanError("no kernel for \(x.element)")
      }
    let write: @Sendable (BufferView, Int, Double) -> Void =
      switch out.element {
      case .f32: { $0.floats[$1] = Float($2) }
      case .i64: { $0.integers[$1] = Int64(saturating: $2) }
      case .bool: { $0.flags[$1] = $2 != 0 ? 1 : 0 }
      default: throw PlanError("no kernel for \(out.element)")
      }
    return BoundKernel(run: { views, _ in
      let (x, out) = (views[0], views.result)
      var position = 0
      out.shape.forEachIndex { index in
        write(out, position, read(x, x.strides.position(of: index)))
        position += 1
      }
    })
  }
}

extension Int64 {
  /// Toward zero; NaN is 0, what does not fit is the nearest end.
  init(saturating value: Double) {
    self = value.isNaN ? 0 : Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
  }
}

extension StepViews {
  /// Calls `body` for each element of the result with its position and those of operands 0 and 1.
  func zip(_ body: (_ position: Int, _ a: Int, _ b: Int) -> Void) {
    let shape = result.shape
    let a = self[0].strides(broadcastTo: shape)
    let b = self[1].strides(broadcastTo: shape)
    var position = 0
    shape.forEachIndex { index in
      body(position, a.position(of: index), b.position(of: index))
      position += 1
    }
  }
}
