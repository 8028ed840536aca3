import CKernels

extension Kernels {
  /// out[…] = reduction of x over the axes `folded`; `out` is dense and has the other axes in their order.
  func fold(
    _ operation: FoldOperation, out: UnsafeMutableRawPointer, elementBytes: Int,
    x: UnsafeRawPointer, shape: InlineShape, strides: InlineShape, isFolded: (Int) -> Bool
  ) {
    let kept = pg_axes(shape, strides) { !isFolded($0) }
    let folded = pg_axes(shape, strides, where: isFolded)
    // At least so many that neighbouring results share the lines of the cache.
    let limit = max(128, Self.elementsPerTile / max(folded.count, 1))
    let work = FoldTiles(
      operation: operation, out: out, elementBytes: elementBytes, x: x, kept: kept, folded: folded,
      grid: TileGrid(count: kept.count, limit: limit), table: table)
    pool.run(tiles: work.grid.tileCount, work)
  }
}

private struct FoldTiles: TileWork {
  let operation: FoldOperation
  let out: UnsafeMutableRawPointer
  let elementBytes: Int
  let x: UnsafeRawPointer
  let kept: pg_axes
  let folded: pg_axes
  let grid: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let range = grid.range(tile)
    var (kept, folded) = (kept, folded)
    table.functions.pointee.fold(
      operation, out + range.lowerBound * elementBytes, x, &kept, &folded, range.lowerBound,
      range.count)
  }
}

extension pg_axes {
  /// The axes for which `isTaken` holds, neighbours merged that lie densely; one of extent 1 where there is
  /// none.
  fileprivate init(
    _ shape: InlineShape, _ strides: InlineShape, where isTaken: (Int) -> Bool
  ) {
    var (extents, steps) = (InlineShape(), InlineShape())
    for axis in 0..<shape.rank where isTaken(axis) && shape[axis] != 1 {
      let last = extents.rank - 1
      if last >= 0, steps[last] == shape[axis] * strides[axis] {
        extents[last] *= shape[axis]
        steps[last] = strides[axis]
      } else {
        extents.append(shape[axis])
        steps.append(strides[axis])
      }
    }
    if extents.rank == 0 {
      extents.append(1)
      steps.append(0)
    }
    self.init()
    rank = extents.rank
    withUnsafeMutableBytes(of: &self.shape) { target in
      extents.withPointer { target.copyMemory(from: UnsafeRawBufferPointer(start: $0, count: 64)) }
    }
    withUnsafeMutableBytes(of: &self.strides) { target in
      steps.withPointer { target.copyMemory(from: UnsafeRawBufferPointer(start: $0, count: 64)) }
    }
  }

  /// The number of places.
  fileprivate var count: Int {
    withUnsafeBytes(of: shape) { bytes in
      (0..<Int(rank)).reduce(1) { $0 * bytes.loadUnaligned(fromByteOffset: $1 * 8, as: Int.self) }
    }
  }
}
