import Foundation
import Tensors

extension Initializer {
  /// The elements for a tensor of `shape`.
  public func value(_ element: ElementType, _ shape: [Int]) -> HostTensor {
    let count = shape.reduce(1, *)
    let values: [Double] =
      switch self {
      case .iota: (0..<count).map { Double($0) }
      case .splat(let value): Array(repeating: value, count: count)
      case .dense(let values): values
      case .ropeFrequencies(let base):
        // Hugging Face computes base^(2i/dim) and its reciprocal in f32.
        (0..<count).map { index in
          Double(1 / Float(pow(base, Double(Float(2 * index) / Float(2 * count)))))
        }
      case .random(let seed, let scale): Self.random(seed, count).map { $0 * scale }
      }
    return HostTensor(element, shape, values.map(element.converted))
  }

  /// `count` numbers, uniform in -1 ..< 1: the upper 53 bits of SplitMix64's outputs (Steele, Lea
  /// and Flood, "Fast Splittable Pseudorandom Number Generators", 2014), as multiples of 2⁻⁵².
  private static func random(_ seed: Int, _ count: Int) -> [Double] {
    var state = UInt64(bitPattern: Int64(seed))
    return (0..<count).map { _ in
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      mixed ^= mixed >> 31
      return Double(mixed >> 11) * 0x1p-52 - 1
    }
  }
}
