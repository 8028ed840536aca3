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
    let mean = sum(channel, { $0 }, { $0 }) / count
    let squares = sum(
      channel, { ($0 - mean) * ($0 - mean) }, { ($0 - mean) * ($0 - mean) })
    return (mean, squares / count)
  }

  /// Sums terms of the elements, of eight side by side, so that no sum waits for the one before, and of one.
  @inline(__always)
  private func sum(
    _ channel: Int, _ terms: (SIMD8<Double>) -> SIMD8<Double>, _ term: (Double) -> Double
  ) -> Double {
    let a = arguments
    var (sums, rest) = (SIMD8<Double>(), 0.0)
    for outer in 0..<a.outer {
      let x = a.x + (outer * a.channels + channel) * a.inner
      let whole = a.inner & ~7
      for position in stride(from: 0, to: whole, by: 8) {
        let values = UnsafeRawPointer(x + position).loadUnaligned(as: SIMD8<Float>.self)
        sums += terms(SIMD8<Double>(values))
      }
      for position in whole..<a.inner { rest += term(Double(x[position])) }
    }
    return sums.sum() + rest
  }
}
