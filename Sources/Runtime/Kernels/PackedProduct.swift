import CKernels

/// A matrix with any strides: element (row, column) lies at base + row · rowStride + column · columnStride.
struct MatrixBlock {
  var base: UnsafePointer<Float>
  var rowStride: Int
  var columnStride: Int
}

/// The right operand of a product.
enum PackedOperand {
  case f32(MatrixBlock)
  /// The transpose of a row-major matrix.
  case bf16(UnsafePointer<UInt16>, rowStride: Int)
}

/// Products of matrices that do not lie in panels: a part of K at a time, the right operand is packed into
/// panels, then the left one block by block, and multiplied while both are in the caches.
struct PackedProduct {
  /// Columns of the right operand at most.
  static let columnLimit = 256
  /// Columns and rows of the operands that are packed at once.
  static let depth = 512
  /// At least the rows of any instruction set's blocks of f32.
  private static let blockRowLimit = 16

  /// Floats that `memory` holds.
  static let memoryCount = columnLimit * depth + 2 * blockRowLimit * depth

  private let functions: UnsafePointer<pg_kernels>
  private let panels: UnsafeMutablePointer<Float>
  private let block: UnsafeMutablePointer<Float>
  /// Rows of an operand that a packing function cannot read in place.
  private let stage: UnsafeMutablePointer<Float>

  init(_ table: KernelTable, memory: UnsafeMutablePointer<Float>) {
    functions = table.functions
    panels = memory
    block = panels + Self.columnLimit * Self.depth
    stage = block + Self.blockRowLimit * Self.depth
  }

  /// out[m, n] = sum_k a[m, k] b[k, n] for n up to `columnLimit`. Error <= (K + 8) u sum_k |a b|.
  func multiply(
    _ a: MatrixBlock, _ b: PackedOperand, m: Int, n: Int, k: Int,
    into out: UnsafeMutablePointer<Float>, rowStride: Int
  ) {
    let product = functions.pointee.f32_by_f32
    let parts = TileGrid(count: k, limit: Self.depth, unit: 32)
    for index in 0..<max(parts.tileCount, 1) {
      let part = parts.range(index)
      pack(b, columns: n, part)
      var weights = pg_panel_part(
        panels: panels, n: n, k: part.count, first: 0, count: part.count)
      for row in stride(from: 0, to: m, by: product.block_rows) {
        let count = min(product.block_rows, m - row)
        pack(a, row: row, count: count, part)
        product.multiply?(
          out + row * rowStride, rowStride, block, count, &weights, index > 0, nil)
      }
    }
  }

  private func pack(_ a: MatrixBlock, row: Int, count: Int, _ part: Range<Int>) {
    let start = a.base + row * a.rowStride + part.lowerBound * a.columnStride
    let pack = functions.pointee.f32_by_f32.pack
    if a.columnStride == 1 {
      pack?(block, start, a.rowStride, count, part.count)
    } else {
      stageRows(start, a.rowStride, a.columnStride, rows: count, columns: part.count)
      pack?(block, stage, part.count, count, part.count)
    }
  }

  private func pack(_ b: PackedOperand, columns: Int, _ part: Range<Int>) {
    switch b {
    case .f32(let b):
      let start = b.base + part.lowerBound * b.rowStride
      if b.columnStride == 1 {
        pg_pack_columns(.f32, panels, start, b.rowStride, columns, part.count)
      } else if b.rowStride == 1 {
        pg_pack_panels(.f32, panels, start, b.columnStride, columns, part.count)
      } else {
        packPanels(columns, part) { first, count in
          stageRows(
            start + first * b.columnStride, b.columnStride, b.rowStride, rows: count,
            columns: part.count)
        }
      }
    case .bf16(let weight, let rowStride):
      packPanels(columns, part) { first, count in
        functions.pointee.bf16_to_f32(
          stage, part.count, weight + first * rowStride + part.lowerBound, rowStride, count,
          part.count)
      }
    }
  }

  /// Packs panel by panel what `read` has put into `stage`: the columns from its first argument on, their
  /// number its second.
  private func packPanels(_ columns: Int, _ part: Range<Int>, _ read: (Int, Int) -> Void) {
    let panelCount = pg_panel_bytes(.f32, part.count) / MemoryLayout<Float>.size
    let width = Int(PG_PANEL_ROWS)
    for first in stride(from: 0, to: columns, by: width) {
      let count = min(width, columns - first)
      read(first, count)
      pg_pack_panels(
        .f32, panels + first / width * panelCount, stage, part.count, count, part.count)
    }
  }

  private func stageRows(
    _ start: UnsafePointer<Float>, _ rowStride: Int, _ columnStride: Int, rows: Int, columns: Int
  ) {
    copyMatrix(
      stage, columns, 1, from: start, rowStride, columnStride, rows: rows, columns: columns)
  }
}

/// out[r, c] = x[r, c] for matrices with these row and column strides.
func copyMatrix(
  _ out: UnsafeMutablePointer<Float>, _ outRowStride: Int, _ outColumnStride: Int,
  from x: UnsafePointer<Float>, _ rowStride: Int, _ columnStride: Int, rows: Int, columns: Int
) {
  let shape = InlineShape(rows: rows, columns: columns)
  let outStrides = InlineShape(rows: outRowStride, columns: outColumnStride)
  let xStrides = InlineShape(rows: rowStride, columns: columnStride)
  shape.withPointer { extents in
    outStrides.withPointer { outSteps in
      xStrides.withPointer { xSteps in
        pg_copy_strided(
          out, x, MemoryLayout<Float>.size, 2, extents, outSteps, xSteps)
      }
    }
  }
}
