import CKernels

/// The windows of pictures [batch, height, width, channels] as rows, in the order of their places: of
/// each its elements, each with its channels; 0 outside.
struct WindowRows {
  var pixels: UnsafePointer<Float>
  var height: Int
  var width: Int
  var channels: Int
  /// Places of windows along each axis.
  var places: (rows: Int, columns: Int)
  var kernel: (rows: Int, columns: Int)
  var strides: (rows: Int, columns: Int)
  var dilations: (rows: Int, columns: Int)
  /// Above and to the left.
  var pads: (rows: Int, columns: Int)

  /// Numbers of a row.
  var count: Int { kernel.rows * kernel.columns * channels }

  /// Whether a window is one pixel, and all pixels are windows: then they are the rows.
  var isIdentity: Bool {
    kernel == (1, 1) && strides == (1, 1) && pads == (0, 0) && places == (height, width)
  }

  func copy(row index: Int, to out: UnsafeMutablePointer<Float>) {
    let column = index % places.columns
    let row = index / places.columns % places.rows
    let picture = pixels + index / places.columns / places.rows * height * width * channels
    let left = column * strides.columns - pads.columns
    let line = kernel.columns * channels
    for i in 0..<kernel.rows {
      let target = out + i * line
      let y = row * strides.rows + i * dilations.rows - pads.rows
      guard y >= 0, y < height else {
        target.update(repeating: 0, count: line)
        continue
      }
      let source = picture + y * width * channels
      if dilations.columns == 1, left >= 0, left + kernel.columns <= width {
        target.update(from: source + left * channels, count: line)
        continue
      }
      for j in 0..<kernel.columns {
        let x = left + j * dilations.columns
        if x >= 0, x < width {
          (target + j * channels).update(from: source + x * channels, count: channels)
        } else {
          (target + j * channels).update(repeating: 0, count: channels)
        }
      }
    }
  }
}

extension Kernels {
  /// Rows that are gathered at once for a weight that is not in panels.
  private static let gatheredRows = 256

  /// `linear` of windows as rows: `arguments.x` is not read. Needs the scratch of `convScratch`.
  func conv(_ arguments: LinearArguments, _ windows: WindowRows) {
    var arguments = arguments
    if windows.isIdentity {
      arguments.x = windows.pixels
      return linear(arguments)
    }
    if case .panels = arguments.weight {
      arguments.windows = windows
      return linear(arguments)
    }
    let gathered = pool.scratch.shared.assumingMemoryBound(to: Float.self)
    for start in stride(from: 0, to: arguments.rows, by: Self.gatheredRows) {
      let rows = start..<min(start + Self.gatheredRows, arguments.rows)
      let grid = TileGrid(count: rows.count, limit: 16)
      pool.run(
        tiles: grid.tileCount,
        GatherWindows(windows: windows, rows: rows, grid: grid, out: gathered))
      linear(arguments.rows(rows, gathered))
    }
  }

  /// The scratch that suffices for `conv` on any number of rows up to `rows`.
  static func convScratch(
    rows: Int, inputs: Int, outputs: Int, isPacked: Bool
  ) -> ScratchRequirement {
    let blockRows = 16
    if isPacked {
      let gathered = ScratchRequirement(perWorker: blockRows * inputs * 4)
      return panelLinearScratch(rows: rows, inputs: inputs, outputs: outputs)
        .union(linearScratch(rows: min(rows, streamedRows), inputs: inputs, outputs: outputs))
        .union(gathered)
    }
    return linearScratch(rows: rows, inputs: inputs, outputs: outputs)
      .union(ScratchRequirement(shared: min(rows, gatheredRows) * inputs * 4))
  }

  /// out[b, y, x, :] = the largest of the pixels of a window, channel by channel; -∞ where it is
  /// outside throughout.
  func maxPool(out: UnsafeMutablePointer<Float>, batch: Int, _ windows: WindowRows) {
    pool.run(
      tiles: batch * windows.places.rows, MaxPoolTiles(out: out, windows: windows, kernels: self))
  }
}

/// out = activation(bias + products of each channel's windows with its weights [elements, channels]).
struct DepthwiseArguments {
  var out: UnsafeMutablePointer<Float>
  var weight: UnsafePointer<Float>
  var bias: UnsafePointer<Float>?
  var activation: UnaryOperation
  var batch: Int
}

extension Kernels {
  /// Computes `DepthwiseArguments`. Needs the scratch of `depthwiseScratch`.
  func depthwiseConv(_ arguments: DepthwiseArguments, _ windows: WindowRows) {
    assertScratch(Self.depthwiseScratch(elements: windows.kernel.rows * windows.kernel.columns))
    pool.run(
      tiles: arguments.batch * windows.places.rows,
      DepthwiseTiles(arguments: arguments, windows: windows, kernels: self))
  }

