import CKernels

extension Kernels {
  /// out[o, i, …] = x[o, ids[i], …] for elements of any type; ids below 0 count from the end.
  ///
  /// - Throws: `RowOutOfRange` before anything is written.
  func gather(
    out: UnsafeMutableRawPointer, x: UnsafeRawPointer, extent: Int, outer: Int, innerBytes: Int,
    ids: UnsafePointer<Int64>, count: Int
  ) throws(RowOutOfRange) {
    for position in 0..<count where ids[position] < -extent || ids[position] >= extent {
      throw RowOutOfRange(row: ids[position], position: position, tableRows: extent)
    }
    let work = GatherRowTiles(
      out: out, x: x, extent: extent, innerBytes: innerBytes, ids: ids, count: count,
      grid: TileGrid(
        count: outer * count, limit: max(1, 4 * Self.elementsPerTile / max(innerBytes, 1))))
    pool.run(tiles: work.grid.tileCount, work)
  }
}

/// Some rows of the result, all ids of one outer index after the other.
private struct GatherRowTiles: TileWork {
  let out: UnsafeMutableRawPointer
  let x: UnsafeRawPointer
  let extent: Int
  let innerBytes: Int
  let ids: UnsafePointer<Int64>
  let count: Int
  let grid: TileGrid

  func run(tile: Int, worker: Int) {
    let rows = grid.range(tile)
    var row = rows.lowerBound
    while row < rows.upperBound {
      let first = row % count
      let run = min(count - first, rows.upperBound - row)
      let source = x + row / count * extent * innerBytes
      let target = out + row * innerBytes
      switch innerBytes {
      case 1: copy(UInt8.self, source, target, first, run)
      case 2: copy(UInt16.self, source, target, first, run)
      case 4: copy(UInt32.self, source, target, first, run)
      case 8: copy(UInt64.self, source, target, first, run)
      case 16: copy(SIMD2<UInt64>.self, source, target, first, run)
      case 32: copy(SIMD4<UInt64>.self, source, target, first, run)
      default:
        for place in 0..<run {
          (target + place * innerBytes).copyMemory(
            from: source + index(first + place) * innerBytes, byteCount: innerBytes)
        }
      }
      row += run
    }
  }

  /// The checked id, clamped so that not even memory that changes meanwhile leads out of x.
  @inline(__always)
  private func index(_ position: Int) -> Int {
    let id = Int(ids[position])
    return min(max(id < 0 ? id &+ extent : id, 0), extent - 1)
  }

  /// Rows of the size of `Row`, at any alignment.
  @inline(__always)
  private func copy<Row: BitwiseCopyable>(
    _: Row.Type, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ first: Int,
    _ run: Int
  ) {
    let bytes = MemoryLayout<Row>.size
    for place in 0..<run {
      let row = source.loadUnaligned(fromByteOffset: index(first + place) * bytes, as: Row.self)
      target.storeBytes(of: row, toByteOffset: place * bytes, as: Row.self)
    }
  }
}
