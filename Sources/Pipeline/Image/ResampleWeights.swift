/// For every output position along one axis: which input positions it is made of, and their weights
/// with 22 fraction bits. The numbers are those of Pillow's `Resample.c`.
struct ResampleWeights {
  /// First input position of each output position.
  private(set) var starts: [Int32] = []
  /// How many input positions each output position takes.
  private(set) var counts: [Int32] = []
  /// The weights of all output positions, one after the other.
  private(set) var weights: [Int32] = []

  /// - Precondition: both lengths are positive.
  init(from inputLength: Int, to outputLength: Int, filter: ResampleFilter) {
    let scale = Double(inputLength) / Double(outputLength)
    let filterScale = max(scale, 1)
    let support = filter.support * filterScale
    let inverseFilterScale = 1 / filterScale
    starts.reserveCapacity(outputLength)
    counts.reserveCapacity(outputLength)
    for position in 0..<outputLength {
      let center = (Double(position) + 0.5) * scale
      let first = max(Int(center - support + 0.5), 0)
      let end = min(Int(center + support + 0.5), inputLength)
      var taps = (first..<end).map { input in
        filter.weight(at: (Double(input) - center + 0.5) * inverseFilterScale)
      }
      let sum = taps.reduce(0, +)
      if sum != 0 { taps = taps.map { $0 / sum } }
      starts.append(Int32(first))
      counts.append(Int32(taps.count))
      weights += taps.map(Self.fixedPoint)
    }
  }

  /// Rounds half away from zero to 22 fraction bits.
  private static func fixedPoint(_ weight: Double) -> Int32 {
    let scaled = weight * Double(1 << 22)
    return Int32(weight < 0 ? scaled - 0.5 : scaled + 0.5)
  }
}
