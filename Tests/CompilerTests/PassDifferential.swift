import Compiler
import Foundation
import IR
import Tensors

/// Runs two versions of a module on the same seeded inputs and compares what they return.
struct PassDifferential {
  let before: Module
  let after: Module
  let context: PassContext
  let exactness: Pass.Exactness

  /// The first result that differs by more than the class allows, in words.
  func firstDifference() throws -> String? {
    for share in [1.0, 0.0, 0.5] {
      let sizes = before.bounds.mapValues { max(1, Int((Double($0) * share).rounded())) }
      var old = try Interpreter(before, source: seededValue)
      var new = try Interpreter(after, source: context.interpreterSource(weights: seededValue))
      for function in before.functions {
        let inputs = try function.parameters.map { id in
          try input(function[id], in: function.name, sizes)
        }
        let expected = try old.run(function.name, inputs, symbols: sizes)
        let found = try new.run(function.name, inputs, symbols: sizes)
        if let difference = difference(expected, found) {
          return "@\(function.name) at \(sizes): \(difference)"
        }
      }
    }
    return nil
  }

  private func difference(_ expected: [HostTensor], _ found: [HostTensor]) -> String? {
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

  private var tolerance: Double {
    switch exactness {
    case .exact: 0
    // Folded tables are rounded to f32.
    case .reassociating: 1e-5
    // bf16 keeps 8 bits.
    case .approximating: 0x1p-6
    }
  }

  private func input(
    _ value: Value, in function: String, _ sizes: [String: Int]
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
    before.functions.flatMap { function in
      function.operations.filter { $0.op == "embedding" }.compactMap { operation in
        operation.operands[0].flatMap { before.type(of: $0, in: function).shape[0].constant }
      }
    }.min() ?? 3
  }

  /// Values in -1...1 that depend on the tensor's name only, as the original module stores them.
  private func seededValue(_ tensor: ModuleTensor) throws -> HostTensor {
    var random = SeededGenerator(tensor.name)
    let shape = tensor.type.shape.constants ?? []
    let stored = before.tensors.first { $0.name == tensor.name }?.type.element ?? .f32
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
