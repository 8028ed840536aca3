/// Kernel, strides and dilations of windows in rows and columns; pads are top, left, bottom, right.
struct WindowGeometry: Sendable {
  var kernel: [Int]
  var strides: [Int]
  var dilations: [Int]
  var pads: [Int]
}

extension Kernels {
  /// out[p, i·kernel₁ + j, y, x] = pixels[p, y·strides₀ + i·dilations₀ - pads₀, …], or `value` where
  /// that is outside the plane.
  func unfold(
    out: UnsafeMutablePointer<Float>, pixels: UnsafePointer<Float>, planes: Int, height: Int,
    width: Int, rows: Int, columns: Int, window: WindowGeometry, value: Float
  ) {
    let elements = window.kernel[0] * window.kernel[1]
    let grid = TileGrid(
      count: planes * elements, limit: max(1, Self.elementsPerTile / max(rows * columns, 1)))
    pool.run(
      tiles: grid.tileCount,
      UnfoldTiles(
        out: out, pixels: pixels, height: height, width: width, rows: rows, columns: columns,
        window: window, value: value, grid: grid))
  }
}

/// One element of all windows of a plane after the other.
private struct UnfoldTiles: TileWork {
  let out: UnsafeMutablePointer<Float>
  let pixels: UnsafePointer<Float>
  let height: Int
  let width: Int
  let rows: Int
  let columns: Int
  let window: WindowGeometry
  let value: Float
  let grid: TileGrid

  func run(tile: Int, worker: Int) {
    let elements = window.kernel[0] * window.kernel[1]
    for index in grid.range(tile) {
      let (plane, element) = (index / elements, index % elements)
      let top = element / window.kernel[1] * window.dilations[0] - window.pads[0]
      let left = element % window.kernel[1] * window.dilations[1] - window.pads[1]
      for y in 0..<rows {
        let row = y * window.strides[0] + top
        let target = out + (index * rows + y) * columns
        if row < 0 || row >= height {
          target.update(repeating: value, count: columns)
        } else {
          copy(row: pixels + (plane * height + row) * width, from: left, to: target)
        }
      }
    }
  }

  private func copy(
    row: UnsafePointer<Float>, from left: Int, to target: UnsafeMutablePointer<Float>
  ) {
    let step = window.strides[1]
    // The columns whose pixel is inside: 0 ≤ left + x·step < width.
    let first = min(left < 0 ? (step - 1 - left) / step : 0, columns)
    let last = max(first, min(columns, left < width ? (width - 1 - left) / step + 1 : 0))
    target.update(repeating: value, count: first)
    if step == 1 {
      (target + first).update(from: row + left + first, count: last - first)
    } else {
      for x in first..<last { target[x] = row[left + x * step] }
    }
    (target + last).update(repeating: value, count: columns - last)
  }
}