  /// Two pointers for each element of a window.
  static func depthwiseScratch(elements: Int) -> ScratchRequirement {
    ScratchRequirement(perWorker: 2 * elements * MemoryLayout<UnsafePointer<Float>>.stride)
  }
}

/// One row of places: those whose windows are inside from left to right at once, each other by itself.
private struct DepthwiseTiles: TileWork {
  let arguments: DepthwiseArguments
  let windows: WindowRows
  let kernels: Kernels

  func run(tile: Int, worker: Int) {
    let w = windows
    let reach = (w.kernel.columns - 1) * w.dilations.columns
    let first = min(w.pads.columns.dividedRoundingUp(by: w.strides.columns), w.places.columns)
    let room = w.width - 1 - reach + w.pads.columns
    let last = max(first, min(w.places.columns, room < 0 ? 0 : room / w.strides.columns + 1))
    let out = arguments.out + tile * w.places.columns * w.channels
    for column in 0..<first { multiply(tile, column, 1, out, worker) }
    multiply(tile, first, last - first, out, worker)
    for column in last..<w.places.columns { multiply(tile, column, 1, out, worker) }
    if arguments.activation != .identity {
      kernels.table.functions.pointee.unary(
        arguments.activation, out, out, w.places.columns * w.channels)
    }
  }

  /// `count` places from `column` on, whose windows have the same elements inside.
  private func multiply(
    _ tile: Int, _ column: Int, _ count: Int, _ out: UnsafeMutablePointer<Float>, _ worker: Int
  ) {
    guard count > 0 else { return }
    let w = windows
    let elements = w.kernel.rows * w.kernel.columns
    let pixels = kernels.pool.scratch.perWorker(worker)
      .assumingMemoryBound(to: UnsafePointer<Float>.self)
    let weights = pixels + elements
    let top = tile % w.places.rows * w.strides.rows - w.pads.rows
    let left = column * w.strides.columns - w.pads.columns
    let picture = w.pixels + tile / w.places.rows * w.height * w.width * w.channels
    var taps = 0
    for i in 0..<w.kernel.rows {
      let y = top + i * w.dilations.rows
      guard y >= 0, y < w.height else { continue }
      for j in 0..<w.kernel.columns {
        let x = left + j * w.dilations.columns
        guard x >= 0, x < w.width else { continue }
        pixels[taps] = picture + (y * w.width + x) * w.channels
        weights[taps] = arguments.weight + (i * w.kernel.columns + j) * w.channels
        taps += 1
      }
    }
    kernels.table.functions.pointee.depthwise(
      out + column * w.channels, w.channels, pixels, w.strides.columns * w.channels, weights, taps,
      count, w.channels, arguments.bias)
  }
}

extension LinearArguments {
  /// The part for some rows, whose factors lie densely at `x`.
  fileprivate func rows(_ rows: Range<Int>, _ x: UnsafePointer<Float>) -> LinearArguments {
    var part = self
    part.x = x
    part.xRowStride = inputs
    part.rows = rows.count
    part.out = out + rows.lowerBound * outRowStride
    part.epilogue.multiplier = epilogue.multiplier.map {
      $0 + rows.lowerBound * epilogue.multiplierRowStride
    }
    part.epilogue.residual = epilogue.residual.map {
      $0 + rows.lowerBound * epilogue.residualRowStride
    }
    return part
  }
}

private struct GatherWindows: TileWork {
  let windows: WindowRows
  let rows: Range<Int>
  let grid: TileGrid
  let out: UnsafeMutablePointer<Float>

  func run(tile: Int, worker: Int) {
    for place in grid.range(tile) {
      windows.copy(row: rows.lowerBound + place, to: out + place * windows.count)
    }
  }
}

/// One row of places.
private struct MaxPoolTiles: TileWork {
  let out: UnsafeMutablePointer<Float>
  let windows: WindowRows
  let kernels: Kernels

  func run(tile: Int, worker: Int) {
    let w = windows
    let largest = kernels.table.functions.pointee.binary
    let top = tile % w.places.rows * w.strides.rows - w.pads.rows
    let picture = w.pixels + tile / w.places.rows * w.height * w.width * w.channels
    for column in 0..<w.places.columns {
      let target = out + (tile * w.places.columns + column) * w.channels
      target.update(repeating: -.infinity, count: w.channels)
      for i in 0..<w.kernel.rows {
        let y = top + i * w.dilations.rows
        guard y >= 0, y < w.height else { continue }
        for j in 0..<w.kernel.columns {
          let x = column * w.strides.columns + j * w.dilations.columns - w.pads.columns
          guard x >= 0, x < w.width else { continue }
          largest(.max, target, target, 1, picture + (y * w.width + x) * w.channels, 1, w.channels)
        }
      }
    }
  }
}
