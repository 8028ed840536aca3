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
    for column in range {
      let target = out.integers + to + column * outLine
      let place = from + column * line
      switch (isInteger, isLargest) {
      case (true, true): select(x.integers + place, target) { $0 > $1 }
      case (true, false): select(x.integers + place, target) { $0 < $1 }
      case (false, true): selectLargest(x.floats + place, target)
      case (false, false):
        select(x.floats + place, target) { $0 < $1 || $1.isNaN && !$0.isNaN }
      }
    }
  }

  private func selectLargest(
    _ values: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Int64>
  ) {
    if out.shape[lines.axis] == 1, x.strides[lines.axis] == 1 {
      target.pointee = Int64(table.functions.pointee.argmax(values, x.shape[lines.axis]))
    } else {
      select(values, target) { $0 > $1 || $0.isNaN && !$1.isNaN }
    }
  }

  /// Keeps the best places sorted in the result while going through the line.
  @inline(__always)
  private func select<Element>(
    _ values: UnsafePointer<Element>, _ target: UnsafeMutablePointer<Int64>,
    isBefore: (Element, Element) -> Bool
  ) {
    let (step, outStep) = (x.strides[lines.axis], out.strides[lines.axis])
    let (count, k) = (x.shape[lines.axis], out.shape[lines.axis])
    var found = 0
    for place in 0..<count {
      let value = values[place * step]
      if found == k {
        let last = Int(target[(k - 1) * outStep])
        guard isBefore(value, values[last * step]) else { continue }
      } else {
        found += 1
      }
      // Behind all that are not worse, by halves.
      var (low, high) = (0, found - 1)
      while low < high {
        let middle = (low + high) / 2
        if isBefore(value, values[Int(target[middle * outStep]) * step]) {
          high = middle
        } else {
          low = middle + 1
        }
      }
      if outStep == 1 {
        (target + low + 1).update(from: target + low, count: found - 1 - low)
      } else {
        for slot in stride(from: found - 1, to: low, by: -1) {
          target[slot * outStep] = target[(slot - 1) * outStep]
        }
      }
      target[low * outStep] = Int64(place)
    }
  }
}
