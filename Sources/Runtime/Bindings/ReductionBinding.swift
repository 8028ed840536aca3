import CKernels
import Glibc
import Plans
import Tensors

/// Kernels that fold axes away.
enum ReductionBinding {
  static let all: [String: KernelRegistry.Binder] = [
    "sum": { try bind($0, .sum, from: 0, +) { value, _ in value } },
    "mean": { try bind($0, .mean, from: 0, +) { value, count in value / Double(count) } },
    "max": { site in
      try bind(site, .max, from: -.infinity, { $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1) }) {
        value, _ in value
      }
    },
  ]

  private static func bind(
    _ site: StepSite, _ operation: Reduction, from start: Double,
    _ combine: @escaping (Double, Double) -> Double, finish: @escaping (Double, Int) -> Double
  ) throws -> BoundKernel {
    let (x, out) = (try site.operand(0), try site.result())
    try site.requireDense(out, "the result")
    let rank = x.shape.count
    let axes = try site.integers("axes").map { $0 < 0 ? $0 + rank : $0 }
    let keep = try site.flag("keep_dims")
    let expected = x.shape.indices.compactMap { axis -> Dim? in
      axes.contains(axis) ? (keep ? 1 : nil) : x.shape[axis]
    }
    try site.require(expected == out.shape, "the result has the wrong shape")
    if axes == [rank - 1], (try? site.requireRows(x, "x")) != nil {
      return BoundKernel(run: { views, kernels in kernels.reduce(operation, views.rowsOfOperand) })
    }
    return BoundKernel(run: { views, _ in
      LineLoops.reduce(views[0], views.result, axes: axes, from: start, combine, finish: finish)
    })
  }
}

/// e^x of the C library.
func exponential(_ x: Float) -> Float { expf(x) }

extension StepViews {
  /// Operand 0 as rows and the result as one element for each.
  fileprivate var rowsOfOperand: RowArguments {
    let x = self[0]
    return RowArguments(
      out: result.floats, outRowStride: 1, x: UnsafePointer(x.floats), xRowStride: x.rowStride,
      rows: x.rows, columns: x.extent(fromEnd: 1))
  }
}
