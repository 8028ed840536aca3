import CKernels
import Glibc

/// How attention is cut into tiles: by batch, key head, tokens of queries and, when there are
/// few query rows, by splits of the keys. The rows of a tile are its tokens times the query heads
/// that share its key head, token by token.
struct AttentionGrid {
  /// Rows up to which keys and values are streamed once for all of them, in parallel splits.
  static let streamedRows = 32
  static let blockedRows = 128
  static let streamedKeys = 256
  /// Keys whose panels and scores are held together when there are many rows.
  static let blockedKeys = 512

  let shape: AttentionShape
  let isStreamed: Bool
  let tokens: TileGrid
  /// Parts of the keys that run in parallel and are merged afterwards.
  let splits: TileGrid
  /// Most keys whose scores are held at once.
  let keyLimit: Int

  init(_ shape: AttentionShape) {
    self.shape = shape
    let group = max(shape.groupSize, 1)
    isStreamed = shape.queries * group <= Self.streamedRows
    if isStreamed {
      tokens = TileGrid(count: shape.queries, limit: shape.queries)
      splits = TileGrid(
        count: max(shape.keys, 1), limit: Self.streamedKeys, unit: Self.streamedKeys)
      keyLimit = Self.streamedKeys
    } else {
      tokens = TileGrid(count: shape.queries, limit: max(1, Self.blockedRows / group))
      splits = TileGrid(count: max(shape.keys, 1), limit: max(shape.keys, 1))
      keyLimit = Self.blockedKeys
    }
  }

  var tileCount: Int {
    shape.batch * shape.keyHeads * tokens.tileCount * splits.tileCount
  }

  var rowLimit: Int { max(tokens.tileSize, 1) * shape.groupSize }

  /// Floats of one split's partial result: largest score and sum of each row, then the rows.
  var partialCount: Int { rowLimit * (shape.valueSize + 2) }

  /// What exactly this grid needs.
  var scratch: ScratchRequirement {
    let partials = shape.batch * shape.keyHeads * splits.tileCount * partialCount
    let shared = isStreamed ? (splits.tileCount > 1 ? partials : 0) : panelCount
    return ScratchRequirement(
      perWorker: AttentionTileMemory.elementCount(self) * 4, shared: shared * 4)
  }

  // MARK: Keys and values in panels, for many rows

  /// Blocks of keys; all but the last are full.
  var keyBlocks: Int { shape.keys.dividedRoundingUp(by: Self.blockedKeys) }

  /// Floats of one key and its value in panels.
  var panelWidth: Int { shape.headSize.rounded(upTo: 2) + shape.valueSize.rounded(upTo: 16) }

  /// Floats of all keys and values of one key head in panels.
  var headPanelCount: Int { shape.keys.rounded(upTo: 16) * panelWidth }

  private var panelCount: Int { shape.batch * shape.keyHeads * headPanelCount }
}

/// The parts of a worker's scratch during one tile.
struct AttentionTileMemory {
  let queries: UnsafeMutablePointer<Float>
  let scores: UnsafeMutablePointer<Float>
  let largest: UnsafeMutablePointer<Float>
  let sums: UnsafeMutablePointer<Float>
  let values: UnsafeMutablePointer<Float>
  /// Query rows in blocks, then one block of weights, for products with panels.
  let queryBlocks: UnsafeMutablePointer<Float>
  let weightBlock: UnsafeMutablePointer<Float>

  /// More rows than any instruction set's blocks of f32 have.
  private static let blockRowLimit = 16

  /// Numbers that a block of f32 holds of each row, for so many columns.
  static func blockColumns(_ columns: Int) -> Int { columns.rounded(upTo: 32) }

  private static func queryBlockCount(_ grid: AttentionGrid) -> Int {
    grid.isStreamed ? 0 : (grid.rowLimit + blockRowLimit) * blockColumns(grid.shape.headSize)
  }

  static func elementCount(_ grid: AttentionGrid) -> Int {
    let rows = grid.rowLimit * (grid.shape.headSize + grid.shape.valueSize + grid.keyLimit + 2)
    let weights = grid.isStreamed ? 0 : blockRowLimit * blockColumns(grid.keyLimit)
    return rows + queryBlockCount(grid) + weights
  }

  init(_ grid: AttentionGrid, base: UnsafeMutablePointer<Float>) {
    let rows = grid.rowLimit
    queries = base
    values = queries + rows * grid.shape.headSize
    scores = values + rows * grid.shape.valueSize
    largest = scores + rows * grid.keyLimit
    sums = largest + rows
    queryBlocks = sums + rows
    weightBlock = queryBlocks + Self.queryBlockCount(grid)
  }
}

