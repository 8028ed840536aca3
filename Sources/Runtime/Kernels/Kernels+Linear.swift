import CKernels

/// What a linear layer does to its products, in this order: + bias[n], activation,
/// × multiplier[m, n], + residual[m, n]. Multiplier and residual may be the output itself, with
/// its row stride; otherwise they do not overlap it.
struct Epilogue {
  var bias: UnsafePointer<Float>?
  var activation: UnaryOperation = .identity
  var multiplier: UnsafePointer<Float>?
  var multiplierRowStride: Int = 0
  var residual: UnsafePointer<Float>?
  var residualRowStride: Int = 0
  /// A last function of everything, the residual included.
  var lastActivation: UnaryOperation = .identity

  static var none: Epilogue { Epilogue() }

  /// Whether products pass through unchanged.
  var isIdentity: Bool {
    bias == nil && activation == .identity && multiplier == nil && residual == nil
      && lastActivation == .identity
  }

  func reads(_ out: UnsafeMutablePointer<Float>) -> Bool {
    multiplier == UnsafePointer(out) || residual == UnsafePointer(out)
  }

  /// The epilogue of the part of the output that starts at (row, column).
  func part(row: Int, column: Int) -> pg_epilogue {
    pg_epilogue(
      bias: bias.map { $0 + column }, activation: activation,
      multiplier: multiplier.map { $0 + row * multiplierRowStride + column },
      ld_multiplier: multiplierRowStride,
      residual: residual.map { $0 + row * residualRowStride + column },
      ld_residual: residualRowStride)
  }
}

extension Kernels {
  /// out = epilogue(products), of a part of the output with an epilogue of its own.
  func finish(
    _ out: UnsafeMutablePointer<Float>, _ outRowStride: Int, _ products: UnsafePointer<Float>,
    _ rowStride: Int, rows: Int, columns: Int, _ part: pg_epilogue, last: UnaryOperation
  ) {
    var part = part
    let functions = table.functions.pointee
    functions.epilogue(out, outRowStride, products, rowStride, rows, columns, &part)
    guard last != .identity else { return }
    for row in 0..<rows {
      functions.unary(last, out + row * outRowStride, out + row * outRowStride, columns)
    }
  }
}

/// out[m, n] = epilogue(sum_k x[m, k] weight[n, k]), each matrix row-major with its row stride.
/// `out` does not overlap `x`. With `up`, a weight stored like `weight`, sum_k x[m, k] up[n, k] is the
/// epilogue's multiplier, and it has no other.
struct LinearArguments {
  var out: UnsafeMutablePointer<Float>
  var outRowStride: Int
  var x: UnsafePointer<Float>
  var xRowStride: Int
  var weight: WeightPointer
  var weightRowStride: Int
  var up: WeightPointer?
  /// M, the rows of `x`.
  var rows: Int
  /// K, the columns of `x` and `weight`.
  var inputs: Int
  /// N, the rows of `weight`.
  var outputs: Int
  var epilogue: Epilogue
  /// Where the rows are windows of a picture, which `x` then is.
  var windows: WindowRows?

  /// Row strides left out mean dense rows.
  init(
    out: UnsafeMutablePointer<Float>, outRowStride: Int? = nil, x: UnsafePointer<Float>,
    xRowStride: Int? = nil, weight: WeightPointer, weightRowStride: Int? = nil,
    up: WeightPointer? = nil, rows: Int, inputs: Int, outputs: Int, epilogue: Epilogue = .none
  ) {
    self.out = out
    self.outRowStride = outRowStride ?? outputs
    self.x = x
    self.xRowStride = xRowStride ?? inputs
    self.weight = weight
    self.weightRowStride = weightRowStride ?? inputs
    self.up = up
    self.rows = rows
    self.inputs = inputs
    self.outputs = outputs
    self.epilogue = epilogue
  }

  /// The weights that `x` is multiplied with, the epilogue's multiplier last.
  var factorCount: Int { up == nil ? 1 : 2 }

  /// The epilogue of a part of the output, the product with `up` standing densely in `upProduct`.
  func epilogue(
    row: Int, column: Int, upProduct: UnsafeMutablePointer<Float>, columnCount: Int
  ) -> pg_epilogue {
    var part = epilogue.part(row: row, column: column)
    if up != nil {
      part.multiplier = UnsafePointer(upProduct)
      part.ld_multiplier = columnCount
    }
    return part
  }
}

