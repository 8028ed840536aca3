import CKernels
import Tensors

extension Kernels {
  /// The places of the k best of each line along an axis, best first, equal ones in their order. `x` holds f32,
  /// where NaN is the largest, or i64.
  func topK(out: BufferView, x: BufferView, axis: Int, isInteger: Bool, isLargest: Bool) {
    guard out.shape[axis] > 0 else { return }
    let lines = LineGrid(x.shape, along: axis)
    let columns = TileGrid(
      count: lines.width, limit: max(64, Self.elementsPerTile / max(x.shape[axis], 1)))
    let work = TopKTiles(
      out: out, x: x, isInteger: isInteger, isLargest: isLargest, lines: lines, columns: columns,
      table: table)
    pool.run(tiles: lines.groupCount * columns.tileCount, work)
  }
}

private struct TopKTiles: TileWork {
  let out: BufferView
  let x: BufferView
  let isInteger: Bool
  let isLargest: Bool
  let lines: LineGrid
  let columns: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let group = tile / columns.tileCount
    let (line, outLine) = (lines.lineStride(x.strides), lines.lineStride(out.strides))
    let (from, to) = (lines.place(group, x.strides), lines.place(group, out.strides))
    let range = columns.range(tile % columns.tileCount)
    if out.shape[lines.axis] == 1, line == 1, outLine == 1 {
      let bytes = x.element.byteCount
      pg_best_of_columns(
        isInteger, isLargest, out.integers + to + range.lowerBound,
        x.base + (from + range.lowerBound) * bytes, x.strides[lines.axis], x.shape[lines.axis],
        range.count)
      return
    }
    if out.shape[lines.axis] == 1, x.strides[lines.axis] == 1, !isInteger, isLargest {
      for column in range {
        let values = UnsafePointer(x.floats + from + column * line)
        out.integers[to + column * outLine] = Int64(
          table.functions.pointee.argmax(values, x.shape[lines.axis]))
      }
      return
    }
    pg_top_k(
      isInteger, isLargest, out.integers + to + range.lowerBound * outLine, out.strides[lines.axis],
      outLine,
      x.base + (from + range.lowerBound * line) * x.element.byteCount, x.strides[lines.axis], line,
      x.shape[lines.axis], out.shape[lines.axis], range.count)
  }
}
