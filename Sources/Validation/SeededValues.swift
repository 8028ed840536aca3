import IR
import Tensors

/// Inputs and weights for a module that depend on names alone: two versions of a module get the same
/// values.
package struct SeededValues: Sendable {
  package let module: Module
  /// The value of a weight or persistent buffer, where there is one; else it is made.
  private let source: Source

  package typealias Source = @Sendable (ModuleTensor) throws -> HostTensor?

  package init(module: Module, source: @escaping Source = { _ in nil }) {
    self.module = module
    self.source = source
  }

  /// The arguments of a function at the given symbol values; another `call` gets other numbers.
  package func inputs(
    of function: Function, at sizes: [String: Int], call: Int = 1
  ) throws -> [HostTensor] {
    try function.parameters.map { id in
      let value = function[id]
      let shape = try value.type.shape.evaluate(sizes)
      var random = SeededGenerator(
        "\(function.name)/\(value.name)" + (call == 1 ? "" : "/\(call)"))
      return HostTensor(
        value.type.element, shape,
        numbers(shape.reduce(1, *), for: id, of: function, &random))
    }
  }

  private func numbers(
    _ count: Int, for id: ValueID, of function: Function, _ random: inout SeededGenerator
  ) -> [Double] {
    let element = function[id].type.element
    if element == .bool {
      return (0..<count).map { _ in Double(Int.random(in: 0...1, using: &random)) }
    }
    if element.isFloatingPoint {
      return (0..<count).map { _ in
        element.converted(Double(Float.random(in: -1...1, using: &random)))
      }
    }
    let rows = smallestTable
    var ids = (0..<count).map { _ in Double(Int.random(in: 0..<rows, using: &random)) }
    // Places that a mask looks for, such as those of a picture.
    if let sought = soughtNumber(id, in: function), count > 1 {
      for index in stride(from: 0, to: min(count, 6), by: 2) { ids[index] = sought }
    }
    return ids
  }

  /// The number that a function compares a parameter with.
  private func soughtNumber(_ id: ValueID, in function: Function) -> Double? {
    let definitions = function.definitions()
    for operation in function.operations
    where operation.op == "equal" && operation.operands[0] == .value(id) {
      if let constant = operation.operands[1]?.value.flatMap({ definitions[$0.index] }),
        let number = function.operations[constant].attributes["value"]?.real
      {
        return number
      }
    }
    return nil
  }

  /// Rows of the smallest table that ids index; of one without rows the first is asked for all the same,
  /// which is an error when it happens.
  private var smallestTable: Int {
    let rows = module.functions.flatMap { function in
      function.operations.filter { $0.op == "embedding" }.compactMap { operation in
        operation.operands[0].flatMap { module.type(of: $0, in: function).shape[0].constant }
      }
    }.min()
    return max(1, rows ?? 3)
  }

  /// The value that a checkpoint would hold: the source's, or numbers in -1...1 as the module stores
  /// them.
  package func weight(_ tensor: ModuleTensor) throws -> HostTensor {
    if let value = try source(tensor) { return value }
    var random = SeededGenerator(tensor.name)
    let shape = tensor.type.shape.constants ?? []
    let stored = module.tensors.first { $0.name == tensor.name }?.type.element ?? .f32
    return HostTensor(
      stored, shape,
      (0..<shape.reduce(1, *)).map { _ in
        stored.converted(Double(Float.random(in: -1...1, using: &random)))
      })
  }

  /// Every symbol at a share of its bound, at least 1.
  package func sizes(_ share: Double) -> [String: Int] {
    module.bounds.mapValues { max(1, Int((Double($0) * share).rounded())) }
  }
}

/// SplitMix64 (Steele, Lea and Flood, 2014), seeded by the FNV-1a hash of a text or of bytes.
package struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  package init(_ text: String) { self.init(text.utf8) }

  package init(_ bytes: some Sequence<UInt8>) {
    state = bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
