import Tensors

/// Type rules that several definitions share.
package enum OpRules {
  /// NumPy broadcasting: extents agree or are 1, shapes align at the innermost axis.
  package static func broadcast(_ a: Shape, _ b: Shape) throws -> Shape {
    let rank = max(a.count, b.count)
    return try (0..<rank).map { axis in
      let left = axis - (rank - a.count)
      let right = axis - (rank - b.count)
      let x = left < 0 ? 1 : a[left]
      let y = right < 0 ? 1 : b[right]
      if x == y || y.isOne { return x }
      if x.isOne { return y }
      throw OpError("shapes \(describe(a)) and \(describe(b)) do not broadcast")
    }
  }

  /// Element type of arithmetic on two operands.
  static func arithmetic(_ a: ElementType, _ b: ElementType) throws -> ElementType {
    let (x, y) = (a.computed, b.computed)
    if x == y { return x }
    if x.isFloatingPoint, y.isFloatingPoint { return .f64 }
    throw OpError("element types \(a.rawValue) and \(b.rawValue) do not mix; use cast")
  }

  static func describe(_ shape: Shape) -> String {
    "[\(shape.map(\.description).joined(separator: "x"))]"
  }

  static func floating(_ site: OpSite, _ index: Int) throws -> TensorType {
    let type = try site.type(index)
    try site.require(
      type.element.isFloatingPoint,
      "operand \(index) has type \(type), expected a floating-point tensor")
    return type
  }

  /// An operand of numbers that all arithmetic is defined on.
  static func numbers(_ site: OpSite, _ index: Int) throws -> TensorType {
    let type = try site.type(index)
    try site.require(
      type.element.isFloatingPoint || type.element == .i64,
      "operand \(index) has type \(type), expected floating-point numbers or i64")
    return type
  }

  static func shape(_ site: OpSite, _ index: Int, equals expected: Shape) throws {
    let type = try site.type(index)
    try site.require(
      type.shape == expected,
      "operand \(index) (\(site.definition.operands[min(index, site.definition.operands.count - 1)].name))"
        + " has shape \(describe(type.shape)), expected \(describe(expected))")
  }

  /// Shape checks of optional operands, skipped when they are absent.
  static func optionalShape(_ site: OpSite, _ index: Int, equals expected: Shape) throws {
    if site.optionalType(index) != nil { try shape(site, index, equals: expected) }
  }

  /// Distinct axes in 0..<rank, sorted; negative ones count from the end.
  static func axes(_ site: OpSite, _ name: String, rank: Int) throws -> [Int] {
    let axes = try site.integers(name).map { axis in
      let wrapped = axis < 0 ? axis + rank : axis
      try site.require(
        (0..<rank).contains(wrapped), "\(name) has \(axis), out of range for rank \(rank)")
      return wrapped
    }
    try site.require(Set(axes).count == axes.count, "\(name) repeats an axis")
    return axes.sorted()
  }
}
