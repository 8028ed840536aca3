import CKernels

/// Puts the keys and values of each head into panels, which all tiles of its queries then read. One
/// tile is one block of keys.
struct AttentionPanels: TileWork {
  let tiles: AttentionTiles

  init(_ tiles: AttentionTiles) { self.tiles = tiles }

  var tileCount: Int {
    tiles.arguments.shape.batch * tiles.arguments.shape.keyHeads * tiles.grid.keyBlocks
  }

  func run(tile: Int, worker: Int) {
    let (arguments, grid) = (tiles.arguments, tiles.grid)
    let block = tile % grid.keyBlocks, pair = tile / grid.keyBlocks
    let batch = pair / arguments.shape.keyHeads, head = pair % arguments.shape.keyHeads
    let keys = tiles.keys(inBlock: block)
    let panels = tiles.panels(batch: batch, keyHead: head, block: block)
    let k =
      arguments.k + arguments.kStrides.offset(batch: batch, head: head, token: keys.lowerBound)
    let v =
      arguments.v + arguments.vStrides.offset(batch: batch, head: head, token: keys.lowerBound)
    let format: PanelFormat = tiles.roundsProducts ? .bf16 : .f32
    pg_pack_panels(
      format, panels.keys, k, arguments.kStrides.token, keys.count, arguments.shape.headSize)
    pg_pack_columns(
      format, panels.values, v, arguments.vStrides.token, arguments.shape.valueSize, keys.count)
  }
}

extension AttentionTiles {
  /// Scores of a head from which rounding to bf16 pays, where the instruction set has products for it.
  static let roundedScoreCount = 1 << 16

  /// Whether products are of numbers rounded to bf16, with f32 sums.
  var roundsProducts: Bool {
    arguments.mayRound && arguments.shape.queries * arguments.shape.keys >= Self.roundedScoreCount
      && kernels.table.functions.pointee.bf16_by_bf16.block_rows > 0
  }

  private var product: pg_block_product {
    let functions = kernels.table.functions
    return roundsProducts ? functions.pointee.bf16_by_bf16 : functions.pointee.f32_by_f32
  }

  func keys(inBlock block: Int) -> Range<Int> {
    let start = block * AttentionGrid.blockedKeys
    return start..<min(start + AttentionGrid.blockedKeys, arguments.shape.keys)
  }

  /// Where a block's keys and values stand in panels: n = keys, k = features; n = features, k = keys.
  /// Those of bf16 fill half of the place.
  func panels(
    batch: Int, keyHead: Int, block: Int
  ) -> (keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>) {
    let head = batch * arguments.shape.keyHeads + keyHead
    let base =
      kernels.pool.scratch.shared.assumingMemoryBound(to: Float.self)
      + head * grid.headPanelCount + block * AttentionGrid.blockedKeys * grid.panelWidth
    let keyCount = keys(inBlock: block).count.rounded(upTo: 16)
    return (base, base + keyCount * arguments.shape.headSize.rounded(upTo: 2))
  }

  /// Rows of the tile in steps of a block: first row and count.
  private func blocks(of rows: Int) -> some Sequence<(first: Int, count: Int)> {
    let step = product.block_rows
    return stride(from: 0, to: rows, by: step).lazy.map { ($0, min(step, rows - $0)) }
  }

  private func queryBlock(
    atRow row: Int, _ memory: AttentionTileMemory
  ) -> UnsafeMutablePointer<Float> {
    memory.queryBlocks + row * AttentionTileMemory.blockColumns(arguments.shape.headSize)
  }

  /// Packs the tile's query rows into blocks.
  func packQueryBlocks(_ rows: Int, _ memory: AttentionTileMemory) {
    let size = arguments.shape.headSize
    for (row, count) in blocks(of: rows) {
      product.pack?(queryBlock(atRow: row, memory), memory.queries + row * size, size, count, size)
    }
  }

  /// Adds one block of keys and their values to every row.
  func attend(_ place: Place, toBlock block: Int, _ memory: AttentionTileMemory) {
    let size = arguments.shape.headSize, width = arguments.shape.valueSize
    let rows = place.tokens.count * arguments.shape.groupSize
    let keys = keys(inBlock: block)
    let panels = panels(batch: place.batch, keyHead: place.keyHead, block: block)
    var scoring = pg_panel_part(
      panels: panels.keys, n: keys.count, k: size, first: 0, count: size)
    var weighting = pg_panel_part(
      panels: panels.values, n: width, k: keys.count, first: 0, count: keys.count)
    for (row, count) in blocks(of: rows) {
      product.multiply?(
        memory.scores + row * keys.count, keys.count, queryBlock(atRow: row, memory), count,
        &scoring, false, nil)
    }
    normalise(place, keys, memory)
    for (row, count) in blocks(of: rows) {
      product.pack?(
        memory.weightBlock, memory.scores + row * keys.count, keys.count, count, keys.count)
      product.multiply?(
        memory.values + row * width, width, memory.weightBlock, count, &weighting, true, nil)
    }
  }
}
