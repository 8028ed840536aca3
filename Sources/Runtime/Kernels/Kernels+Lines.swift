import CKernels

/// The lines of a tensor along one axis: all others are counted through, the last of them innermost.
struct LineGrid {
  let shape: InlineShape
  let axis: Int
  /// Lines that lie side by side along the last other axis.
  let width: Int
  private let widthAxis: Int?
  private let outer: InlineShape

  init(_ shape: InlineShape, along axis: Int) {
    self.shape = shape
    self.axis = axis
    widthAxis = (0..<shape.rank).last { $0 != axis }
    width = widthAxis.map { shape[$0] } ?? 1
    var outer = shape
    outer[axis] = 1
    if let widthAxis { outer[widthAxis] = 1 }
    self.outer = outer
  }

  /// Groups of `width` lines.
  var groupCount: Int { outer.elementCount }

  /// Where the first line of a group begins, for these strides.
  func place(_ group: Int, _ strides: InlineShape) -> Int {
    var (rest, place) = (group, 0)
    for axis in stride(from: outer.rank - 1, through: 0, by: -1) {
      place += rest % outer[axis] * strides[axis]
      rest /= outer[axis]
    }
    return place
  }

  /// From one line of a group to the next.
  func lineStride(_ strides: InlineShape) -> Int { widthAxis.map { strides[$0] } ?? 0 }
}

extension Kernels {
  /// Running sums along an axis, as `pg_cumulate` defines them.
  func cumulate(
    isInteger: Bool, out: BufferView, x: BufferView, axis: Int, isExclusive: Bool, isReverse: Bool
  ) {
    let lines = LineGrid(x.shape, along: axis)
    let limit = max(1, Self.elementsPerTile / max(x.shape[axis], 1))
    let work = CumulateTiles(
      isInteger: isInteger, out: out, x: x, lines: lines, isExclusive: isExclusive,
      isReverse: isReverse, columns: TileGrid(count: lines.width, limit: max(limit, 64)))
    pool.run(tiles: lines.groupCount * work.columns.tileCount, work)
  }

  /// Softmax along an axis that is not the last, of a dense `out`. Needs the scratch of
  /// `softmaxColumnScratch`; `x` is `out` or has its strides.
  func softmaxColumns(out: BufferView, x: BufferView, axis: Int) {
    assertScratch(Self.softmaxColumnScratch)
    let outer = (0..<axis).reduce(1) { $0 * out.shape[$1] }
    let columns = (axis + 1..<out.rank).reduce(1) { $0 * out.shape[$1] }
    let work = SoftmaxColumnTiles(
      out: out.floats, x: UnsafePointer(x.floats), rows: out.shape[axis], columns: columns,
      grid: TileGrid(count: columns, limit: SoftmaxColumnTiles.columnLimit, unit: 16),
      kernels: self)
    pool.run(tiles: outer * work.grid.tileCount, work)
  }

  static var softmaxColumnScratch: ScratchRequirement {
    ScratchRequirement(perWorker: 2 * SoftmaxColumnTiles.columnLimit * MemoryLayout<Float>.size)
  }
}

private struct CumulateTiles: TileWork {
  let isInteger: Bool
  let out: BufferView
  let x: BufferView
  let lines: LineGrid
  let isExclusive: Bool
  let isReverse: Bool
  let columns: TileGrid

  func run(tile: Int, worker: Int) {
    let range = columns.range(tile % columns.tileCount)
    let group = tile / columns.tileCount
    let (line, outLine) = (lines.lineStride(x.strides), lines.lineStride(out.strides))
    let from = lines.place(group, x.strides) + range.lowerBound * line
    let to = lines.place(group, out.strides) + range.lowerBound * outLine
    let bytes = isInteger ? 8 : 4
    pg_cumulate(
      isInteger, out.base + to * bytes, out.strides[lines.axis], outLine, x.base + from * bytes,
      x.strides[lines.axis], line, x.shape[lines.axis], range.count, isExclusive, isReverse)
  }
}

/// Some columns of one matrix.
private struct SoftmaxColumnTiles: TileWork {
  static let columnLimit = 512

  let out: UnsafeMutablePointer<Float>
  let x: UnsafePointer<Float>
  let rows: Int
  let columns: Int
  let grid: TileGrid
  let kernels: Kernels

  func run(tile: Int, worker: Int) {
    let range = grid.range(tile % grid.tileCount)
    let start = tile / grid.tileCount * rows * columns + range.lowerBound
    let (out, x, count) = (out + start, x + start, range.count)
    let functions = kernels.table.functions
    let binary = functions.pointee.binary
    let largest = kernels.pool.scratch.perWorker(worker).assumingMemoryBound(to: Float.self)
    let sums = largest + Self.columnLimit
    largest.update(repeating: -.infinity, count: count)
    sums.update(repeating: 0, count: count)
    for row in 0..<rows { binary(.max, largest, largest, 1, x + row * columns, 1, count) }
    for row in 0..<rows {
      let place = out + row * columns
      binary(.sub, place, x + row * columns, 1, largest, 1, count)
      functions.pointee.unary(.exp, place, place, count)
      binary(.add, sums, sums, 1, place, 1, count)
    }
    for row in 0..<rows {
      binary(.div, out + row * columns, out + row * columns, 1, sums, 1, count)
    }
  }
}
