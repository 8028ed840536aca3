import Tensors

/// Matrix products and the patch convolution.
enum MatrixOps {
  static let all: [OpDefinition] = [matmul, patchConv]

  static let matmul = OpDefinition(
    "matmul", .math,
    "out[…, m, n] = Σₖ a[…, m, k]·b[…, k, n]; transpose_a/b swap the operand's last two axes first",
    operands: [.required("a", .matrices), .required("b", .matrices, role: .factor)],
    attributes: [
      .defaulted("transpose_a", .flag, .flag(false)),
      .defaulted("transpose_b", .flag, .flag(false)),
    ],
    multiplyAdds: { site in
      let shape = try site.type(0).shape
      return try site.resultElements() * matrix(shape, transposed: site.flag("transpose_a")).1
    },
    infer: { site in
      let (a, b) = (try OpRules.floating(site, 0), try OpRules.floating(site, 1))
      try site.require(
        a.rank >= 2 && b.rank >= 2, "operands have types \(a) and \(b), expected matrices")
      let (m, k) = matrix(a.shape, transposed: try site.flag("transpose_a"))
      let (k2, n) = matrix(b.shape, transposed: try site.flag("transpose_b"))
      try site.require(k == k2, "inner extents \(k) and \(k2) of \(a) and \(b) differ")
      let batch = try OpRules.broadcast(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
      return [TensorType(try OpRules.arithmetic(a.element, b.element), batch + [m, n])]
    }
  ) { evaluation in
    let (a, b) = (try evaluation.input(0), try evaluation.input(1))
    let shape = evaluation.results[0].shape
    let (m, n) = (shape[shape.count - 2], shape[shape.count - 1])
    let transposeA = try evaluation.site.flag("transpose_a")
    let transposeB = try evaluation.site.flag("transpose_b")
    let k = a.shape[a.shape.count - (transposeA ? 2 : 1)]
    let (aRow, aColumn) = transposeA ? (1, m) : (k, 1)
    let (bRow, bColumn) = transposeB ? (1, k) : (n, 1)
    let batch = Array(shape.dropLast(2))
    let (left, right) = (a.values, b.values)
    var out: [Double] = []
    out.reserveCapacity(shape.reduce(1, *))
    for (aStart, bStart) in zip(a.batchStarts(batch), b.batchStarts(batch)) {
      for i in 0..<m {
        for j in 0..<n {
          var (x, y) = (aStart + i * aRow, bStart + j * bColumn)
          let end = x + k * aColumn
          var sum = 0.0
          while x < end {
            sum += left[x] * right[y]
            x += aColumn
            y += bRow
          }
          out.append(sum)
        }
      }
    }
    return evaluation.result(out)
  }

  /// The patch embedding of ViT: a convolution whose stride equals its kernel size.
  static let patchConv = OpDefinition(
    "patch_conv", .math,
    "out[b, o, y, x] = bias[o] + Σ pixels[b, c, y·stride + i, x·stride + j]·kernel[o, c, i, j]",
    operands: [.required("pixels"), .required("kernel"), .optional("bias")],
    attributes: [.required("stride", .integer)],
    multiplyAdds: { site in
      try site.resultElements() * Array(site.type(1).shape.dropFirst()).elementCount()
    },
    infer: { site in
      let (pixels, kernel) = (try OpRules.floating(site, 0), try OpRules.floating(site, 1))
      let stride = try site.integer("stride")
      try site.require(
        pixels.rank == 4, "pixels has type \(pixels), expected [batch, channels, height, width]")
      try site.require(stride > 0, "stride = \(stride), expected a positive number")
      guard kernel.rank == 4, kernel.shape[1] == pixels.shape[1],
        kernel.shape[2] == Dim(stride), kernel.shape[3] == Dim(stride)
      else {
        throw OpError(
          "kernel has type \(kernel), expected [out, \(pixels.shape[1]), \(stride), \(stride)]")
      }
      try OpRules.optionalShape(site, 2, equals: [kernel.shape[0]])
      guard let height = pixels.shape[2].dividedExactly(by: Dim(stride)),
        let width = pixels.shape[3].dividedExactly(by: Dim(stride))
      else { throw OpError("pixels \(pixels) do not divide into patches of \(stride)") }
      return [TensorType(.f32, [pixels.shape[0], kernel.shape[0], height, width])]
    }
  ) { evaluation in
    let (pixels, kernel) = (try evaluation.input(0), try evaluation.input(1))
    let bias = evaluation.optionalInput(2)
    let shape = evaluation.results[0].shape
    let stride = try evaluation.site.integer("stride")
    let patch = [pixels.shape[1], stride, stride]
    let patchStrides = Array(pixels.strides.dropFirst())
    var out = [Double](repeating: 0, count: shape.reduce(1, *))
    let outStrides = shape.rowMajorStrides
    for b in 0..<shape[0] {
      for y in 0..<shape[2] {
        for x in 0..<shape[3] {
          let start =
            b * pixels.strides[0] + y * stride * pixels.strides[2] + x * stride * pixels.strides[3]
          let window = pixels.gathered(shape: patch, strides: patchStrides, offset: start)
          for o in 0..<shape[1] {
            var sum = bias?.values[o] ?? 0
            let row = o * window.count
            for index in window.indices { sum += window[index] * kernel.values[row + index] }
            out[b * outStrides[0] + o * outStrides[1] + y * outStrides[2] + x] = sum
          }
        }
      }
    }
    return evaluation.result(out)
  }

  /// Rows and columns of a matrix operand.
  private static func matrix(_ shape: Shape, transposed: Bool) -> (Dim, Dim) {
    let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
    return transposed ? (columns, rows) : (rows, columns)
  }
}

extension HostTensor {
  /// Element position of each matrix of a stack, in the row-major order of the broadcast batch.
  func batchStarts(_ batch: [Int]) -> [Int] {
    let own = Array(shape.dropLast(2))
    let ownStrides = Array(strides.dropLast(2))
    let lead = batch.count - own.count
    let reading = batch.indices.map { axis in
      axis < lead || own[axis - lead] == 1 ? 0 : ownStrides[axis - lead]
    }
    var starts: [Int] = []
    StridedIndices(shape: batch, strides: reading, offset: 0).forEach { starts.append($0) }
    return starts
  }
}
