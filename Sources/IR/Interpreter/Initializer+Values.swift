import Foundation
import Tensors

extension Initializer {
  /// Most bytes of a tensor whose value is made rather than read (1 GiB): a short text must not fill
  /// memory and disk.
  public static let byteLimit = 1 << 30

  /// The elements for a tensor of `shape`.
  public func value(_ element: ElementType, _ shape: [Int]) -> HostTensor {
    let count = shape.reduce(1, *)
    return HostTensor(element, shape, values(element, in: 0..<count, of: count))
  }

  /// A range of the elements, row-major, for a tensor of `count` elements.
  public func values(_ element: ElementType, in range: Range<Int>, of count: Int) -> [Double] {
    switch self {
    case .iota: range.map { element.converted(Double($0)) }
    case .splat(let value): Array(repeating: element.converted(value), count: range.count)
    case .dense(let values): values[range].map(element.converted)
    case .ropeFrequencies(let base):
      // Hugging Face computes base^(2i/dim) and its reciprocal in f32.
      range.map { index in
        let power = pow(base, Double(Float(2 * index) / Float(2 * count)))
        return element.converted(Double(1 / Float(power)))
      }
    case .random(let seed, let scale, let rounded):
      range.map {
        let value = Self.random(seed, $0) * scale
        return element.converted(rounded?.converted(value) ?? value)
      }
    }
  }

  /// What makes the same elements once the tensor no longer has the element type `element`, which rounded
  /// them.
  public func rounded(to element: ElementType, count: Int) -> Initializer {
    switch self {
    case .splat(let value): .splat(element.converted(value))
    case .random(let seed, let scale, let rounded):
      .random(seed: seed, scale: scale, rounded: rounded ?? element)
    case .iota, .dense, .ropeFrequencies: .dense(values(element, in: 0..<count, of: count))
    }
  }

  /// Number `index` of a sequence, uniform in -1 ..< 1: the upper 53 bits of SplitMix64's outputs
  /// (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014), as multiples
  /// of 2⁻⁵². The generator's state only counts, so any output can be had by itself.
  private static func random(_ seed: Int, _ index: Int) -> Double {
    let step: UInt64 = 0x9E37_79B9_7F4A_7C15
    var mixed = UInt64(bitPattern: Int64(seed)) &+ step &* UInt64(index + 1)
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed >> 31
    return Double(mixed >> 11) * 0x1p-52 - 1
  }
}
