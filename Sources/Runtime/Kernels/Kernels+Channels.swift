/// x[o, c, i] whose channels c are normalised, and the numbers of each channel.
struct ChannelArguments {
  var out: UnsafeMutablePointer<Float>
  var x: UnsafePointer<Float>
  var outer: Int
  var channels: Int
  var inner: Int
  /// 1 where it is null.
  var weight: UnsafePointer<Float>?
  /// 0 where it is null.
  var bias: UnsafePointer<Float>?
  /// Those of the channel in x where they are null.
  var mean: UnsafePointer<Float>?
  var variance: UnsafePointer<Float>?
}

extension Kernels {
  /// (x - mean)/sqrt(variance + eps) weight + bias of each channel, in double precision. `out` may be
  /// `x`.
  func batchNorm(_ arguments: ChannelArguments, eps: Float) {
    let size = max(arguments.outer * arguments.inner, 1)
    let grid = TileGrid(
      count: arguments.channels, limit: max(1, Kernels.elementsPerTile / size))
    pool.run(
      tiles: grid.tileCount, BatchNormTiles(arguments: arguments, grid: grid, eps: Double(eps)))
  }
}

/// Some channels in all of the batch.
private struct BatchNormTiles: TileWork {
  let arguments: ChannelArguments
  let grid: TileGrid
  let eps: Double

  func run(tile: Int, worker: Int) {
    for channel in grid.range(tile) { normalize(channel) }
  }

  private func normalize(_ channel: Int) {
    let a = arguments
    let (mean, variance) = statistics(channel)
    let scale = Double(a.weight?[channel] ?? 1) / (variance + eps).squareRoot()
    let bias = Double(a.bias?[channel] ?? 0)
    for outer in 0..<a.outer {
      let start = (outer * a.channels + channel) * a.inner
      for position in start..<start + a.inner {
        a.out[position] = Float((Double(a.x[position]) - mean) * scale + bias)
      }
    }
  }

  private func statistics(_ channel: Int) -> (mean: Double, variance: Double) {
    let a = arguments
    if let mean = a.mean, let variance = a.variance {
      return (Double(mean[channel]), Double(variance[channel]))
    }
    let count = Double(a.outer * a.inner)
    let mean = sum(channel) { $0 } / count
    return (mean, sum(channel) { ($0 - mean) * ($0 - mean) } / count)
  }

  private func sum(_ channel: Int, _ term: (Double) -> Double) -> Double {
    let a = arguments
    var sum = 0.0
    for outer in 0..<a.outer {
      let start = (outer * a.channels + channel) * a.inner
      for position in start..<start + a.inner { sum += term(Double(a.x[position])) }
    }
    return sum
  }
}
