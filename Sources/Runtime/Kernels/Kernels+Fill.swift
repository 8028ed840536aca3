import CKernels

extension Kernels {
  /// out[i] = first + i.
  func iota(out: UnsafeMutablePointer<Int64>, first: Int, count: Int) {
    let grid = TileGrid(count: count, limit: Self.elementsPerTile, unit: 16)
    pool.run(tiles: grid.tileCount, IotaTiles(out: out, first: first, grid: grid))
  }

  /// out[q, k] = 0 where query q, the last of which stands at the last key, sees key k, else -inf: keys up to
  /// its own place, of these the last `window`.
  func causalMask(out: UnsafeMutablePointer<Float>, queries: Int, keys: Int, window: Int) {
    let grid = TileGrid(count: queries, limit: max(1, Self.elementsPerTile / max(keys, 1)))
    pool.run(
      tiles: grid.tileCount,
      CausalMaskTiles(out: out, queries: queries, keys: keys, window: window, grid: grid))
  }
}

private struct IotaTiles: TileWork {
  let out: UnsafeMutablePointer<Int64>
  let first: Int
  let grid: TileGrid

  func run(tile: Int, worker: Int) {
    for index in grid.range(tile) { out[index] = Int64(first &+ index) }
  }
}

private struct CausalMaskTiles: TileWork {
  let out: UnsafeMutablePointer<Float>
  let queries: Int
  let keys: Int
  let window: Int
  let grid: TileGrid

  func run(tile: Int, worker: Int) {
    for row in grid.range(tile) {
      let query = keys - queries + row
      let end = min(max(query + 1, 0), keys)
      let start = min(max(query + 1 - min(window, max(query + 1, 0)), 0), end)
      let line = out + row * keys
      line.update(repeating: -.infinity, count: start)
      (line + start).update(repeating: 0, count: end - start)
      (line + end).update(repeating: -.infinity, count: keys - end)
    }
  }
}
