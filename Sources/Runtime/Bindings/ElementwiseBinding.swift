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
      "neg": { try unary($0, .negate, integer: .negate) },
      "abs": { try unary($0, .abs, integer: .abs) },
      "relu": { try unary($0, .relu, integer: .relu) },
      "equal": equal, "less": less, "where": select, "cast": CastBinding.cast,
    ]
    for (name, operation) in unaryKernels { table[name] = { try unary($0, operation) } }
    for (name, operation, integer) in binaryKernels {
      table[name] = { try binary($0, operation, integer) }
    }
    for (name, operation) in bitwise { table[name] = { try integers($0, operation) } }
    return table
  }()

  private static let unaryKernels: [(String, UnaryOperation)] = [
    ("exp", .exp), ("log", .log), ("sqrt", .sqrt), ("rsqrt", .rsqrt), ("sin", .sin), ("cos", .cos),
    ("tanh", .tanh), ("erf", .erf), ("sigmoid", .sigmoid), ("silu", .silu), ("floor", .floor),
    ("round", .round), ("atan", .atan),
  ]

  private static let binaryKernels: [(String, BinaryOperation, MapOperation)] = [
    ("add", .add, .add), ("sub", .sub, .sub), ("mul", .mul, .mul), ("div", .div, .div),
    ("pow", .pow, .pow), ("maximum", .max, .max), ("minimum", .min, .min),
  ]

  private static let bitwise: [(String, MapOperation)] = [
    ("bit_and", .and), ("bit_or", .or), ("bit_xor", .xor), ("shift_left", .shiftLeft),
    ("shift_right", .shiftRight),
  ]

  private static func integers(
    _ site: StepSite, _ operation: MapOperation
  ) throws -> BoundKernel {
    _ = try site.result(.i64)
    return try binary(site, .add, operation)
  }

  private static func unary(
    _ site: StepSite, _ operation: UnaryOperation,
    integer: MapOperation? = nil
  ) throws -> BoundKernel {
    let element = integer == nil ? .f32 : site.step.result.element
    let (x, out) = (try site.operand(0, element), try site.result(element))
    try site.require(x.shape == out.shape, "x and the result have different shapes")
    try site.requireDense(out, "the result")
    if element == .i64, let integer { return map(site, integer, operands: 1) }
    try site.require(element == .f32, "no kernel for \(element)")
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
    _ site: StepSite, _ operation: BinaryOperation, _ integer: MapOperation
  ) throws -> BoundKernel {
    let element = site.step.result.element
    let (a, b) = (try site.operand(0, element), try site.operand(1, element))
    try site.requireDense(site.step.result, "the result")
    for (name, view) in [("a", a), ("b", b)] {
      try site.requireBroadcast(view.shape, to: site.step.result.shape, name)
    }
    if element == .i64 { return map(site, integer, operands: 2) }
    try site.require(element == .f32, "no kernel for \(element)")
    let stages = hasGaps(site, operands: 2)
    return BoundKernel(scratch: scratch(stages)) { views, kernels in
      let out = views.result
      kernels.binary(
        operation, out: out.floats, shape: out.shape,
        a: StridedOperand(
          base: UnsafePointer(views[0].floats), strides: views[0].strides(broadcastTo: out.shape)),
        b: StridedOperand(
          base: UnsafePointer(views[1].floats), strides: views[1].strides(broadcastTo: out.shape)),
        stages: stages)
    }
  }

  @Sendable private static func equal(_ site: StepSite) throws -> BoundKernel {
    try compare(site, [.i64: .equalIntegers, .f32: .equalFloats, .bool: .equalFlags])
  }

  @Sendable private static func less(_ site: StepSite) throws -> BoundKernel {
    try compare(site, [.i64: .lessIntegers, .f32: .lessFloats])
  }

  private static func compare(
    _ site: StepSite, _ operations: [ElementType: MapOperation]
  ) throws -> BoundKernel {
    let out = try site.result(.bool)
    try site.requireDense(out, "the result")
    guard let element = site.optional(0)?.element else { throw PlanError("operand 0 is missing") }
    for index in 0...1 {
      try site.requireBroadcast(
        try site.operand(index, element).shape, to: out.shape, "operand \(index)")
    }
    guard let operation = operations[element] else { throw PlanError("no kernel for \(element)") }
    return map(site, operation, operands: 2)
  }

  @Sendable private static func select(_ site: StepSite) throws -> BoundKernel {
    let element = site.step.result.element
    try site.requireDense(site.step.result, "the result")
    let operands = [
      try site.operand(0, .bool), try site.operand(1, element), try site.operand(2, element),
    ]
    for (index, view) in operands.enumerated() {
      try site.requireBroadcast(view.shape, to: site.step.result.shape, "operand \(index)")
    }
    switch element.byteCount {
    case 1: return map(site, .select1, operands: 3)
    case 2: return map(site, .select2, operands: 3)
    case 4: return map(site, .select4, operands: 3)
    default: return map(site, .select8, operands: 3)
    }
  }
}

extension ElementwiseBinding {
  /// A kernel over operands that broadcast to the dense result.
  private static func map(
    _ site: StepSite, _ operation: MapOperation, operands: Int
  ) -> BoundKernel {
    let stages = hasGaps(site, operands: operands)
    return BoundKernel(scratch: scratch(stages)) { views, kernels in
      let out = views.result
      kernels.map(
        operation, out: out.base, elementBytes: out.element.byteCount, shape: out.shape,
        views.raw(0), operands > 1 ? views.raw(1) : nil, operands > 2 ? views.raw(2) : nil,
        stages: stages)
    }
  }

  /// Whether neighbours in a row of an operand may lie apart.
  private static func hasGaps(_ site: StepSite, operands: Int) -> Bool {
    (0..<operands).contains { index in
      guard let view = site.optional(index), let last = view.strides.last else { return false }
      return !(last == 1 || last == 0 || view.shape.last?.isOne == true)
    }
  }

  private static func scratch(_ stages: Bool) -> (StepViews) -> ScratchRequirement {
    { _ in stages ? Kernels.elementwiseScratch : .none }
  }
}

extension StepViews {
  /// An operand as it is read by broadcasting to the result.
  func raw(_ index: Int) -> RawOperand {
    let view = self[index]
    return RawOperand(
      base: view.base, elementBytes: view.element.byteCount,
      strides: view.strides(broadcastTo: result.shape))
  }
}
