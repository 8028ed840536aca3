import CKernels

extension Kernels {
  /// Computes `LinearArguments` with a weight in panels, some hundred rows at a time: first the
  /// activations are packed into blocks, then the tiles of the output are computed from blocks and
  /// panels. Needs the scratch of `panelLinearScratch`.
  func panelLinear(_ arguments: LinearArguments, _ weight: PanelPointer) {
    for start in stride(from: 0, to: arguments.rows, by: PanelLinear.rowLimit) {
      let rows = start..<min(start + PanelLinear.rowLimit, arguments.rows)
      let work = PanelLinear(arguments, weight, rows: rows, kernels: self)
      assertScratch(work.scratch)
      pool.run(tiles: work.blockCount, PanelBlocks(work))
      pool.run(tiles: work.rowTiles.tileCount * work.columnTiles.tileCount, work)
    }
  }
}

/// A weight matrix in panels.
struct PanelPointer {
  var format: PanelFormat
  var base: UnsafeRawPointer

  init(_ format: PanelFormat, _ base: UnsafeRawPointer) {
    self.format = format
    self.base = base
  }

  /// The panel that row `row` of the weight begins.
  func panels(fromRow row: Int, inputs: Int) -> UnsafeRawPointer {
    base + row / Int(PG_PANEL_ROWS) * pg_panel_bytes(format, inputs)
  }
}

extension PanelFormat {
  /// Whether weights are steps of a scale, to be multiplied by activations that are steps too.
  var isInteger: Bool { self == .int8 || self == .int4 }
}

/// Some rows of a linear layer whose weight is in panels. Each tile is a rectangle of the output.
/// K is walked in parts, so that a block stays in the first and a tile's weights in the second
/// level of cache.
struct PanelLinear: TileWork {
  /// Rows whose blocks stand in scratch at once; a multiple of every product's `block_rows`.
  static let rowLimit = 672
  /// Rows of a tile at most.
  static let tileRowLimit = 168
  /// Rows up to which the weight is streamed once, in tiles of so many bytes.
  static let streamedRows = 8
  static let streamedTileBytes = 256 << 10
  /// Columns of a tile at most; fewer where they are larger.
  static let columnLimit = 128
  static let f32ColumnLimit = 64
  /// Columns of one part of K.
  static let partLimit = 1280
  /// bf16 weights of at least so many numbers are multiplied by bf16 activations where the
  /// instruction set has a product for that. Smaller ones are not worth the rounding.
  static let roundedWeightCount = 1 << 16

  let arguments: LinearArguments
  let weight: PanelPointer
  let rows: Range<Int>
  let kernels: Kernels
  private let product: pg_block_product
  /// Counts blocks.
  let rowTiles: TileGrid
  let columnTiles: TileGrid

  init(
    _ arguments: LinearArguments, _ weight: PanelPointer, rows: Range<Int>, kernels: Kernels
  ) {
    self.arguments = arguments
    self.weight = weight
    self.rows = rows
    self.kernels = kernels
    product = Self.product(arguments, weight.format, kernels)
    rowTiles = TileGrid(
      count: rows.count.dividedRoundingUp(by: product.block_rows),
      limit: Self.tileRowLimit / product.block_rows)
    columnTiles = TileGrid(
      count: arguments.outputs, limit: Self.columnLimit(arguments, weight, rows.count),
      unit: Int(PG_PANEL_ROWS))
  }

  private static func product(
    _ arguments: LinearArguments, _ format: PanelFormat, _ kernels: Kernels
  ) -> pg_block_product {
    let functions = kernels.table.functions
    switch format {
    case .int8: return functions.pointee.int8_by_int8
    case .int4: return functions.pointee.int4_by_int8
    case .f32: return functions.pointee.f32_by_f32
    case .bf16:
      let isLarge = arguments.inputs * arguments.outputs >= roundedWeightCount
      return isLarge && functions.pointee.bf16_by_bf16.block_rows > 0
        ? functions.pointee.bf16_by_bf16 : functions.pointee.bf16_by_f32
    }
  }

  private static func columnLimit(
    _ arguments: LinearArguments, _ weight: PanelPointer, _ rows: Int
  ) -> Int {
    guard rows <= streamedRows else { return weight.format == .f32 ? f32ColumnLimit : columnLimit }
    let panels = max(1, streamedTileBytes / max(1, pg_panel_bytes(weight.format, arguments.inputs)))
    return min(panels * Int(PG_PANEL_ROWS), StreamedLinear.maximumColumns)
  }

  private var blockRows: Int { product.block_rows }
  var blockCount: Int { rowTiles.count }

  /// Packs the activations of a block.
  func pack(block index: Int, worker: Int) {
    let rows = rows(inBlock: index)
    if let windows = arguments.windows {
      let gathered = kernels.pool.scratch.perWorker(worker).assumingMemoryBound(to: Float.self)
      for (place, row) in rows.enumerated() {
        windows.copy(row: row, to: gathered + place * arguments.inputs)
      }
      product.pack?(block(index), gathered, arguments.inputs, rows.count, arguments.inputs)
      return
    }
    product.pack?(
      block(index), arguments.x + rows.lowerBound * arguments.xRowStride, arguments.xRowStride,
      rows.count, arguments.inputs)
  }

  private var blockBytes: Int {
    // Rounded up so that every block is aligned.
    (product.block_bytes?(arguments.inputs) ?? 0).rounded(upTo: 64)
  }

