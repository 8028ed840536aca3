import CKernels
import Glibc
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
      "neg": { try unary($0, .negate, integer: { 0 &- $0 }) },
      "abs": { try unary($0, .abs, integer: { $0 < 0 ? 0 &- $0 : $0 }) },
      "relu": { try unary($0, .relu, integer: { max($0, 0) }) },
      "floor": { try plain($0) { $0.rounded(.down) } },
      "round": { try plain($0) { $0.rounded(.toNearestOrEven) } },
      "atan": { try plain($0) { atanf($0) } },
      "equal": equal, "less": less, "where": select, "cast": CastBinding.cast,
    ]
    for (name, operation) in unaryKernels { table[name] = { try unary($0, operation) } }
    for (name, operation, integer) in binaryKernels {
      table[name] = { try binary($0, operation, integer) }
    }
    for (name, function) in bitwise { table[name] = { try integers($0, function) } }
    return table
  }()

  private static let unaryKernels: [(String, UnaryOperation)] = [
    ("exp", .exp), ("log", .log), ("sqrt", .sqrt), ("rsqrt", .rsqrt), ("sin", .sin), ("cos", .cos),
    ("tanh", .tanh), ("erf", .erf), ("sigmoid", .sigmoid), ("silu", .silu),
  ]

  private typealias IntegerFunction = @Sendable (Int64, Int64) -> Int64

  private static let binaryKernels: [(String, BinaryOperation, IntegerFunction)] = [
    ("add", .add, { $0 &+ $1 }), ("sub", .sub, { $0 &- $1 }),
    ("mul", .mul, { $0 &* $1 }),
    // Division by zero and of the smallest number by -1 would trap.
    ("div", .div, { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue }),
    ("pow", .pow, { Int64(saturating: Glibc.pow(Double($0), Double($1))) }),
    ("maximum", .max, { max($0, $1) }),
    ("minimum", .min, { min($0, $1) }),
  ]

  private static let bitwise: [(String, IntegerFunction)] = [
    ("bit_and", { $0 & $1 }), ("bit_or", { $0 | $1 }), ("bit_xor", { $0 ^ $1 }),
    ("shift_left", { $0 << $1 }), ("shift_right", { $0 >> $1 }),
  ]

  private static func integers(
    _ site: StepSite, _ function: @escaping IntegerFunction
  ) throws -> BoundKernel {
    _ = try site.result(.i64)
    return try binary(site, .add, function)
  }

  private static func unary(
    _ site: StepSite, _ operation: UnaryOperation,
    integer: (@Sendable (Int64) -> Int64)? = nil
  ) throws -> BoundKernel {
    let element = integer == nil ? .f32 : site.step.result.element
    let (x, out) = (try site.operand(0, element), try site.result(element))
    try site.require(x.shape == out.shape, "x and the result have different shapes")
    try site.requireDense(out, "the result")
    if element == .i64, let integer {
      return BoundKernel(run: { views, _ in
        let (x, out) = (views[0], views.result)
        var position = 0
        out.shape.forEachIndex { index in
          out.integers[position] = integer(x.integers[x.strides.position(of: index)])
          position += 1
        }
      })
    }
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

  /// A function that is rare enough for a plain loop.
  private static func plain(
    _ site: StepSite, _ function: @escaping @Sendable (Float) -> Float
  ) throws -> BoundKernel {
    let (x, out) = (try site.operand(0), try site.result())
    try site.require(x.shape == out.shape, "x and the result have different shapes")
    try site.requireDense(out, "the result")
    return BoundKernel(run: { views, _ in
      let (x, out) = (views[0], views.result)
      var position = 0
      out.shape.forEachIndex { index in
        out.floats[position] = function(x.floats[x.strides.position(of: index)])
        position += 1
      }
    })
  }

  private static func binary(
    _ site: StepSite, _ operation: BinaryOperation, _ integer: @escaping IntegerFunction
  ) throws -> BoundKernel {
    let element = site.step.result.element
    let (a, b) = (try site.operand(0, element), try site.operand(1, element))
    try site.requireDense(site.step.result, "the result")
    for (name, view) in [("a", a), ("b", b)] {
      try site.requireBroadcast(view.shape, to: site.step.result.shape, name)
    }
    if element == .i64 {
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
    case .bool:
      return BoundKernel(run: { views, _ in
        let out = views.result
        views.zip {
          out.flags[$0] = (views[0].flags[$1] != 0) == (views[1].flags[$2] != 0) ? 1 : 0
        }
      })
    default: throw PlanError("no kernel for \(element)")
    }
  }

  @Sendable private static func less(_ site: StepSite) throws -> BoundKernel {
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
        views.zip { out.flags[$0] = views[0].integers[$1] < views[1].integers[$2] ? 1 : 0 }
      })
    case .f32:
      return BoundKernel(run: { views, _ in
        let out = views.result
        views.zip { out.flags[$0] = views[0].floats[$1] < views[1].floats[$2] ? 1 : 0 }
      })
    default: throw PlanError("no kernel for \(element)")
    }
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
    case 1: return BoundKernel(run: { views, _ in views.select(UInt8.self) })
    case 2: return BoundKernel(run: { views, _ in views.select(UInt16.self) })
    case 4: return BoundKernel(run: { views, _ in views.select(UInt32.self) })
    default: return BoundKernel(run: { views, _ in views.select(UInt64.self) })
    }
  }
}

extension StepViews {
  /// Calls `body` for each element of the result with its position and those of operands 0 and 1.
  func zip(_ body: (_ position: Int, _ a: Int, _ b: Int) -> Void) {
    let a = self[0].strides(broadcastTo: result.shape)
    let b = self[1].strides(broadcastTo: result.shape)
    let (stepA, stepB) = (a.last, b.last)
    result.shape.forEachRow { index, position, count in
      var (x, y) = (a.position(of: index), b.position(of: index))
      for place in position..<position + count {
        body(place, x, y)
        (x, y) = (x + stepA, y + stepB)
      }
    }
  }

  /// The result's elements from operand 1 where operand 0 is true, else from operand 2; `Element` has
  /// their size.
  fileprivate func select<Element: BitwiseCopyable>(_: Element.Type) {
    let shape = result.shape
    let condition = self[0].strides(broadcastTo: shape)
    let a = self[1].strides(broadcastTo: shape)
    let b = self[2].strides(broadcastTo: shape)
    let (stepCondition, stepA, stepB) = (condition.last, a.last, b.last)
    let flags = self[0].flags
    let first = self[1].base.assumingMemoryBound(to: Element.self)
    let second = self[2].base.assumingMemoryBound(to: Element.self)
    let out = result.base.assumingMemoryBound(to: Element.self)
    shape.forEachRow { index, position, count in
      var flag = condition.position(of: index)
      var (x, y) = (a.position(of: index), b.position(of: index))
      for place in position..<position + count {
        out[place] = flags[flag] != 0 ? first[x] : second[y]
        flag += stepCondition
        (x, y) = (x + stepA, y + stepB)
      }
    }
  }
}
