import Testing

@testable import Runtime

@Suite struct `A kernel of channels` {
  static let shapes = [
    (outer: 1, channels: 1, inner: 1), (6, 3, 1), (1, 5, 33), (4, 7, 9), (2, 64, 50), (70, 300, 1),
  ]

  /// What batch_norm says in double precision.
  private func expected(
    _ x: [Float], _ shape: (outer: Int, channels: Int, inner: Int), weight: [Float]?,
    bias: [Float]?, statistics: (mean: [Float], variance: [Float])?
  ) -> [Double] {
    let (outer, channels, inner) = shape
    var out = [Double](repeating: 0, count: x.count)
    for channel in 0..<channels {
      let places = (0..<outer).flatMap { o in
        (0..<inner).map { (o * channels + channel) * inner + $0 }
      }
      let values = places.map { Double(x[$0]) }
      var mean = values.reduce(0, +) / Double(values.count)
      var variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      if let statistics {
        (mean, variance) = (Double(statistics.mean[channel]), Double(statistics.variance[channel]))
      }
      for (place, value) in zip(places, values) {
        out[place] =
          (value - mean) / (variance + Double(Float(1e-3))).squareRoot()
          * Double(weight?[channel] ?? 1) + Double(bias?[channel] ?? 0)
      }
    }
    return out
  }

  @Test(arguments: shapes, [false, true])
  func `batch_norm equals its definition`(
    shape: (outer: Int, channels: Int, inner: Int), isKnown: Bool
  ) throws {
    var random = SeededGenerator(seed: 31)
    let (outer, channels, inner) = shape
    let values = random.floats(outer * channels * inner, in: -4...4)
    let (weights, biases) = (random.floats(channels), random.floats(channels))
    let (means, variances) = (random.floats(channels), random.floats(channels, in: 0.1...2))
    for hasWeight in [true, false] {
      let expected = expected(
        values, shape, weight: hasWeight ? weights : nil, bias: hasWeight ? biases : nil,
        statistics: isKnown ? (means, variances) : nil)
      let results = try testedThreadCounts.map { threads -> [UInt32] in
        // In place.
        let x = TestBuffer(values, misalignment: 1)
        let (weight, bias) = (TestBuffer(weights), TestBuffer(biases))
        let (mean, variance) = (TestBuffer(means), TestBuffer(variances))
        try makeKernels(threads: threads).batchNorm(
          ChannelArguments(
            out: x.pointer, x: x.constant, outer: outer, channels: channels, inner: inner,
            weight: hasWeight ? weight.constant : nil, bias: hasWeight ? bias.constant : nil,
            mean: isKnown ? mean.constant : nil, variance: isKnown ? variance.constant : nil),
          eps: 1e-3)
        #expect(worstRatio(x.values, expected) { 1e-6 * max(1, abs(expected[$0])) } <= 1)
        #expect(x.guardsAreIntact)
        return x.bits
      }
      #expect(results.allSatisfy { $0 == results[0] })
    }
  }
}
