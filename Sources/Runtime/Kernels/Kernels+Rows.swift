import CKernels

/// Rows of f32 that a kernel reads and rows that it writes, which may be the same ones.
struct RowArguments {
  var out: UnsafeMutablePointer<Float>
  var outRowStride: Int
  var x: UnsafePointer<Float>
  var xRowStride: Int
  var rows: Int
  var columns: Int

  /// Row strides left out mean dense rows.
  init(
    out: UnsafeMutablePointer<Float>, outRowStride: Int? = nil, x: UnsafePointer<Float>,
    xRowStride: Int? = nil, rows: Int, columns: Int
  ) {
    self.out = out
    self.outRowStride = outRowStride ?? columns
    self.x = x
    self.xRowStride = xRowStride ?? columns
    self.rows = rows
    self.columns = columns
  }

  /// Blocks of rows, each with enough elements to be worth a tile.
  var grid: TileGrid {
    TileGrid(count: rows, limit: max(1, Kernels.elementsPerTile / max(columns, 1)))
  }

  func out(_ row: Int) -> UnsafeMutablePointer<Float> { out + row * outRowStride }
  func x(_ row: Int) -> UnsafePointer<Float> { x + row * xRowStride }
}

extension Kernels {
  /// Elements of one tile of a kernel that does little to each.
  static let elementsPerTile = 16 << 10

  /// (x - mean) / sqrt(variance + eps) weight + bias of each row; a null weight is 1, a null bias
  /// is 0.
  func layerNorm(
    _ rows: RowArguments, weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, eps: Float
  ) {
    let work = LayerNormTiles(
      rows: rows, grid: rows.grid, weight: weight, bias: bias, eps: eps, table: table)
    pool.run(tiles: work.grid.tileCount, work)
  }

  /// x / sqrt(mean(x²) + eps) (weightOffset + weight) of each row; a null weight multiplies by 1.
  func rmsNorm(
    _ rows: RowArguments, weight: UnsafePointer<Float>?, weightOffset: Float, eps: Float
  ) {
    let work = RMSNormTiles(
      rows: rows, grid: rows.grid, weight: weight, weightOffset: weightOffset, eps: eps,
      table: table)
    pool.run(tiles: work.grid.tileCount, work)
  }

  /// Softmax of each row.
  func softmax(_ rows: RowArguments) {
    let work = SoftmaxTiles(rows: rows, grid: rows.grid, table: table)
    pool.run(tiles: work.grid.tileCount, work)
  }

  /// One value per row into consecutive elements of `rows.out`.
  func reduce(_ operation: Reduction, _ rows: RowArguments) {
    let work = ReduceTiles(operation: operation, rows: rows, grid: rows.grid, table: table)
    pool.run(tiles: work.grid.tileCount, work)
  }

  /// The index of the largest of `count` >= 1 values, the first of equals; a NaN is the largest.
  func argmax(_ x: UnsafePointer<Float>, count: Int) -> Int {
    table.functions.pointee.argmax(x, count)
  }
}

private struct LayerNormTiles: TileWork {
  let rows: RowArguments
  let grid: TileGrid
  let weight: UnsafePointer<Float>?
  let bias: UnsafePointer<Float>?
  let eps: Float
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let range = grid.range(tile)
    table.functions.pointee.layer_norm(
      rows.out(range.lowerBound), rows.outRowStride, rows.x(range.lowerBound), rows.xRowStride,
      range.count, rows.columns, weight, bias, eps)
  }
}

private struct RMSNormTiles: TileWork {
  let rows: RowArguments
  let grid: TileGrid
  let weight: UnsafePointer<Float>?
  let weightOffset: Float
  let eps: Float
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let range = grid.range(tile)
    table.functions.pointee.rms_norm(
      rows.out(range.lowerBound), rows.outRowStride, rows.x(range.lowerBound), rows.xRowStride,
      range.count, rows.columns, weight, weightOffset, eps)
  }
}

private struct SoftmaxTiles: TileWork {
  let rows: RowArguments
  let grid: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let range = grid.range(tile)
    table.functions.pointee.softmax(
      rows.out(range.lowerBound), rows.outRowStride, rows.x(range.lowerBound), rows.xRowStride,
      range.count, rows.columns)
  }
}

private struct ReduceTiles: TileWork {
  let operation: Reduction
  let rows: RowArguments
  let grid: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let range = grid.range(tile)
    table.functions.pointee.reduce(
      operation, rows.out + range.lowerBound, rows.x(range.lowerBound), rows.xRowStride,
      range.count, rows.columns)
  }
}
