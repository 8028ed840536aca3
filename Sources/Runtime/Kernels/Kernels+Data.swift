import CKernels

/// A row number that is not in the table.
struct RowOutOfRange: Error, Hashable, CustomStringConvertible {
  let row: Int64
  /// Which of the row numbers it is.
  let position: Int
  let tableRows: Int

  var description: String {
    "id \(row) at position \(position) is outside a table of \(tableRows) rows"
  }
}

/// A table of rows in memory and how many there are.
struct TableArguments {
  var base: WeightPointer
  var rowStride: Int
  var rows: Int
  var columns: Int

  /// A row stride left out means dense rows.
  init(base: WeightPointer, rowStride: Int? = nil, rows: Int, columns: Int) {
    self.base = base
    self.rowStride = rowStride ?? columns
    self.rows = rows
    self.columns = columns
  }
}

extension Kernels {
  /// out[i, :] = scale table[ids[i], :].
  ///
  /// - Throws: `RowOutOfRange` before anything is written.
  func embedding(
    out: UnsafeMutablePointer<Float>, outRowStride: Int, table rows: TableArguments,
    ids: UnsafePointer<Int64>, count: Int, scale: Float = 1
  ) throws(RowOutOfRange) {
    for position in 0..<count where ids[position] < 0 || ids[position] >= rows.rows {
      throw RowOutOfRange(row: ids[position], position: position, tableRows: rows.rows)
    }
    let grid = TileGrid(count: count, limit: max(1, Self.elementsPerTile / max(rows.columns, 1)))
    pool.run(
      tiles: grid.tileCount,
      GatherTiles(
        out: out, outRowStride: outRowStride, rows: rows, ids: ids, scale: scale, grid: grid,
        table: table))
  }

  /// out[i0, …] = x[i0, …] for elements of 1, 2, 4 or 8 bytes; the regions do not overlap.
  /// This is every transpose, slice, concatenation and patch extraction.
  func copy(
    out: UnsafeMutableRawPointer, outStrides: InlineShape, x: UnsafeRawPointer,
    xStrides: InlineShape, shape: InlineShape, elementBytes: Int
  ) {
    let work = CopyTiles(
      out: out, outStrides: outStrides, x: x, xStrides: xStrides, shape: shape,
      elementBytes: elementBytes)
    pool.run(tiles: work.grid.tileCount, work)
  }

  /// out[r, :] = x[r, :] cos[t, :] + rotate_half(x[r, :]) sin[t, :] for each batch, head and
  /// token t of `x`; cos and sin are read at the same place. `out` may be `x`.
  func rope(_ arguments: RopeArguments) {
    let limit = max(1, Self.elementsPerTile / max(arguments.headSize, 1))
    let work = RopeTiles(
      arguments: arguments, grid: TileGrid(count: arguments.tokens, limit: limit), table: table)
    pool.run(tiles: arguments.batch * arguments.heads * work.grid.tileCount, work)
  }
}

/// Operands of `rope`. `headSize` is even. Angles that are the same for several batches, heads or
/// tokens have stride 0 there.
struct RopeArguments {
  var out: UnsafeMutablePointer<Float>
  var outStrides: HeadStrides
  var x: UnsafePointer<Float>
  var xStrides: HeadStrides
  var cos: UnsafePointer<Float>
  var sin: UnsafePointer<Float>
  var cosStrides: HeadStrides
  var sinStrides: HeadStrides
  var batch: Int
  var heads: Int
  var tokens: Int
  var headSize: Int

  /// Strides of the angles left out mean dense `[tokens, headSize]`.
  init(
    out: UnsafeMutablePointer<Float>, outStrides: HeadStrides, x: UnsafePointer<Float>,
    xStrides: HeadStrides, cos: UnsafePointer<Float>, sin: UnsafePointer<Float>,
    cosStrides: HeadStrides? = nil, sinStrides: HeadStrides? = nil, batch: Int, heads: Int,
    tokens: Int, headSize: Int
  ) {
    self.out = out
    self.outStrides = outStrides
    self.x = x
    self.xStrides = xStrides
    self.cos = cos
    self.sin = sin
    self.cosStrides = cosStrides ?? HeadStrides(batch: 0, head: 0, token: headSize)
    self.sinStrides = sinStrides ?? HeadStrides(batch: 0, head: 0, token: headSize)
    self.batch = batch
    self.heads = heads
    self.tokens = tokens
    self.headSize = headSize
  }
}