/// One dispatch of attention.
struct AttentionTiles: TileWork {
  let arguments: AttentionArguments
  let kernels: Kernels
  let grid: AttentionGrid

  init(_ arguments: AttentionArguments, kernels: Kernels) {
    self.arguments = arguments
    self.kernels = kernels
    grid = AttentionGrid(arguments.shape)
  }

  private var functions: UnsafePointer<pg_kernels> { kernels.table.functions }

  /// Where a tile lies.
  struct Place {
    var batch: Int
    var keyHead: Int
    var tokens: Range<Int>
    var split: Int
  }

  func place(_ tile: Int) -> Place {
    let splits = grid.splits.tileCount, tiles = grid.tokens.tileCount
    let pair = tile / (splits * tiles)
    return Place(
      batch: pair / arguments.shape.keyHeads, keyHead: pair % arguments.shape.keyHeads,
      tokens: grid.tokens.range(tile / splits % tiles), split: tile % splits)
  }

  func run(tile: Int, worker: Int) {
    let place = place(tile)
    let base = kernels.pool.scratch.perWorker(worker).assumingMemoryBound(to: Float.self)
    let memory = AttentionTileMemory(grid, base: base)
    let rows = place.tokens.count * arguments.shape.groupSize
    packQueries(place, into: memory.queries)
    memory.values.update(repeating: 0, count: rows * arguments.shape.valueSize)
    memory.largest.update(repeating: -.infinity, count: rows)
    memory.sums.update(repeating: 0, count: rows)

    let keys = visibleKeys(place)
    if grid.isStreamed {
      let blocks = TileGrid(count: keys.count, limit: grid.keyLimit, unit: 16)
      for block in 0..<blocks.tileCount {
        let range = blocks.range(block)
        stream(
          place, keys.lowerBound + range.lowerBound..<keys.lowerBound + range.upperBound, memory)
      }
    } else if !keys.isEmpty {
      packQueryBlocks(rows, memory)
      let first = keys.lowerBound / grid.keyLimit, last = (keys.upperBound - 1) / grid.keyLimit
      for block in first...last { attend(place, toBlock: block, memory) }
    }
    if grid.splits.tileCount > 1 {
      storePartial(place, memory)
    } else {
      storeResult(place, memory)
    }
  }

  /// The tile's query rows, token by token, gathered densely.
  private func packQueries(_ place: Place, into rows: UnsafeMutablePointer<Float>) {
    let shape = arguments.shape
    var row = rows
    for token in place.tokens {
      for head in 0..<shape.groupSize {
        let offset = arguments.qStrides.offset(
          batch: place.batch, head: place.keyHead * shape.groupSize + head, token: token)
        row.update(from: arguments.q + offset, count: shape.headSize)
        row += shape.headSize
      }
    }
  }

  private func visibleKeys(token: Int) -> Range<Int> {
    let shape = arguments.shape
    return arguments.mask.visibleKeys(
      position: shape.keys - shape.queries + token, keys: shape.keys)
  }

  /// The keys of the tile's split that any of its queries sees: later queries see no earlier
  /// first and no earlier last key.
  private func visibleKeys(_ place: Place) -> Range<Int> {
    let first = visibleKeys(token: place.tokens.lowerBound)
    let last = visibleKeys(token: place.tokens.upperBound - 1)
    let split = grid.splits.range(place.split)
    return (first.lowerBound..<max(first.lowerBound, last.upperBound)).clamped(to: split)
  }

  /// Adds some keys and their values to each of a few rows.
  private func stream(_ place: Place, _ keys: Range<Int>, _ memory: AttentionTileMemory) {
    let shape = arguments.shape, size = shape.headSize, width = shape.valueSize
    let rows = place.tokens.count * shape.groupSize
    let k =
      arguments.k
      + arguments.kStrides.offset(
        batch: place.batch, head: place.keyHead, token: keys.lowerBound)
    let v =
      arguments.v
      + arguments.vStrides.offset(
        batch: place.batch, head: place.keyHead, token: keys.lowerBound)
    functions.pointee.gemv_f32(
      memory.scores, keys.count, memory.queries, size, rows, k, arguments.kStrides.token,
      keys.count, size)
    normalise(place, keys, memory)
    functions.pointee.accumulate_rows(
      memory.values, width, memory.scores, keys.count, rows, v, arguments.vStrides.token,
      keys.count, width)
  }

