import CKernels

/// A stack of matrices with any strides: element (batch, row, column) lies at
/// base + batch · batchStrides + row · rowStride + column · columnStride. A transposed matrix is
/// one whose strides are swapped; stride 0 repeats.
public struct MatrixOperand {
  public var base: UnsafePointer<Float>
  public var batchStrides: InlineShape
  public var rowStride: Int
  public var columnStride: Int

  public init(
    base: UnsafePointer<Float>, batchStrides: InlineShape = InlineShape(), rowStride: Int,
    columnStride: Int = 1
  ) {
    self.base = base
    self.batchStrides = batchStrides
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  /// The `rows` × `columns` matrix at `start` as BLAS can read it: contiguous along one
  /// dimension, with a row distance that covers it.
  fileprivate func readable(
    at start: UnsafePointer<Float>, rows: Int, columns: Int
  ) -> BLAS.Operand? {
    if columnStride == 1 || columns == 1 {
      let distance = rows == 1 ? columns : rowStride
      if distance >= columns { return .init(base: start, rowStride: distance) }
    }
    if rowStride == 1 || rows == 1 {
      let distance = columns == 1 ? rows : columnStride
      if distance >= rows { return .init(base: start, rowStride: distance, transposed: true) }
    }
    return nil
  }
}

/// out[…, m, n] = sum_k a[…, m, k] b[…, k, n] over a stack of shape `batch`. `out` overlaps
/// neither operand, and no two of its elements are the same memory.
public struct MatmulArguments {
  public var out: UnsafeMutablePointer<Float>
  public var outBatchStrides: InlineShape
  public var outRowStride: Int
  public var outColumnStride: Int
  public var a: MatrixOperand
  public var b: MatrixOperand
  public var batch: InlineShape
  public var m: Int
  public var n: Int
  public var k: Int

  public init(
    out: UnsafeMutablePointer<Float>, outBatchStrides: InlineShape = InlineShape(),
    outRowStride: Int,
    outColumnStride: Int = 1, a: MatrixOperand, b: MatrixOperand,
    batch: InlineShape = InlineShape(), m: Int,
    n: Int, k: Int
  ) {
    self.out = out
    self.outBatchStrides = outBatchStrides
    self.outRowStride = outRowStride
    self.outColumnStride = outColumnStride
    self.a = a
    self.b = b
    self.batch = batch
    self.m = m
    self.n = n
    self.k = k
  }
}

extension Kernels {
  /// Computes `MatmulArguments`. Needs the scratch of `matmulScratch`.
  public func matmul(_ arguments: MatmulArguments) {
    assertScratch(Self.matmulScratch)
    let work = MatmulTiles(arguments, kernels: self)
    pool.run(
      tiles: arguments.batch.elementCount * work.rows.tileCount * work.columns.tileCount, work)
  }

  /// The scratch that `matmul` needs, whatever the shapes.
  public static var matmulScratch: ScratchRequirement {
    let side = MatmulTiles.side, depth = MatmulTiles.depth
    return ScratchRequirement(perWorker: (2 * side * depth + side * side) * 4)
  }
}

/// Blocks of the output, each summed over blocks of K. An operand that BLAS cannot read in place
/// is packed block by block.
private struct MatmulTiles: TileWork {
  static let side = 192
  static let depth = 1024

  let arguments: MatmulArguments
  let kernels: Kernels
  let rows: TileGrid
  let columns: TileGrid
  let depths: TileGrid

  init(_ arguments: MatmulArguments, kernels: Kernels) {
    self.arguments = arguments
    self.kernels = kernels
    rows = TileGrid(count: arguments.m, limit: Self.side)
    columns = TileGrid(count: arguments.n, limit: Self.side)
    depths = TileGrid(count: arguments.k, limit: Self.depth)
  }

  func run(tile: Int, worker: Int) {
    let columnRange = columns.range(tile % columns.tileCount)
    let rowRange = rows.range(tile / columns.tileCount % rows.tileCount)
    let index = tile / columns.tileCount / rows.tileCount
    let p = arguments
    let out =
      p.out + offset(index, p.outBatchStrides) + rowRange.lowerBound * p.outRowStride
      + columnRange.lowerBound * p.outColumnStride
    let a =
      p.a.base + offset(index, p.a.batchStrides) + rowRange.lowerBound * p.a.rowStride
    let b =
      p.b.base + offset(index, p.b.batchStrides) + columnRange.lowerBound * p.b.columnStride
    let scratch = kernels.pool.scratch.perWorker(worker).assumingMemoryBound(to: Float.self)
    let m = rowRange.count, n = columnRange.count
    guard p.outColumnStride == 1, p.outRowStride >= n || m == 1 else {
      let stage = scratch + 2 * Self.side * Self.depth
      multiply(a, b, m: m, n: n, into: stage, rowStride: n, scratch)
      Self.copy(
        out, p.outRowStride, p.outColumnStride, from: stage, n, 1, rows: m, columns: n)
      return
    }
    multiply(a, b, m: m, n: n, into: out, rowStride: max(p.outRowStride, n), scratch)
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
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, m: Int, n: Int,
    into out: UnsafeMutablePointer<Float>, rowStride: Int, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let p = arguments
    for block in 0..<max(depths.tileCount, 1) {
      let part = depths.range(block)
      let left = Self.operand(
        p.a, at: a + part.lowerBound * p.a.columnStride, rows: m, columns: part.count,
        packed: scratch)
      let right = Self.operand(
        p.b, at: b + part.lowerBound * p.b.rowStride, rows: part.count, columns: n,
        packed: scratch + Self.side * Self.depth)
      BLAS.multiply(
        left, right, into: out, rowStride: rowStride, m: m, n: n, k: part.count,
        beta: block == 0 ? 0 : 1)
    }
  }

  /// A block of an operand, in place or packed.
  private static func operand(
    _ operand: MatrixOperand, at start: UnsafePointer<Float>, rows: Int, columns: Int,
    packed: UnsafeMutablePointer<Float>
  ) -> BLAS.Operand {
    if let readable = operand.readable(at: start, rows: rows, columns: columns) {
      return readable
    }
    copy(
      packed, columns, 1, from: start, operand.rowStride, operand.columnStride, rows: rows,
      columns: columns)
    return .init(base: packed, rowStride: columns)
  }

  private static func copy(
    _ out: UnsafeMutablePointer<Float>, _ outRowStride: Int, _ outColumnStride: Int,
    from x: UnsafePointer<Float>, _ xRowStride: Int, _ xColumnStride: Int, rows: Int, columns: Int
  ) {
    let shape = InlineShape(rows: rows, columns: columns)
    let outStrides = InlineShape(rows: outRowStride, columns: outColumnStride)
    let xStrides = InlineShape(rows: xRowStride, columns: xColumnStride)
    shape.withPointer { extents in
      outStrides.withPointer { outSteps in
        xStrides.withPointer { xSteps in
          pg_copy_strided(out, x, 4, 2, extents, outSteps, xSteps)
        }
      }
    }
  }
}
