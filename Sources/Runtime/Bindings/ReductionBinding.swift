import CKernels
import Plans
import Tensors

/// Kernels that fold axes away.
enum ReductionBinding {
  static let all: [String: KernelRegistry.Binder] = [
    "sum": { try bind($0, .sum, .sumFloats, integers: .sumIntegers) },
    "mean": { try bind($0, .mean, .meanFloats) },
    "max": { try bind($0, .max, .maxFloats, integers: .maxIntegers) },
    "prod": { try bind($0, nil, .productFloats, integers: .productIntegers) },
    "cumsum": CumulativeBinding.cumsum,
  ]

  /// - Parameter operation: what folds f32 along rows or columns, the common cases.
  private static func bind(
    _ site: StepSite, _ operation: Reduction?, _ floats: FoldOperation,
    integers: FoldOperation? = nil
  ) throws -> BoundKernel {
    if site.step.result.element == .i64, let integers {
      return fold(integers, try axes(site, .i64))
    }
    let x = try site.operand(0)
    let axes = try axes(site, .f32)
    guard let operation else { return fold(floats, axes) }
    if axes == [x.shape.count - 1], (try? site.requireRows(x, "x")) != nil {
      return BoundKernel(run: { views, kernels in kernels.reduce(operation, views.rowsOfOperand) })
    }
    if let rows = try rows(of: x, axes, site) {
      return BoundKernel(run: { views, kernels in kernels.reduce(operation, rows(views)) })
    }
    if let columns = try columns(of: x, axes, site) {
      return BoundKernel(
        scratch: { _ in Kernels.columnScratch },
        run: { views, kernels in kernels.reduceColumns(operation, columns(views)) })
    }
    return fold(floats, axes)
  }

  /// Any axes of any strides.
  private static func fold(_ operation: FoldOperation, _ axes: [Int]) -> BoundKernel {
    BoundKernel(run: { views, kernels in
      let (x, out) = (views[0], views.result)
      kernels.fold(
        operation, out: out.base, elementBytes: out.element.byteCount, x: x.base, shape: x.shape,
        strides: x.strides, isFolded: axes.contains)
    })
  }
}

extension ReductionBinding {
  /// A row-major operand as rows of all that is reduced, when that are its last axes.
  private static func rows(
    of x: PlanView, _ axes: [Int], _ site: StepSite
  ) throws -> ((StepViews) -> RowArguments)? {
    let sorted = axes.sorted()
    guard let first = sorted.first, sorted == Array(first..<x.shape.count),
      (try? site.requireDense(x, "x")) != nil
    else { return nil }
    return { views in
      let columns = (first..<views[0].rank).reduce(1) { $0 * views[0].shape[$1] }
      return RowArguments(
        out: views.result.floats, outRowStride: 1, x: UnsafePointer(views[0].floats),
        xRowStride: columns, rows: views.result.count, columns: columns)
    }
  }

  /// A row-major operand as matrices whose columns are folded, when the reduced axes are neighbours and
  /// not the last ones.
  private static func columns(
    of x: PlanView, _ axes: [Int], _ site: StepSite
  ) throws -> ((StepViews) -> ColumnArguments)? {
    let sorted = axes.sorted()
    guard let first = sorted.first, let last = sorted.last, last < x.shape.count - 1,
      sorted == Array(first...last), (try? site.requireDense(x, "x")) != nil
    else { return nil }
    return { views in
      let x = views[0]
      func product(_ axes: Range<Int>) -> Int { axes.reduce(1) { $0 * x.shape[$1] } }
      return ColumnArguments(
        out: views.result.floats, x: UnsafePointer(x.floats), outer: product(0..<first),
        rows: product(first..<last + 1), columns: product(last + 1..<x.rank))
    }
  }
}

/// Running sums along an axis.
private enum CumulativeBinding {
  @Sendable static func cumsum(_ site: StepSite) throws -> BoundKernel {
    let element = site.step.result.element
    let (x, out) = (try site.operand(0, element), site.step.result)
    try site.require(x.shape == out.shape, "x and the result have different shapes")
    try site.require(element == .f32 || element == .i64, "no kernel for \(element)")
    let axis = try site.axis("axis", rank: x.shape.count)
    let (isExclusive, isReverse) = (try site.flag("exclusive"), try site.flag("reverse"))
    return BoundKernel(run: { views, kernels in
      kernels.cumulate(
        isInteger: element == .i64, out: views.result, x: views[0], axis: axis,
        isExclusive: isExclusive, isReverse: isReverse)
    })
  }
}

extension ReductionBinding {
  /// The reduced axes, with operand and result checked to fit them.
  private static func axes(_ site: StepSite, _ element: ElementType) throws -> [Int] {
    let (x, out) = (try site.operand(0, element), try site.result(element))
    try site.requireDense(out, "the result")
    let rank = x.shape.count
    let axes = try site.integers("axes").map { $0 < 0 ? $0 + rank : $0 }
    try site.require(
      axes.allSatisfy((0..<rank).contains) && Set(axes).count == axes.count,
      "axes = \(axes) are not distinct axes of x")
    let keep = try site.flag("keep_dims")
    let expected = x.shape.indices.compactMap { axis -> Dim? in
      axes.contains(axis) ? (keep ? 1 : nil) : x.shape[axis]
    }
    try site.require(expected == out.shape, "the result has the wrong shape")
    return axes
  }
}

extension StepViews {
  /// Operand 0 as rows and the result as one element for each.
  fileprivate var rowsOfOperand: RowArguments {
    let x = self[0]
    return RowArguments(
      out: result.floats, outRowStride: 1, x: UnsafePointer(x.floats), xRowStride: x.rowStride,
      rows: x.rows, columns: x.extent(fromEnd: 1))
  }
}