  /// Turns scores into weights, and brings what was summed so far to each row's new maximum.
  func normalise(_ place: Place, _ keys: Range<Int>, _ memory: AttentionTileMemory) {
    let shape = arguments.shape
    var row = 0
    for token in place.tokens {
      let visible = visibleKeys(token: token).clamped(to: keys)
      for head in 0..<shape.groupSize {
        let scores = memory.scores + row * keys.count
        let start = visible.lowerBound - keys.lowerBound
        let end = visible.upperBound - keys.lowerBound
        scores.update(repeating: 0, count: start)
        (scores + end).update(repeating: 0, count: keys.count - end)
        let additive = arguments.additive.map {
          $0.base + visible.lowerBound
            + $0.strides.offset(
              batch: place.batch, head: place.keyHead * shape.groupSize + head, token: token)
        }
        var correction = functions.pointee.online_softmax(
          scores + start, visible.count, arguments.scale, arguments.softcap ?? 0, additive,
          memory.largest + row, memory.sums + row)
        if correction != 1 {
          let values = memory.values + row * shape.valueSize
          functions.pointee.binary(
            .mul, values, values, 1, &correction, 0, shape.valueSize)
        }
        row += 1
      }
    }
  }

  /// Writes rows divided by their sums to the output.
  private func storeResult(_ place: Place, _ memory: AttentionTileMemory) {
    let group = arguments.shape.groupSize, size = arguments.shape.valueSize
    var row = 0
    for token in place.tokens {
      for head in 0..<group {
        var divisor: Float = memory.sums[row] == 0 ? 1 : memory.sums[row]
        let offset = arguments.outStrides.offset(
          batch: place.batch, head: place.keyHead * group + head, token: token)
        functions.pointee.binary(
          .div, arguments.out + offset, memory.values + row * size, 1, &divisor, 0, size)
        row += 1
      }
    }
  }

  /// Where a split leaves its partial result.
  func partial(batch: Int, keyHead: Int, split: Int) -> UnsafeMutablePointer<Float> {
    let pair = batch * arguments.shape.keyHeads + keyHead
    return kernels.pool.scratch.shared.assumingMemoryBound(to: Float.self)
      + (pair * grid.splits.tileCount + split) * grid.partialCount
  }

  private func storePartial(_ place: Place, _ memory: AttentionTileMemory) {
    let rows = grid.rowLimit
    let partial = partial(batch: place.batch, keyHead: place.keyHead, split: place.split)
    partial.update(from: memory.largest, count: rows)
    (partial + rows).update(from: memory.sums, count: rows)
    (partial + 2 * rows).update(from: memory.values, count: rows * arguments.shape.valueSize)
  }
}

/// Merges the splits of each key head in their order:
///   m = max m_s,  out = sum_s e^(m_s - m) values_s / sum_s e^(m_s - m) sum_s.
struct AttentionMerge: TileWork {
  let tiles: AttentionTiles

  init(_ tiles: AttentionTiles) { self.tiles = tiles }

  func run(tile: Int, worker: Int) {
    let shape = tiles.arguments.shape
    let batch = tile / shape.keyHeads, keyHead = tile % shape.keyHeads
    for row in 0..<tiles.grid.rowLimit {
      let offset = tiles.arguments.outStrides.offset(
        batch: batch, head: keyHead * shape.groupSize + row % shape.groupSize,
        token: row / shape.groupSize)
      merge(row, batch: batch, keyHead: keyHead, into: tiles.arguments.out + offset)
    }
  }

  private func merge(
    _ row: Int, batch: Int, keyHead: Int, into out: UnsafeMutablePointer<Float>
  ) {
    let rows = tiles.grid.rowLimit, size = tiles.arguments.shape.valueSize
    let splits = tiles.grid.splits.tileCount
    var largest = -Float.infinity
    for split in 0..<splits {
      let candidate = tiles.partial(batch: batch, keyHead: keyHead, split: split)[row]
      if candidate > largest || candidate.isNaN { largest = candidate }
    }
    var sum: Float = 0
    out.update(repeating: 0, count: size)
    for split in 0..<splits {
      let partial = tiles.partial(batch: batch, keyHead: keyHead, split: split)
      // A split in which the row saw nothing has sum 0 and values 0.
      guard partial[rows + row] != 0 else { continue }
      var weight = expf(partial[row] - largest)
      sum += weight * partial[rows + row]
      tiles.kernels.table.functions.pointee.accumulate_rows(
        out, size, &weight, 1, 1, partial + 2 * rows + row * size, size, 1, size)
    }
    var divisor = sum == 0 ? 1 : sum
    tiles.kernels.table.functions.pointee.binary(
      .div, out, out, 1, &divisor, 0, size)
  }
}
