import CKernels

/// A tensor operand with a stride per dimension; stride 0 repeats.
struct StridedOperand {
  var base: UnsafePointer<Float>
  var strides: InlineShape
}

extension Kernels {
  /// out[i] = operation(x[i]) for dense `count` elements; `out` may be `x`.
  func unary(
    _ operation: UnaryOperation, out: UnsafeMutablePointer<Float>, x: UnsafePointer<Float>,
    count: Int
  ) {
    let grid = TileGrid(count: count, limit: Self.elementsPerTile, unit: 16)
    pool.run(
      tiles: grid.tileCount,
      UnaryTiles(operation: operation, out: out, x: x, grid: grid, table: table))
  }

  /// out[i] = cap tanh(x[i] / cap) for dense `count` elements; `out` may be `x`.
  func softcap(
    out: UnsafeMutablePointer<Float>, x: UnsafePointer<Float>, count: Int, cap: Float
  ) {
    let grid = TileGrid(count: count, limit: Self.elementsPerTile, unit: 16)
    pool.run(
      tiles: grid.tileCount, SoftcapTiles(cap: cap, out: out, x: x, grid: grid, table: table))
  }

  /// out = operation(a, b) over `shape`; `out` is dense and may be a dense operand. Needs
  /// `elementwiseScratch` where `stages`, which is for operands with gaps in their rows.
  func binary(
    _ operation: BinaryOperation, out: UnsafeMutablePointer<Float>, shape: InlineShape,
    a: StridedOperand, b: StridedOperand, stages: Bool = false
  ) {
    if stages { assertScratch(Self.elementwiseScratch) }
    let work = BinaryTiles(
      operation: operation, out: out, a: a.base, b: b.base,
      grid: ElementwiseGrid(
        shape: shape, strides: [a.strides, b.strides, b.strides], operandCount: 2),
      stages: stages, kernels: self)
    pool.run(tiles: work.grid.tileCount, work)
  }
}

private struct UnaryTiles: TileWork {
  let operation: UnaryOperation
  let out: UnsafeMutablePointer<Float>
  let x: UnsafePointer<Float>
  let grid: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let range = grid.range(tile)
    table.functions.pointee.unary(
      operation, out + range.lowerBound, x + range.lowerBound, range.count)
  }
}

private struct SoftcapTiles: TileWork {
  let cap: Float
  let out: UnsafeMutablePointer<Float>
  let x: UnsafePointer<Float>
  let grid: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let range = grid.range(tile)
    table.functions.pointee.softcap(
      out + range.lowerBound, x + range.lowerBound, range.count, cap)
  }
}

/// Row after row of the rectangles of a tile.
private struct BinaryTiles: TileWork {
  let operation: BinaryOperation
  let out: UnsafeMutablePointer<Float>
  let a: UnsafePointer<Float>
  let b: UnsafePointer<Float>
  let grid: ElementwiseGrid
  let stages: Bool
  let kernels: Kernels

  func run(tile: Int, worker: Int) {
    let stage = stages ? kernels.pool.scratch.perWorker(worker) : nil
    let binary = kernels.table.functions.pointee.binary
    grid.forEachRectangle(of: tile) { part in
      let left = grid.operand(0, of: part, a, 4, stage: stage)
      let right = grid.operand(1, of: part, b, 4, stage: stage)
      let x = left.base.assumingMemoryBound(to: Float.self)
      let y = right.base.assumingMemoryBound(to: Float.self)
      for row in 0..<part.rows {
        binary(
          operation, out + part.out + row * part.columns, x + row * left.row, left.step,
          y + row * right.row, right.step, part.columns)
      }
    }
  }
}
