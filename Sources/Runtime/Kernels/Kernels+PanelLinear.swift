import CKernels

extension Kernels {
  /// Computes `LinearArguments` of many rows with a weight in panels, some hundred rows at a time:
  /// first the activations are packed into blocks, then the tiles of the output are computed from
  /// blocks and panels.
  func panelLinear(_ arguments: LinearArguments, _ panels: UnsafePointer<UInt16>) {
    let step = PanelLinear.rowLimit
    for start in stride(from: 0, to: arguments.rows, by: step) {
      let rows = start..<min(start + step, arguments.rows)
      let work = PanelLinear(arguments, panels, rows: rows, kernels: self)
      assertScratch(work.scratch)
      pool.run(tiles: work.blockCount, PanelBlocks(work))
      pool.run(tiles: work.rowTiles.tileCount * work.columnTiles.tileCount, work)
    }
  }
}

/// Some rows of a linear layer whose weight is in panels. Each tile is a rectangle of the output.
/// K is walked in parts, so that a block stays in the first and a tile's weights in the second
/// level of cache.
struct PanelLinear: TileWork {
  /// Rows whose blocks stand in scratch at once; a multiple of every table's `block_rows`.
  static let rowLimit = 672
  static let columnLimit = 128
  /// Rows of a tile at most.
  static let tileRowLimit = 168
  /// Pairs of columns in one part of K.
  static let pairLimit = 512

  /// Weights of at least so many numbers are multiplied by bf16 activations where the instruction
  /// set has a product for that. Smaller ones are not worth the rounding.
  static let roundedWeightCount = 1 << 20

  let arguments: LinearArguments
  let panels: UnsafePointer<UInt16>
  let rows: Range<Int>
  let kernels: Kernels
  private let product: pg_block_product
  /// Counts blocks.
  let rowTiles: TileGrid
  let columnTiles: TileGrid

  init(
    _ arguments: LinearArguments, _ panels: UnsafePointer<UInt16>, rows: Range<Int>,
    kernels: Kernels
  ) {
    self.arguments = arguments
    self.panels = panels
    self.rows = rows
    self.kernels = kernels
    product = Self.product(arguments, kernels)
    rowTiles = TileGrid(
      count: rows.count.dividedRoundingUp(by: product.block_rows),
      limit: Self.tileRowLimit / product.block_rows)
    columnTiles = TileGrid(
      count: arguments.outputs, limit: Self.columnLimit, unit: Int(PG_PANEL_ROWS))
  }

  private static func product(
    _ arguments: LinearArguments, _ kernels: Kernels
  ) -> pg_block_product {
    let functions = kernels.table.functions
    let isLarge = arguments.inputs * arguments.outputs >= roundedWeightCount
    return isLarge && functions.pointee.bf16_blocks.block_rows > 0
      ? functions.pointee.bf16_blocks : functions.pointee.f32_blocks
  }

  private var blockRows: Int { product.block_rows }
  var blockCount: Int { rowTiles.count }
  private var pairs: Int { arguments.inputs.dividedRoundingUp(by: 2) }

  static func panelElements(inputs: Int) -> Int {
    inputs.dividedRoundingUp(by: 2) * 2 * Int(PG_PANEL_ROWS)
  }

  /// Bytes of the first `pairs` pairs of columns of a block.
  private func blockBytes(pairs: Int) -> Int {
    2 * pairs * blockRows * product.element_bytes
  }

  /// Packs the activations of a block.
  func pack(block index: Int) {
    let rows = rows(inBlock: index)
    product.pack?(
      block(index), arguments.x + rows.lowerBound * arguments.xRowStride, arguments.xRowStride,
      rows.count, arguments.inputs)
  }

  /// Where block number `index` stands in shared scratch.
  private func block(_ index: Int) -> UnsafeMutableRawPointer {
    kernels.pool.scratch.shared + index * blockBytes(pairs: pairs)
  }

  /// The rows of `arguments.x` in a block.
  private func rows(inBlock index: Int) -> Range<Int> {
    let start = rows.lowerBound + index * blockRows
    return start..<min(start + blockRows, rows.upperBound)
  }

  /// What these rows need: all blocks, and a tile of the product for each thread.
  var scratch: ScratchRequirement {
    ScratchRequirement(
      perWorker: rowTiles.tileSize * blockRows * columnTiles.tileSize * 4,
      shared: blockCount * blockBytes(pairs: pairs))
  }

  /// What suffices for any number of rows up to `rows`, on every instruction set.
  static func scratch(rows: Int, inputs: Int) -> ScratchRequirement {
    // The largest block has fewer than 32 rows of f32.
    let blocked = min(rows + 32, rowLimit)
    return ScratchRequirement(
      perWorker: tileRowLimit * columnLimit * 4,
      shared: blocked * 2 * inputs.dividedRoundingUp(by: 2) * 4)
  }

  func run(tile: Int, worker: Int) {
    let a = arguments
    // Neighbouring tiles share weights rather than blocks.
    let blocks = rowTiles.range(tile % rowTiles.tileCount)
    let columns = columnTiles.range(tile / rowTiles.tileCount)
    let firstRow = rows(inBlock: blocks.lowerBound).lowerBound
    let rowCount = rows(inBlock: blocks.upperBound - 1).upperBound - firstRow
    let out = a.out + firstRow * a.outRowStride + columns.lowerBound
    let isStaged = a.epilogue.reads(a.out)
    let stage = kernels.pool.scratch.perWorker(worker).assumingMemoryBound(to: Float.self)
    let result = isStaged ? stage : out
    let resultRowStride = isStaged ? columns.count : a.outRowStride
    multiply(blocks, columns, into: result, rowStride: resultRowStride)
    guard !a.epilogue.isIdentity else { return }
    var epilogue = a.epilogue.part(row: firstRow, column: columns.lowerBound)
    kernels.table.functions.pointee.epilogue(
      out, a.outRowStride, result, resultRowStride, rowCount, columns.count, &epilogue)
  }

  private func multiply(
    _ blocks: Range<Int>, _ columns: Range<Int>, into result: UnsafeMutablePointer<Float>,
    rowStride: Int
  ) {
    let panelElements = Self.panelElements(inputs: arguments.inputs)
    let weights = panels + columns.lowerBound / Int(PG_PANEL_ROWS) * panelElements
    let parts = TileGrid(count: pairs, limit: Self.pairLimit)
    for part in 0..<max(parts.tileCount, 1) {
      let range = parts.range(part)
      for block in blocks {
        product.multiply?(
          result + (block - blocks.lowerBound) * blockRows * rowStride, rowStride,
          self.block(block) + blockBytes(pairs: range.lowerBound), rows(inBlock: block).count,
          weights + range.lowerBound * 2 * Int(PG_PANEL_ROWS), panelElements, columns.count,
          range.count, part > 0)
      }
    }
  }
}

/// Packs the activations of a `PanelLinear`, one block in each tile.
private struct PanelBlocks: TileWork {
  let work: PanelLinear

  init(_ work: PanelLinear) { self.work = work }

  func run(tile: Int, worker: Int) { work.pack(block: tile) }
}
