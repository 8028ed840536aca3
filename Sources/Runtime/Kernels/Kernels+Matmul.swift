import CKernels

/// A stack of matrices with any strides: element (batch, row, column) lies at
/// base + batch · batchStrides + row · rowStride + column · columnStride. A transposed matrix is
/// one whose strides are swapped; stride 0 repeats.
struct MatrixOperand {
  var base: UnsafePointer<Float>
  var batchStrides: InlineShape = InlineShape()
  var rowStride: Int
  var columnStride: Int = 1

  fileprivate var transposed: MatrixOperand {
    var result = self
    (result.rowStride, result.columnStride) = (columnStride, rowStride)
    return result
  }
}

/// out[…, m, n] = sum_k a[…, m, k] b[…, k, n] over a stack of shape `batch`. `out` overlaps
/// neither operand, and no two of its elements are the same memory.
struct MatmulArguments {
  var out: UnsafeMutablePointer<Float>
  var outBatchStrides: InlineShape = InlineShape()
  var outRowStride: Int
  var outColumnStride: Int = 1
  var a: MatrixOperand
  var b: MatrixOperand
  var batch: InlineShape = InlineShape()
  var m: Int
  var n: Int
  var k: Int
}

extension MatmulArguments {
  /// The same product as that of the transposed operands in the other order.
  fileprivate var transposed: MatmulArguments {
    var result = self
    (result.outRowStride, result.outColumnStride) = (outColumnStride, outRowStride)
    (result.a, result.b) = (b.transposed, a.transposed)
    (result.m, result.n) = (n, m)
    return result
  }
}

extension Kernels {
  /// Computes `MatmulArguments`. Needs the scratch of `matmulScratch`.
  func matmul(_ arguments: MatmulArguments) {
    assertScratch(Self.matmulScratch)
    let work = MatmulTiles(arguments, kernels: self)
    pool.run(tiles: work.tileCount, work)
  }

  /// The scratch that `matmul` needs, whatever the shapes.
  static var matmulScratch: ScratchRequirement {
    ScratchRequirement(
      perWorker: (MatmulTiles.stageCount + PackedProduct.memoryCount) * MemoryLayout<Float>.size)
  }
}

/// Blocks of the output. A few rows are multiplied by streaming the right operand, more by packing it.
private struct MatmulTiles: TileWork {
  /// Rows of the left operand with which the right one is read where it lies.
  private static let streamedRows = 8
  private static let streamedDepth = 32
  private static let rowLimit = 192
  private static let columnLimit = PackedProduct.columnLimit
  /// Floats of a block of the output.
  static let stageCount = rowLimit * columnLimit

  private let arguments: MatmulArguments
  private let kernels: Kernels
  private let rows: TileGrid
  private let columns: TileGrid
  private let isStreamed: Bool

  var tileCount: Int {
    arguments.batch.elementCount * rows.tileCount * columns.tileCount
  }

  init(_ arguments: MatmulArguments, kernels: Kernels) {
    // Few columns are few rows of the transpose.
    let isFlat = arguments.n < arguments.m && arguments.n <= Self.streamedRows
    let p = isFlat ? arguments.transposed : arguments
    self.arguments = p
    self.kernels = kernels
    // Multiples of a block of rows and of two panels.
    rows = TileGrid(count: p.m, limit: Self.rowLimit, unit: 12)
    columns = TileGrid(count: p.n, limit: Self.columnLimit, unit: 32)
    isStreamed =
      p.m <= Self.streamedRows && p.a.columnStride == 1
      && (p.b.rowStride == 1 || p.b.columnStride == 1)
  }

  func run(tile: Int, worker: Int) {
    let columnRange = columns.range(tile % columns.tileCount)
    let rowRange = rows.range(tile / columns.tileCount % rows.tileCount)
    let index = tile / columns.tileCount / rows.tileCount
    let p = arguments
    let (m, n) = (rowRange.count, columnRange.count)
    let out =
      p.out + offset(index, p.outBatchStrides) + rowRange.lowerBound * p.outRowStride
      + columnRange.lowerBound * p.outColumnStride
    let a = MatrixBlock(
      base: p.a.base + offset(index, p.a.batchStrides) + rowRange.lowerBound * p.a.rowStride,
      rowStride: p.a.rowStride, columnStride: p.a.columnStride)
    let b = MatrixBlock(
      base: p.b.base + offset(index, p.b.batchStrides) + columnRange.lowerBound * p.b.columnStride,
      rowStride: p.b.rowStride, columnStride: p.b.columnStride)
    let stage = kernels.pool.scratch.perWorker(worker).assumingMemoryBound(to: Float.self)
    let memory = stage + Self.stageCount
    guard p.outColumnStride == 1, p.outRowStride >= n || m == 1 else {
      multiply(a, b, m: m, n: n, into: stage, rowStride: n, memory)
      copyMatrix(out, p.outRowStride, p.outColumnStride, from: stage, n, 1, rows: m, columns: n)
      return
    }
    multiply(a, b, m: m, n: n, into: out, rowStride: p.outRowStride, memory)
  }

  /// The offset of the stack's matrix number `index`.
  private func offset(_ index: Int, _ strides: InlineShape) -> Int {
    var rest = index, offset = 0
    for axis in stride(from: arguments.batch.rank - 1, through: 0, by: -1) {
      offset += rest % arguments.batch[axis] * strides[axis]
      rest /= arguments.batch[axis]
    }
    return offset
  }

  private func multiply(
    _ a: MatrixBlock, _ b: MatrixBlock, m: Int, n: Int, into out: UnsafeMutablePointer<Float>,
    rowStride: Int, _ memory: UnsafeMutablePointer<Float>
  ) {
    guard !isStreamed else { return stream(a, b, m: m, n: n, into: out, rowStride: rowStride) }
    PackedProduct(kernels.table, memory: memory).multiply(
      a, .f32(b), m: m, n: n, k: arguments.k, into: out, rowStride: rowStride)
  }

  private func stream(
    _ a: MatrixBlock, _ b: MatrixBlock, m: Int, n: Int, into out: UnsafeMutablePointer<Float>,
    rowStride: Int
  ) {
    let functions = kernels.table.functions
    if b.rowStride == 1 {
      functions.pointee.gemv_f32(
        out, rowStride, a.base, a.rowStride, m, b.base, b.columnStride, n, arguments.k)
    } else {
      for row in 0..<m { (out + row * rowStride).update(repeating: 0, count: n) }
      // So many rows of b that their pages stay in the first level of the TLB.
      for first in stride(from: 0, to: arguments.k, by: Self.streamedDepth) {
        functions.pointee.accumulate_rows(
          out, rowStride, a.base + first, a.rowStride, m, b.base + first * b.rowStride,
          b.rowStride, min(Self.streamedDepth, arguments.k - first), n)
      }
    }
  }
}