extension Kernels {
  /// Up to this many rows are multiplied by streaming the weight, more by unpacking it.
  static let streamedRows = 32
  /// The same for numbers in panels, where the activations then need not be packed.
  static let streamedPanelRows = 8

  /// Computes `LinearArguments`. Needs the scratch of `linearScratch`.
  func linear(_ arguments: LinearArguments) {
    if case .panels(let weight) = arguments.weight,
      weight.format.isInteger || arguments.rows > Self.streamedPanelRows || arguments.windows != nil
    {
      panelLinear(arguments, weight)
    } else if arguments.rows <= Self.streamedRows {
      let work = StreamedLinear(arguments, kernels: self)
      assertScratch(work.scratch)
      pool.run(tiles: work.columns.tileCount, work)
    } else {
      let work = BlockedLinear(arguments, kernels: self)
      assertScratch(work.scratch)
      pool.run(tiles: work.rows.tileCount * work.columns.tileCount, work)
    }
  }

  /// The scratch that suffices for `linear` on any extents up to these, for either weight type;
  /// `factors` is 2 with `up` and else 1.
  static func linearScratch(
    rows: Int, inputs: Int, outputs: Int, factors: Int = 1
  ) -> ScratchRequirement {
    let streamed = factors * min(rows, streamedRows) * StreamedLinear.maximumColumns
    guard rows > streamedRows else { return ScratchRequirement(perWorker: streamed * 4) }
    // A tile may be larger than those of the largest extents, which are cut evenly.
    let tileRows = min(rows.rounded(upTo: BlockedLinear.unit), BlockedLinear.rowLimit)
    let tileColumns = min(
      max(outputs, 1).rounded(upTo: BlockedLinear.unit), PackedProduct.columnLimit)
    let blocked = factors * tileRows * tileColumns + PackedProduct.memoryCount
    return ScratchRequirement(perWorker: max(streamed, blocked) * 4)
  }

  /// The same for a weight in panels.
  static func panelLinearScratch(
    rows: Int, inputs: Int, outputs: Int, factors: Int = 1
  ) -> ScratchRequirement {
    PanelLinear.scratch(rows: rows, inputs: inputs, factors: factors)
  }
}

/// A few rows: each tile streams some rows of the weight once.
struct StreamedLinear: TileWork {
  static let maximumColumns = 1024
  /// Weight bytes of one tile: enough to stream well, little enough to share out evenly.
  static let tileBytes = 256 << 10

  let arguments: LinearArguments
  let kernels: Kernels
  let columns: TileGrid

  /// A copy of the product where the epilogue reads the output, and the product with `up`.
  var scratch: ScratchRequirement {
    let copies = (arguments.epilogue.reads(arguments.out) ? 1 : 0) + arguments.factorCount - 1
    return ScratchRequirement(perWorker: copies * arguments.rows * columns.tileSize * 4)
  }

  init(_ arguments: LinearArguments, kernels: Kernels) {
    self.arguments = arguments
    self.kernels = kernels
    let rowBytes = max(1, arguments.inputs * arguments.weight.elementBytes)
    let limit = min(max(Self.tileBytes / rowBytes, 16), Self.maximumColumns)
    columns = TileGrid(
      count: arguments.outputs, limit: limit, unit: Int(PG_PANEL_ROWS))
  }

  func run(tile: Int, worker: Int) {
    let a = arguments
    let range = columns.range(tile)
    let out = a.out + range.lowerBound
    let isStaged = a.epilogue.reads(a.out)
    let stage = kernels.pool.scratch.perWorker(worker).assumingMemoryBound(to: Float.self)
    let product = isStaged ? stage : out
    let productRowStride = isStaged ? range.count : a.outRowStride
    multiply(a.weight, range, into: product, rowStride: productRowStride)
    let upProduct = isStaged ? stage + a.rows * range.count : stage
    if let up = a.up { multiply(up, range, into: upProduct, rowStride: range.count) }
    guard !a.epilogue.isIdentity || a.up != nil else { return }
    let epilogue = a.epilogue(
      row: 0, column: range.lowerBound, upProduct: upProduct, columnCount: range.count)
    kernels.finish(
      out, a.outRowStride, product, productRowStride, rows: a.rows, columns: range.count, epilogue,
      last: a.epilogue.lastActivation)
  }

