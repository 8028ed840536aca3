import Plans
import Tensors

/// `cast` from any element type to any other.
enum CastBinding {
  private typealias Read = @Sendable (UnsafeMutableRawPointer, Int) -> Double
  private typealias Write = @Sendable (UnsafeMutableRawPointer, Int, Double) -> Void

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
    let (read, write) = (read(x.element), write(out.element))
    return BoundKernel(run: { views, _ in
      let (x, out) = (views[0], views.result)
      var position = 0
      out.shape.forEachIndex { index in
        write(out.base, position, read(x.base, x.strides.position(of: index)))
        position += 1
      }
    })
  }

  private static func read(_ element: ElementType) -> Read {
    switch element {
    case .f64: { $0.element(Double.self, $1).pointee }
    case .f32: { Double($0.element(Float.self, $1).pointee) }
    case .f16: { Double($0.element(Float16.self, $1).pointee) }
    case .bf16: { Double(Float($0.element(BFloat16.self, $1).pointee)) }
    case .i64: { Double($0.element(Int64.self, $1).pointee) }
    case .i32: { Double($0.element(Int32.self, $1).pointee) }
    case .i16: { Double($0.element(Int16.self, $1).pointee) }
    case .i8: { Double($0.element(Int8.self, $1).pointee) }
    case .u8: { Double($0.element(UInt8.self, $1).pointee) }
    case .bool: { $0.element(UInt8.self, $1).pointee != 0 ? 1 : 0 }
    }
  }

  private static func write(_ element: ElementType) -> Write {
    switch element {
    case .f64: { $0.element(Double.self, $1).pointee = $2 }
    case .f32: { $0.element(Float.self, $1).pointee = Float($2) }
    case .f16: { $0.element(Float16.self, $1).pointee = Float16($2) }
    case .bf16: { $0.element(BFloat16.self, $1).pointee = BFloat16(Float($2)) }
    case .i64: { $0.element(Int64.self, $1).pointee = Int64(saturating: $2) }
    case .i32: { $0.element(Int32.self, $1).pointee = Int32(saturating: $2) }
    case .i16: { $0.element(Int16.self, $1).pointee = Int16(saturating: $2) }
    case .i8: { $0.element(Int8.self, $1).pointee = Int8(saturating: $2) }
    case .u8: { $0.element(UInt8.self, $1).pointee = UInt8(saturating: $2) }
    case .bool: { $0.element(UInt8.self, $1).pointee = $2 != 0 ? 1 : 0 }
    }
  }
}

extension UnsafeMutableRawPointer {
  /// Element `index` of the elements of one type that begin here.
  fileprivate func element<Element>(
    _ type: Element.Type, _ index: Int
  ) -> UnsafeMutablePointer<Element> {
    assumingMemoryBound(to: type) + index
  }
}

extension FixedWidthInteger {
  /// Toward zero; NaN is 0, what does not fit is the nearest end.
  init(saturating value: Double) {
    self = value.isNaN ? 0 : Self(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
  }
}
