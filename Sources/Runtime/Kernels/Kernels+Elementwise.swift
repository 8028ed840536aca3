import CKernels

/// A tensor operand with a stride per dimension; stride 0 repeats.
public struct StridedOperand {
  public var base: UnsafePointer<Float>
  public var strides: InlineShape

  public init(base: UnsafePointer<Float>, strides: InlineShape) {
    self.base = base
    self.strides = strides
  }
}

extension Kernels {
  /// out[i] = operation(x[i]) for dense `count` elements; `out` may be `x`.
  public func unary(
    _ operation: UnaryOperation, out: UnsafeMutablePointer<Float>, x: UnsafePointer<Float>,
    count: Int
  ) {
    let grid = TileGrid(count: count, limit: Self.elementsPerTile, unit: 16)
    pool.run(
      tiles: grid.tileCount,
      UnaryTiles(operation: operation, out: out, x: x, grid: grid, table: table))
  }

  /// out[i] = cap tanh(x[i] / cap) for dense `count` elements; `out` may be `x`.
  public func softcap(
    out: UnsafeMutablePointer<Float>, x: UnsafePointer<Float>, count: Int, cap: Float
  ) {
    let grid = TileGrid(count: count, limit: Self.elementsPerTile, unit: 16)
    pool.run(
      tiles: grid.tileCount, SoftcapTiles(cap: cap, out: out, x: x, grid: grid, table: table))
  }

  /// out = operation(a, b) over `shape`; `out` is dense and may be a dense operand.
  public func binary(
    _ operation: BinaryOperation, out: UnsafeMutablePointer<Float>, shape: InlineShape,
    a: StridedOperand, b: StridedOperand
  ) {
    let work = BinaryTiles(
      operation: operation, out: out, shape: shape, a: a, b: b, table: table)
    pool.run(tiles: work.tileCount, work)
  }
}

private struct UnaryTiles: TileWork {
  let operation: UnaryOperation
  let out: UnsafeMutablePointer<Float>
  let x: UnsafePointer<Float>
  let grid: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let range = grid.range(tile)
    table.functions.pointee.unary(
      operation, out + range.lowerBound, x + range.lowerBound, range.count)
  }
}

private struct SoftcapTiles: TileWork {
  let cap: Float
  let out: UnsafeMutablePointer<Float>
  let x: UnsafePointer<Float>
  let grid: TileGrid
  let table: KernelTable

  func run(tile: Int, worker: Int) {
    let range = grid.range(tile)
    table.functions.pointee.softcap(
      out + range.lowerBound, x + range.lowerBound, range.count, cap)
  }
}

/// A broadcast operation as rows: dimensions that lie densely in both operands are merged, the
/// last one is the row, the others are counted through. Tiles are groups of rows, cut along the
/// row too where it is long.
private struct BinaryTiles: TileWork {
  let operation: BinaryOperation
  let out: UnsafeMutablePointer<Float>
  let a: UnsafePointer<Float>
  let b: UnsafePointer<Float>
  let table: KernelTable
  private var outer = InlineShape()
  private var outerStridesA = InlineShape()
  private var outerStridesB = InlineShape()
  private var rowLength = 1
  private var rowStrideA = 0
  private var rowStrideB = 0
  private let rowGrid: TileGrid
  private let columnGrid: TileGrid

  var tileCount: Int { rowGrid.tileCount * columnGrid.tileCount }

  init(
    operation: BinaryOperation, out: UnsafeMutablePointer<Float>, shape: InlineShape,
    a: StridedOperand, b: StridedOperand, table: KernelTable
  ) {
    self.operation = operation
    self.out = out
    self.a = a.base
    self.b = b.base
    self.table = table
    var merged = InlineShape(), stridesA = InlineShape(), stridesB = InlineShape()
    for axis in 0..<shape.rank where shape[axis] != 1 {
      let last = merged.rank - 1
      if last >= 0, stridesA[last] == shape[axis] * a.strides[axis],
        stridesB[last] == shape[axis] * b.strides[axis]
      {
        merged[last] *= shape[axis]
        stridesA[last] = a.strides[axis]
        stridesB[last] = b.strides[axis]
      } else {
        merged.append(shape[axis])
        stridesA.append(a.strides[axis])
        stridesB.append(b.strides[axis])
      }
    }
    for axis in 0..<merged.rank {
      if axis == merged.rank - 1 {
        rowLength = merged[axis]
        rowStrideA = stridesA[axis]
        rowStrideB = stridesB[axis]
      } else {
        outer.append(merged[axis])
        outerStridesA.append(stridesA[axis])
        outerStridesB.append(stridesB[axis])
      }
    }
    let limit = Kernels.elementsPerTile
    rowGrid = TileGrid(count: outer.elementCount, limit: max(1, limit / max(rowLength, 1)))
    columnGrid = TileGrid(count: rowLength, limit: limit, unit: 16)
  }

  func run(tile: Int, worker: Int) {
    let columns = columnGrid.range(tile % columnGrid.tileCount)
    for row in rowGrid.range(tile / columnGrid.tileCount) {
      var offsetA = columns.lowerBound * rowStrideA, offsetB = columns.lowerBound * rowStrideB
      var rest = row
      for axis in stride(from: outer.rank - 1, through: 0, by: -1) {
        let index = rest % outer[axis]
        rest /= outer[axis]
        offsetA += index * outerStridesA[axis]
        offsetB += index * outerStridesB[axis]
      }
      table.functions.pointee.binary(
        operation, out + row * rowLength + columns.lowerBound, a + offsetA, rowStrideA,
        b + offsetB, rowStrideB, columns.count)
    }
  }
}
