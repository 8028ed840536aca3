import CKernels

extension Kernels {
  /// out[i] = x[i], exact.
  func widen(
    out: UnsafeMutablePointer<Float>, bf16 x: UnsafePointer<UInt16>, count: Int
  ) {
    let grid = TileGrid(count: count, limit: Self.elementsPerTile, unit: 16)
    pool.run(tiles: grid.tileCount, WidenTiles(out: out, x: x, grid: grid, table: table))
  }

  /// out[i] = x[i] rounded to the nearest bf16, ties to even; a NaN stays a NaN.
  func narrow(
    bf16 out: UnsafeMutablePointer<UInt16>, x: UnsafePointer<Float>, count: Int
  ) {
    let grid = TileGrid(count: count, limit: Self.elementsPerTile, unit: 16)
    pool.run(tiles: grid.tileCount, NarrowTiles(out: out, x: x, grid: grid, table: table))
  }
}

private struct WidenTiles: TileWork {
  let out: UnsafeMutablePointer<Float>
  let x: UnsafePointer<UInt16>
  let grid: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let range = grid.range(tile)
    table.functions.pointee.bf16_to_f32(
      out + range.lowerBound, 0, x + range.lowerBound, 0, 1, range.count)
  }
}

private struct NarrowTiles: TileWork {
  let out: UnsafeMutablePointer<UInt16>
  let x: UnsafePointer<Float>
  let grid: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let range = grid.range(tile)
    table.functions.pointee.f32_to_bf16(
      out + range.lowerBound, 0, x + range.lowerBound, 0, 1, range.count)
  }
}
