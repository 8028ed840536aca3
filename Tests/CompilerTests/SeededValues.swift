import IR
import Tensors

/// Inputs and weights for a module that depend on names alone: two versions of a module get the same
/// values.
struct SeededValues: Sendable {
  let module: Module

  /// The arguments of a function at the given symbol values.
  func inputs(of function: Function, at sizes: [String: Int]) throws -> [HostTensor] {
    try function.parameters.map { try input(function[$0], of: function.name, sizes) }
  }

  private func input(
    _ value: Value, of function: String, _ sizes: [String: Int]
  ) throws -> HostTensor {
    let shape = try value.type.shape.evaluate(sizes)
    var random = SeededGenerator("\(function)/\(value.name)")
    let count = shape.reduce(1, *)
    let values: [Double] = (0..<count).map { _ in
      switch value.type.element {
      case .bool: Double(Int.random(in: 0...1, using: &random))
      case let element where element.isFloatingPoint:
        Double(Float.random(in: -1...1, using: &random))
      default: Double(Int.random(in: 0..<smallestTable, using: &random))
      }
    }
    return HostTensor(value.type.element, shape, values)
  }

  /// Rows of the smallest table that ids index.
  private var smallestTable: Int {
    module.functions.flatMap { function in
      function.operations.filter { $0.op == "embedding" }.compactMap { operation in
        operation.operands[0].flatMap { module.type(of: $0, in: function).shape[0].constant }
      }
    }.min() ?? 3
  }

  /// Values in -1...1, as the module stores them: what a checkpoint would hold.
  func weight(_ tensor: ModuleTensor) -> HostTensor {
    var random = SeededGenerator(tensor.name)
    let shape = tensor.type.shape.constants ?? []
    let stored = module.tensors.first { $0.name == tensor.name }?.type.element ?? .f32
    return HostTensor(
      stored, shape,
      (0..<shape.reduce(1, *)).map { _ in
        let value = Float.random(in: -1...1, using: &random)
        return switch stored {
        case .bf16: Double(Float(BFloat16(value)))
        case .f16: Double(Float16(value))
        default: Double(value)
        }
      })
  }

  /// Every symbol at a share of its bound, at least 1.
  func sizes(_ share: Double) -> [String: Int] {
    module.bounds.mapValues { max(1, Int((Double($0) * share).rounded())) }
  }
}

/// The first result that is further from the expected one than `tolerance` × the largest number in
/// it, or than `tolerance` where that is below 1, in words. NaN must meet NaN.
func firstDifference(
  from expected: [HostTensor], to found: [HostTensor], tolerance: Double
) -> String? {
  for (index, (a, b)) in zip(expected, found).enumerated() {
    guard a.shape == b.shape, a.element == b.element else {
      return "result \(index) is \(b.element)\(b.shape), expected \(a.element)\(a.shape)"
    }
    let largest = a.values.lazy.filter(\.isFinite).map(abs).max() ?? 0
    for (position, (x, y)) in zip(a.values, b.values).enumerated() {
      if x == y || (x.isNaN && y.isNaN) { continue }
      guard abs(x - y) <= tolerance * max(1, largest) else {
        return "result \(index), element \(position) is \(y), expected \(x)"
      }
    }
  }
  return expected.count == found.count ? nil : "\(found.count) results, not \(expected.count)"
}

/// SplitMix64 (Steele, Lea and Flood, 2014), seeded by the FNV-1a hash of a text.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(_ text: String) {
    state = text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