private struct GatherTiles: TileWork {
  let out: UnsafeMutablePointer<Float>
  let outRowStride: Int
  let rows: TableArguments
  let ids: UnsafePointer<Int64>
  let scale: Float
  let grid: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    for position in grid.range(tile) {
      // What is used is what is checked, whoever else may write there.
      var id = ids[position]
      guard id >= 0, id < rows.rows else { continue }
      gather(&id, to: out + position * outRowStride)
    }
  }

  private func gather(_ id: UnsafePointer<Int64>, to row: UnsafeMutablePointer<Float>) {
    let functions = table.functions
    switch rows.base {
    case .f32(let base):
      functions.pointee.gather_f32(
        row, outRowStride, base, rows.rowStride, id, 1, rows.columns, scale)
    case .bf16(let base):
      functions.pointee.gather_bf16(
        row, outRowStride, base, rows.rowStride, id, 1, rows.columns, scale)
    case .panels(let panels):
      pg_gather_panels(panels.format, row, outRowStride, panels.base, id, 1, rows.columns, scale)
    }
  }
}

/// A strided copy, cut along its first dimension of some elements, or the longest where none has as many.
private struct CopyTiles: TileWork {
  let out: UnsafeMutableRawPointer
  let outStrides: InlineShape
  let x: UnsafeRawPointer
  let xStrides: InlineShape
  let shape: InlineShape
  let elementBytes: Int
  let axis: Int?
  let grid: TileGrid
  /// So many slices are enough for any number of threads.
  private static let cutExtent = 64

  init(
    out: UnsafeMutableRawPointer, outStrides: InlineShape, x: UnsafeRawPointer,
    xStrides: InlineShape, shape: InlineShape, elementBytes: Int
  ) {
    self.out = out
    self.outStrides = outStrides
    self.x = x
    self.xStrides = xStrides
    self.shape = shape
    self.elementBytes = elementBytes
    var axis: Int?
    for candidate in 0..<shape.rank where shape[candidate] > axis.map({ shape[$0] }) ?? 1 {
      axis = candidate
      if shape[candidate] >= Self.cutExtent { break }
    }
    self.axis = axis
    let extent = axis.map { shape[$0] } ?? 1
    let slice = shape.elementCount / max(extent, 1)
    grid = TileGrid(count: extent, limit: max(1, Kernels.elementsPerTile / max(slice, 1)))
  }

  func run(tile: Int, worker: Int) {
    var part = shape
    var outOffset = 0, xOffset = 0
    if let axis {
      let range = grid.range(tile)
      part[axis] = range.count
      outOffset = range.lowerBound * outStrides[axis]
      xOffset = range.lowerBound * xStrides[axis]
    }
    part.withPointer { extents in
      outStrides.withPointer { outSteps in
        xStrides.withPointer { xSteps in
          pg_copy_strided(
            out + outOffset * elementBytes, x + xOffset * elementBytes, elementBytes, part.rank,
            extents, outSteps, xSteps)
        }
      }
    }
  }
}

private struct RopeTiles: TileWork {
  let arguments: RopeArguments
  let grid: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let a = arguments
    let range = grid.range(tile % grid.tileCount)
    let pair = tile / grid.tileCount
    let batch = pair / a.heads, head = pair % a.heads
    table.functions.pointee.rope(
      a.out + a.outStrides.offset(batch: batch, head: head, token: range.lowerBound),
      a.outStrides.token,
      a.x + a.xStrides.offset(batch: batch, head: head, token: range.lowerBound),
      a.xStrides.token,
      a.cos + a.cosStrides.offset(batch: batch, head: head, token: range.lowerBound),
      a.cosStrides.token,
      a.sin + a.sinStrides.offset(batch: batch, head: head, token: range.lowerBound),
      a.sinStrides.token, range.count, a.headSize)
  }
}