  private func multiply(
    _ weight: WeightPointer, _ range: Range<Int>, into product: UnsafeMutablePointer<Float>,
    rowStride: Int
  ) {
    let a = arguments
    let start = range.lowerBound * a.weightRowStride
    switch weight {
    case .f32(let weight):
      kernels.table.functions.pointee.gemv_f32(
        product, rowStride, a.x, a.xRowStride, a.rows, weight + start, a.weightRowStride,
        range.count, a.inputs)
    case .bf16(let weight):
      kernels.table.functions.pointee.gemv_bf16(
        product, rowStride, a.x, a.xRowStride, a.rows, weight + start, a.weightRowStride,
        range.count, a.inputs)
    case .panels(let weight):
      let functions = kernels.table.functions
      let gemv =
        weight.format == .f32
        ? functions.pointee.panel_gemv_f32 : functions.pointee.panel_gemv_bf16
      gemv(
        product, rowStride, a.x, a.xRowStride, a.rows,
        weight.panels(fromRow: range.lowerBound, inputs: a.inputs), range.count, a.inputs)
    }
  }
}

/// Many rows: each tile is a block of the output, whose weights and activations are packed into scratch. The
/// epilogue runs while the block is in cache.
struct BlockedLinear: TileWork {
  let arguments: LinearArguments
  let kernels: Kernels
  let rows: TileGrid
  let columns: TileGrid

  init(_ arguments: LinearArguments, kernels: Kernels) {
    self.arguments = arguments
    self.kernels = kernels
    rows = Self.rowGrid(arguments.rows)
    columns = Self.columnGrid(arguments.outputs)
  }

  static let rowLimit = 512
  static let unit = 16

  /// A block of each product, then what is packed.
  var scratch: ScratchRequirement {
    let products = arguments.factorCount * rows.tileSize * columns.tileSize
    return ScratchRequirement(perWorker: (products + PackedProduct.memoryCount) * 4)
  }

  static func rowGrid(_ rows: Int) -> TileGrid {
    TileGrid(count: rows, limit: rowLimit, unit: unit)
  }
  static func columnGrid(_ columns: Int) -> TileGrid {
    TileGrid(count: columns, limit: PackedProduct.columnLimit, unit: unit, shares: 4)
  }

  func run(tile: Int, worker: Int) {
    let a = arguments
    // Neighbouring tiles share a panel of the weight rather than rows of x.
    let rowRange = rows.range(tile % rows.tileCount)
    let columnRange = columns.range(tile / rows.tileCount)
    let out = a.out + rowRange.lowerBound * a.outRowStride + columnRange.lowerBound
    let scratch = kernels.pool.scratch.perWorker(worker).assumingMemoryBound(to: Float.self)
    let isStaged = a.epilogue.reads(a.out)
    let product = isStaged ? scratch : out
    let productRowStride = isStaged ? columnRange.count : a.outRowStride
    let upProduct = scratch + rows.tileSize * columns.tileSize
    let packed = PackedProduct(
      kernels.table, memory: scratch + a.factorCount * rows.tileSize * columns.tileSize)
    multiply(a.weight, rowRange, columnRange, packed, into: product, rowStride: productRowStride)
    if let up = a.up {
      multiply(up, rowRange, columnRange, packed, into: upProduct, rowStride: columnRange.count)
    }
    guard !a.epilogue.isIdentity || a.up != nil else { return }
    let epilogue = a.epilogue(
      row: rowRange.lowerBound, column: columnRange.lowerBound, upProduct: upProduct,
      columnCount: columnRange.count)
    kernels.finish(
      out, a.outRowStride, product, productRowStride, rows: rowRange.count,
      columns: columnRange.count, epilogue, last: a.epilogue.lastActivation)
  }

  private func multiply(
    _ weight: WeightPointer, _ rowRange: Range<Int>, _ columnRange: Range<Int>,
    _ packed: PackedProduct, into product: UnsafeMutablePointer<Float>, rowStride: Int
  ) {
    let a = arguments
    let x = MatrixBlock(
      base: a.x + rowRange.lowerBound * a.xRowStride, rowStride: a.xRowStride, columnStride: 1)
    let start = columnRange.lowerBound * a.weightRowStride
    let operand: PackedOperand
    switch weight {
    case .f32(let weight):
      operand = .f32(
        MatrixBlock(base: weight + start, rowStride: 1, columnStride: a.weightRowStride))
    case .bf16(let weight): operand = .bf16(weight + start, rowStride: a.weightRowStride)
    case .panels: preconditionFailure("panels are multiplied by PanelLinear")
    }
    packed.multiply(
      x, operand, m: rowRange.count, n: columnRange.count, k: a.inputs, into: product,
      rowStride: rowStride)
  }
}
