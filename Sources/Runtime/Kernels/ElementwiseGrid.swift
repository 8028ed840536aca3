import CKernels

/// A broadcast operation of up to three operands, cut into tiles of rectangles. Neighbouring dimensions that
/// lie densely in all operands are merged; the last two that remain are the columns and rows of rectangles, the
/// others are counted through. The result is dense.
struct ElementwiseGrid {
  /// One number for each operand.
  typealias Numbers = InlineArray<3, Int>

  /// Some rows and columns: where they begin in the result and in each operand, in elements.
  struct Rectangle {
    var out: Int
    var places: Numbers
    var rows: Int
    var columns: Int
  }

  let operandCount: Int
  private var shape = InlineShape()
  private var strides: InlineArray<3, InlineShape>
  private(set) var rowSteps = Numbers(repeating: 0)
  private(set) var columnSteps = Numbers(repeating: 0)
  private var outer = InlineShape()
  private var height = 1
  private var width = 1
  private let rowGrid: TileGrid
  private let columnGrid: TileGrid

  var tileCount: Int { rowGrid.tileCount * columnGrid.tileCount }

  /// `strides` are those of each operand, as many as `shape` has axes.
  init(shape full: InlineShape, strides all: InlineArray<3, InlineShape>, operandCount: Int) {
    self.operandCount = operandCount
    strides = InlineArray(repeating: InlineShape())
    for axis in 0..<full.rank where full[axis] != 1 {
      let last = shape.rank - 1
      var merges = last >= 0
      for index in 0..<operandCount where merges {
        merges = strides[index][last] == full[axis] * all[index][axis]
      }
      if merges {
        shape[last] *= full[axis]
      } else {
        shape.append(full[axis])
      }
      for index in 0..<operandCount {
        if merges {
          strides[index][last] = all[index][axis]
        } else {
          strides[index].append(all[index][axis])
        }
      }
    }
    for axis in 0..<max(shape.rank - 2, 0) { outer.append(shape[axis]) }
    if shape.rank > 0 {
      width = shape[shape.rank - 1]
      for index in 0..<operandCount { columnSteps[index] = strides[index][shape.rank - 1] }
    }
    if shape.rank > 1 {
      height = shape[shape.rank - 2]
      for index in 0..<operandCount { rowSteps[index] = strides[index][shape.rank - 2] }
    }
    let limit = Kernels.elementsPerTile
    rowGrid = TileGrid(
      count: outer.elementCount * height, limit: max(1, limit / max(width, 1)))
    columnGrid = TileGrid(count: width, limit: limit, unit: 64)
  }

  /// A rectangle of operand `index`, whose elements have `bytes`. One whose neighbours in a row lie apart is
  /// first copied to `stage`, where there is one.
  func operand(
    _ index: Int, of part: Rectangle, _ base: UnsafeRawPointer, _ bytes: Int,
    stage: UnsafeMutableRawPointer?
  ) -> pg_strided {
    let start = base + part.places[index] * bytes
    let step = columnSteps[index]
    guard let stage, step != 0, step != 1, part.columns > 1 else {
      return pg_strided(base: start, row: rowSteps[index], step: step)
    }
    let place = stage + index * Kernels.elementsPerTile * 8
    let shape = InlineShape(rows: part.rows, columns: part.columns)
    let steps = InlineShape(rows: rowSteps[index], columns: step)
    shape.withPointer { extents in
      shape.denseStrides.withPointer { outSteps in
        steps.withPointer { pg_copy_strided(place, start, bytes, 2, extents, outSteps, $0) }
      }
    }
    return pg_strided(base: place, row: part.columns, step: 1)
  }

  /// Calls `body` with the rectangles of a tile: one for each index of the outer dimensions.
  @inline(__always)
  func forEachRectangle(of tile: Int, _ body: (Rectangle) -> Void) {
    let columns = columnGrid.range(tile % columnGrid.tileCount)
    let rows = rowGrid.range(tile / columnGrid.tileCount)
    var row = rows.lowerBound
    while row < rows.upperBound {
      let first = row % height
      let count = min(height - first, rows.upperBound - row)
      var places = Numbers(repeating: 0)
      for index in 0..<operandCount {
        places[index] = first * rowSteps[index] + columns.lowerBound * columnSteps[index]
      }
      var rest = row / height
      for axis in stride(from: outer.rank - 1, through: 0, by: -1) {
        let position = rest % outer[axis]
        rest /= outer[axis]
        for index in 0..<operandCount { places[index] += position * strides[index][axis] }
      }
      // The rows of a rectangle follow each other in the result where it has all columns.
      if columns.count == width {
        body(
          Rectangle(
            out: row * width, places: places, rows: count, columns: width))
      } else {
        for line in 0..<count {
          var place = places
          for index in 0..<operandCount { place[index] += line * rowSteps[index] }
          body(
            Rectangle(
              out: (row + line) * width + columns.lowerBound, places: place, rows: 1,
              columns: columns.count))
        }
      }
      row += count
    }
  }
}
