import Plans
import Tensors

/// `matmul` of any strides and the patch convolution as a plan without passes runs it.
enum MatrixBinding {
  static let all: [String: KernelRegistry.Binder] = ["matmul": matmul, "patch_conv": patchConv]

  @Sendable private static func matmul(_ site: StepSite) throws -> BoundKernel {
    let (a, b, out) = (try site.operand(0), try site.operand(1), try site.result())
    let transposeA = try site.flag("transpose_a")
    let transposeB = try site.flag("transpose_b")
    try site.require(a.shape.count >= 2 && b.shape.count >= 2, "an operand is no matrix")
    let (m, k) = matrix(a, transposed: transposeA)
    let (k2, n) = matrix(b, transposed: transposeB)
    try site.require(k == k2 && Array(out.shape.suffix(2)) == [m, n], "the operands do not fit")
    let batch = Array(out.shape.dropLast(2))
    try site.requireBroadcast(Array(a.shape.dropLast(2)), to: batch, "a")
    try site.requireBroadcast(Array(b.shape.dropLast(2)), to: batch, "b")
    try site.requireDense(out, "the result")
    return BoundKernel(
      scratch: { _ in Kernels.matmulScratch },
      run: { views, kernels in
        let out = views.result
        var batch = InlineShape()
        for axis in 0..<(out.rank - 2) { batch.append(out.shape[axis]) }
        let a = operand(views[0], transposed: transposeA, batch)
        kernels.matmul(
          MatmulArguments(
            out: out.floats, outBatchStrides: prefix(out.strides, batch.rank),
            outRowStride: out.extent(fromEnd: 1), a: a,
            b: operand(views[1], transposed: transposeB, batch), batch: batch,
            m: out.extent(fromEnd: 2), n: out.extent(fromEnd: 1),
            k: views[0].extent(fromEnd: transposeA ? 2 : 1)))
      })
  }

  private static func matrix(_ view: PlanView, transposed: Bool) -> (Dim, Dim) {
    let (rows, columns) = (view.shape[view.shape.count - 2], view.shape[view.shape.count - 1])
    return transposed ? (columns, rows) : (rows, columns)
  }

  private static func prefix(_ values: InlineShape, _ count: Int) -> InlineShape {
    var result = InlineShape()
    for axis in 0..<count { result.append(values[axis]) }
    return result
  }

  private static func operand(
    _ view: BufferView, transposed: Bool, _ batch: InlineShape
  ) -> MatrixOperand {
    var strides = batch
    for axis in 0..<batch.rank {
      let own = axis - (batch.rank - (view.rank - 2))
      strides[axis] = own < 0 || view.shape[own] == 1 ? 0 : view.strides[own]
    }
    let (row, column) = (view.stride(fromEnd: 2), view.stride(fromEnd: 1))
    return MatrixOperand(
      base: UnsafePointer(view.floats), batchStrides: strides,
      rowStride: transposed ? column : row, columnStride: transposed ? row : column)
  }

  /// Plain loops: optimised plans hold a matrix product instead.
  @Sendable private static func patchConv(_ site: StepSite) throws -> BoundKernel {
    let (pixels, kernel, out) = (try site.operand(0), try site.operand(1), try site.result())
    let stride = Dim(try site.integer("stride"))
    try site.require(
      pixels.shape.count == 4 && kernel.shape.count == 4 && out.shape.count == 4
        && kernel.shape == [out.shape[1], pixels.shape[1], stride, stride]
        && pixels.shape
          == [out.shape[0], kernel.shape[1], out.shape[2] * stride, out.shape[3] * stride],
      "the operands do not fit")
    _ = try site.optionalOperand(2, shape: [kernel.shape[0]])
    try site.requireDense(out, "the result")
    return BoundKernel(run: { views, _ in convolve(views) })
  }

  private static func convolve(_ views: StepViews) {
    let (pixels, kernel, out) = (views[0], views[1], views.result)
    let bias = views.optional(2)
    let size = kernel.shape[2]
    var position = 0
    out.shape.forEachIndex { index in
      var sum: Float = bias.map { $0.floats[index[1] * $0.strides[0]] } ?? 0
      for c in 0..<kernel.shape[1] {
        for i in 0..<size {
          for j in 0..<size {
            let pixel =
              index[0] * pixels.strides[0] + c * pixels.strides[1]
              + (index[2] * size + i) * pixels.strides[2]
              + (index[3] * size + j) * pixels.strides[3]
            let weight =
              index[1] * kernel.strides[0] + c * kernel.strides[1] + i * kernel.strides[2]
              + j * kernel.strides[3]
            sum += pixels.floats[pixel] * kernel.floats[weight]
          }
        }
      }
      out.floats[position] = sum
      position += 1
    }
  }
}

extension InlineShape {
  /// Calls `body` with every index of this shape in row-major order, without allocating.
  func forEachIndex(_ body: (InlineShape) throws -> Void) rethrows {
    var index = self
    for axis in 0..<rank {
      if self[axis] == 0 { return }
      index[axis] = 0
    }
    while true {
      try body(index)
      var axis = rank - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < self[axis] { break }
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  /// Calls `body` for every row in order with its first index, its position in a dense tensor of this
  /// shape, and its length.
  func forEachRow(_ body: (InlineShape, _ position: Int, _ count: Int) -> Void) {
    var outer = self
    let count = rank == 0 ? 1 : self[rank - 1]
    guard count > 0 else { return }
    if rank > 0 { outer[rank - 1] = 1 }
    var position = 0
    outer.forEachIndex { index in
      body(index, position, count)
      position += count
    }
  }

  /// The last of strides; 0 where there is none.
  var last: Int { rank == 0 ? 0 : self[rank - 1] }

  /// Σ index[axis] · self[axis], for strides.
  func position(of index: InlineShape) -> Int {
    var sum = 0
    for axis in 0..<rank { sum += index[axis] * self[axis] }
    return sum
  }
}
