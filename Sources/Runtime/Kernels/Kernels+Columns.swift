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
  /// Rows that are summed one after the other, and columns of a tile.
  private static let summedRows = 256
  private static let columnLimit = 512

  static var columnScratch: ScratchRequirement { ScratchRequirement(perWorker: columnLimit * 4) }

  /// out[o, c] = reduction of x[o, :, c]. A sum's error <= (256 + R/256) u sum |x| for R rows. Needs the
  /// scratch of `columnScratch`.
  func reduceColumns(_ operation: Reduction, _ arguments: ColumnArguments) {
    assertScratch(Self.columnScratch)
    let grid = TileGrid(count: arguments.columns, limit: Self.columnLimit, unit: 16)
    pool.run(
      tiles: arguments.outer * grid.tileCount,
      ColumnTiles(
        operation: operation, arguments: arguments, grid: grid, block: Self.summedRows,
        kernels: self))
  }
}

/// Some columns of one matrix.
private struct ColumnTiles: TileWork {
  let operation: Reduction
  let arguments: ColumnArguments
  let grid: TileGrid
  let block: Int
  let kernels: Kernels

  func run(tile: Int, worker: Int) {
    let a = arguments
    let columns = grid.range(tile % grid.tileCount)
    let matrix = tile / grid.tileCount
    let out = a.out + matrix * a.columns + columns.lowerBound
    let x = a.x + matrix * a.rows * a.columns + columns.lowerBound
    let binary = kernels.table.functions.pointee.binary
    let (start, step): (Float, BinaryOperation) =
      operation == .max ? (-.infinity, .max) : (0, .add)
    let part = kernels.pool.scratch.perWorker(worker).assumingMemoryBound(to: Float.self)
    out.update(repeating: start, count: columns.count)
    for first in stride(from: 0, to: a.rows, by: block) {
      part.update(repeating: start, count: columns.count)
      for row in first..<min(first + block, a.rows) {
        binary(step, part, part, 1, x + row * a.columns, 1, columns.count)
      }
      binary(step, out, out, 1, part, 1, columns.count)
    }
    guard operation == .mean else { return }
    var count = Float(a.rows)
    binary(.div, out, out, 1, &count, 0, columns.count)
  }
}
