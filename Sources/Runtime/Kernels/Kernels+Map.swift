import CKernels

/// An operand of elements of any type with a stride for each dimension; stride 0 repeats.
struct RawOperand {
  var base: UnsafeRawPointer
  var elementBytes: Int
  var strides: InlineShape
}

extension Kernels {
  /// What elementwise kernels need where an operand's rows have gaps: a tile of each operand.
  static var elementwiseScratch: ScratchRequirement {
    ScratchRequirement(perWorker: 3 * elementsPerTile * 8)
  }

  /// out = operation(operands) over `shape`, of one to three operands; `out` is dense, its elements have
  /// `elementBytes`, and it may be a dense operand. Needs `elementwiseScratch` where `stages`, which is for
  /// operands with gaps in their rows.
  func map(
    _ operation: MapOperation, out: UnsafeMutableRawPointer, elementBytes: Int, shape: InlineShape,
    _ a: RawOperand, _ b: RawOperand? = nil, _ c: RawOperand? = nil, stages: Bool = false
  ) {
    if stages { assertScratch(Self.elementwiseScratch) }
    let operandCount = c != nil ? 3 : b != nil ? 2 : 1
    let operands: InlineArray<3, RawOperand> = [a, b ?? a, c ?? a]
    let work = MapTiles(
      operation: operation, out: out, elementBytes: elementBytes, operands: operands,
      grid: ElementwiseGrid(
        shape: shape, strides: [a.strides, (b ?? a).strides, (c ?? a).strides],
        operandCount: operandCount),
      stages: stages, kernels: self)
    pool.run(tiles: work.grid.tileCount, work)
  }

  /// out = x as numbers of another type over `shape`; `out` is dense.
  func convert(
    out: UnsafeMutableRawPointer, to: NumberFormat, x: RawOperand, from: NumberFormat,
    shape: InlineShape
  ) {
    let strides: InlineArray<3, InlineShape> = [x.strides, x.strides, x.strides]
    let work = ConvertTiles(
      out: out, to: to, x: x, from: from,
      grid: ElementwiseGrid(shape: shape, strides: strides, operandCount: 1), table: table)
    pool.run(tiles: work.grid.tileCount, work)
  }
}

private struct MapTiles: TileWork {
  let operation: MapOperation
  let out: UnsafeMutableRawPointer
  let elementBytes: Int
  let operands: InlineArray<3, RawOperand>
  let grid: ElementwiseGrid
  let stages: Bool
  let kernels: Kernels

  func run(tile: Int, worker: Int) {
    let stage = stages ? kernels.pool.scratch.perWorker(worker) : nil
    grid.forEachRectangle(of: tile) { part in
      func operand(_ index: Int) -> pg_strided {
        let operand = operands[index]
        return grid.operand(index, of: part, operand.base, operand.elementBytes, stage: stage)
      }
      let views: InlineArray<3, pg_strided> = [
        operand(0), grid.operandCount > 1 ? operand(1) : pg_strided(base: out, row: 0, step: 0),
        grid.operandCount > 2 ? operand(2) : pg_strided(base: out, row: 0, step: 0),
      ]
      withUnsafeBytes(of: views) {
        guard let first = $0.baseAddress?.assumingMemoryBound(to: pg_strided.self) else { return }
        kernels.table.functions.pointee.map(
          operation, out + part.out * elementBytes, first, part.rows, part.columns)
      }
    }
  }
}

private struct ConvertTiles: TileWork {
  let out: UnsafeMutableRawPointer
  let to: NumberFormat
  let x: RawOperand
  let from: NumberFormat
  let grid: ElementwiseGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    grid.forEachRectangle(of: tile) { part in
      var view = pg_strided(
        base: x.base + part.places[0] * x.elementBytes, row: grid.rowSteps[0],
        step: grid.columnSteps[0])
      var small = pg_small_floats(values: from.values, codes: to.codes)
      table.functions.pointee.convert(
        to.type, out + part.out * to.byteCount, to.byteCount, from.type, &view, from.byteCount,
        part.rows, part.columns, &small)
    }
  }
}