  /// Where block number `index` stands in shared scratch.
  private func block(_ index: Int) -> UnsafeMutableRawPointer {
    kernels.pool.scratch.shared + index * blockBytes
  }

  /// The rows of `arguments.x` in a block.
  private func rows(inBlock index: Int) -> Range<Int> {
    let start = rows.lowerBound + index * blockRows
    return start..<min(start + blockRows, rows.upperBound)
  }

  /// What these rows need: all blocks, and a tile of each product for each thread.
  var scratch: ScratchRequirement {
    let tile = rowTiles.tileSize * blockRows * columnTiles.tileSize
    let gathered = arguments.windows == nil ? 0 : blockRows * arguments.inputs
    return ScratchRequirement(
      perWorker: max(arguments.factorCount * tile, gathered) * 4,
      shared: blockCount * blockBytes)
  }

  /// What suffices for any number of rows up to `rows`, on every instruction set.
  static func scratch(rows: Int, inputs: Int, factors: Int) -> ScratchRequirement {
    // A block has at most 16 rows, of whole groups of columns, in numbers of at most 4 bytes with two
    // more for each group.
    let groups = inputs.dividedRoundingUp(by: Int(PG_GROUP_COLUMNS))
    let rowBytes = groups * (Int(PG_GROUP_COLUMNS) + 2) * 4
    let blocked = min(rows.rounded(upTo: 16) + 16, rowLimit)
    let streamed = min(rows, streamedRows).rounded(upTo: 16) * StreamedLinear.maximumColumns
    return ScratchRequirement(
      perWorker: factors * max(tileRowLimit * columnLimit, streamed) * 4,
      shared: blocked * (rowBytes + 64))
  }

  func run(tile: Int, worker: Int) {
    let a = arguments
    // Neighbouring tiles share weights rather than blocks.
    let blocks = rowTiles.range(tile % rowTiles.tileCount)
    let columns = columnTiles.range(tile / rowTiles.tileCount)
    let firstRow = rows(inBlock: blocks.lowerBound).lowerBound
    let rowCount = rows(inBlock: blocks.upperBound - 1).upperBound - firstRow
    let out = a.out + firstRow * a.outRowStride + columns.lowerBound
    // The sums of all parts of K are collected in dense scratch: rows of the output may lie a power of
    // two apart, where they would push each other out of the caches.
    let sums = kernels.pool.scratch.perWorker(worker).assumingMemoryBound(to: Float.self)
    let upSums = sums + rowTiles.tileSize * blockRows * columnTiles.tileSize
    let next = columns.upperBound..<min(columns.upperBound + columns.count, a.outputs)
    if let up = a.up?.panels {
      multiply(blocks, up, columns, into: upSums, next: panels(weight, columns))
    }
    multiply(blocks, weight, columns, into: sums, next: panels(a.up?.panels ?? weight, next))
    let epilogue = a.epilogue(
      row: firstRow, column: columns.lowerBound, upProduct: upSums, columnCount: columns.count)
    kernels.finish(
      out, a.outRowStride, sums, columns.count, rows: rowCount, columns: columns.count, epilogue,
      last: a.epilogue.lastActivation)
  }

  /// Multiplies the blocks with the weights of some columns. Meanwhile the weights of the next part of
  /// K are fetched, or during the last part the first of `next`.
  private func multiply(
    _ blocks: Range<Int>, _ weight: PanelPointer, _ columns: Range<Int>,
    into sums: UnsafeMutablePointer<Float>, next: pg_panel_part
  ) {
    // A few rows read each panel once, as one stream.
    let limit = rows.count <= Self.streamedRows ? arguments.inputs : Self.partLimit
    let parts = TileGrid(count: arguments.inputs, limit: limit, unit: Int(PG_GROUP_COLUMNS))
    var weights = panels(weight, columns)
    for part in 0..<max(parts.tileCount, 1) {
      weights.columns = parts.range(part)
      var ahead = pg_panel_ahead(
        part: part + 1 < parts.tileCount ? weights : next, share: 0, shares: blocks.count)
      ahead.part.columns = parts.range(part + 1 < parts.tileCount ? part + 1 : 0)
      for block in blocks {
        product.multiply?(
          sums + (block - blocks.lowerBound) * blockRows * columns.count, columns.count,
          self.block(block), rows(inBlock: block).count, &weights, part > 0, &ahead)
        ahead.share += 1
      }
    }
  }

  /// The panels of some outputs, K whole.
  private func panels(_ weight: PanelPointer, _ outputs: Range<Int>) -> pg_panel_part {
    pg_panel_part(
      panels: weight.panels(fromRow: outputs.lowerBound, inputs: arguments.inputs),
      n: outputs.count, k: arguments.inputs, first: 0, count: arguments.inputs)
  }
}

extension pg_panel_part {
  /// The columns that take part.
  fileprivate var columns: Range<Int> {
    get { first..<first + count }
    set { (first, count) = (newValue.lowerBound, newValue.count) }
  }
}

extension WeightPointer {
  fileprivate var panels: PanelPointer? {
    if case .panels(let pointer) = self { pointer } else { nil }
  }
}

/// Packs the activations of a `PanelLinear`, one block in each tile.
private struct PanelBlocks: TileWork {
  let work: PanelLinear

  init(_ work: PanelLinear) { self.work = work }

  func run(tile: Int, worker: Int) { work.pack(block: tile, worker: worker) }
}
