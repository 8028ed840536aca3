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
    case .i8, .i4: { Double($0.element(Int8.self, $1).pointee) }
    case .u64: { Double($0.element(UInt64.self, $1).pointee) }
    case .u32: { Double($0.element(UInt32.self, $1).pointee) }
    case .u16: { Double($0.element(UInt16.self, $1).pointee) }
    case .u8, .u4: { Double($0.element(UInt8.self, $1).pointee) }
    case .f8e4m3: { read($0, $1, .e4m3) }
    case .f8e5m2: { read($0, $1, .e5m2) }
    case .f8e4m3fnuz: { read($0, $1, .e4m3fnuz) }
    case .f8e5m2fnuz: { read($0, $1, .e5m2fnuz) }
    case .f4e2m1: { read($0, $1, .e2m1) }
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
    case .u64: { $0.element(UInt64.self, $1).pointee = UInt64(saturating: $2) }
    case .u32: { $0.element(UInt32.self, $1).pointee = UInt32(saturating: $2) }
    case .u16: { $0.element(UInt16.self, $1).pointee = UInt16(saturating: $2) }
    case .u8: { $0.element(UInt8.self, $1).pointee = UInt8(saturating: $2) }
    case .i4: { $0.element(Int8.self, $1).pointee = min(max(Int8(saturating: $2), -8), 7) }
    case .u4: { $0.element(UInt8.self, $1).pointee = min(UInt8(saturating: $2), 15) }
    case .f8e4m3: { write($0, $1, .e4m3, $2) }
    case .f8e5m2: { write($0, $1, .e5m2, $2) }
    case .f8e4m3fnuz: { write($0, $1, .e4m3fnuz, $2) }
    case .f8e5m2fnuz: { write($0, $1, .e5m2fnuz, $2) }
    case .f4e2m1: { write($0, $1, .e2m1, $2) }
    case .bool: { $0.element(UInt8.self, $1).pointee = $2 != 0 ? 1 : 0 }
    }
  }
}

extension CastBinding {
  private static func read(
    _ base: UnsafeMutableRawPointer, _ index: Int, _ format: SmallFloat
  ) -> Double {
    Double(format.value(of: base.element(UInt8.self, index).pointee))
  }

  private static func write(
    _ base: UnsafeMutableRawPointer, _ index: Int, _ format: SmallFloat, _ value: Double
  ) {
    base.element(UInt8.self, index).pointee = format.bits(of: Float(value))
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
