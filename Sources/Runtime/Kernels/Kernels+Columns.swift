import CKernels

/// x[o, r, c] of `outer` matrices that lie one after the other.
struct ColumnArguments {
  var out: UnsafeMutablePointer<Float>
  var x: UnsafePointer<Float>
  var outer: Int
  var rows: Int
  var columns: Int
}

extension Kernels {
  /// Most rows that are summed one after the other in f32.
  static let summedRows = 1024

  /// out[o, c] = reduction of x[o, :, c]. A sum's error <= R u sum |x| for R rows.
  func reduceColumns(_ operation: Reduction, _ arguments: ColumnArguments) {
    let grid = TileGrid(count: arguments.columns, limit: 512, unit: 16)
    pool.run(
      tiles: arguments.outer * grid.tileCount,
      ColumnTiles(operation: operation, arguments: arguments, grid: grid, table: table))
  }
}

/// Some columns of one matrix.
private struct ColumnTiles: TileWork {
  let operation: Reduction
  let arguments: ColumnArguments
  let grid: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let a = arguments
    let columns = grid.range(tile % grid.tileCount)
    let matrix = tile / grid.tileCount
    let out = a.out + matrix * a.columns + columns.lowerBound
    let x = a.x + matrix * a.rows * a.columns + columns.lowerBound
    let binary = table.functions.pointee.binary
    out.update(repeating: operation == .max ? -.infinity : 0, count: columns.count)
    for row in 0..<a.rows {
      binary(
        operation == .max ? .max : .add, out, out, 1, x + row * a.columns, 1, columns.count)
    }
    guard operation == .mean else { return }
    var count = Float(a.rows)
    binary(.div, out, out, 1, &count, 0, columns.count)
  }
}
