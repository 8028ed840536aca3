/// Sebastiano Vigna's SplitMix64: a 64-bit counter and a mixing function.
///
/// Fixed for good: a seed must give the same text in every version.
struct SplitMix64: Sendable, RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// Uniform in [0, 1): the upper 53 bits over 2⁵³.
  mutating func nextUnit() -> Double {
    Double(next() >> 11) * 0x1p-53
  }
}
