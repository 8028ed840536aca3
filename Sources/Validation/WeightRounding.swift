import IR
import Plans
import Tensors

/// The weights that a pass stores with fewer bits, and how far that may move them.
struct WeightRounding: CustomStringConvertible {
  /// Tensors of both modules whose storage changed.
  private let changed: [(before: ModuleTensor, after: ModuleTensor)]

  init(from before: Module, to after: Module) {
    let old = Dictionary(
      before.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    changed = after.tensors.compactMap { tensor in
      guard tensor.kind == .weight,
        let former = old[tensor.name] ?? tensor.original.flatMap({ old[$0] }),
        Self.bound(of: tensor, from: former) != nil
      else { return nil }
      return (former, tensor)
    }
  }

  /// Whether weights become bf16 that were not.
  var roundsHalf: Bool { changed.contains { $0.after.type.element == .bf16 } }

  /// The module before the pass with weights that are bf16 now rounded to it, and their values.
  func half(
    _ module: Module, _ weights: Interpreter.Source
  ) throws -> (module: Module, values: [String: HostTensor]) {
    var (module, values): (Module, [String: HostTensor]) = (module, [:])
    for (before, after) in changed where after.type.element == .bf16 {
      let value = try before.value(weights)
      values[before.name] = HostTensor(
        value.element, value.shape, value.values.map(ElementType.bf16.converted))
      for index in module.tensors.indices where module.tensors[index].name == before.name {
        module.tensors[index].initializer = nil
      }
    }
    return (module, values)
  }

  /// The first weight that moves by more than its storage explains, in words.
  func excess(_ weights: Interpreter.Source) throws -> String? {
    for (before, after) in changed {
      let value = try before.value(weights)
      guard let bound = Self.bound(of: after, from: before) else { continue }
      let stored = Self.stored(value, as: after)
      for (index, (x, y)) in zip(value.values, stored).enumerated()
      where !(abs(x - y) <= bound.limit(value, index)) && !(x.isNaN && y.isNaN) {
        return "%\(after.name), element \(index) is stored as \(y) instead of \(x)"
      }
    }
    return nil
  }

  var description: String {
    let kinds = changed.compactMap { Self.bound(of: $0.after, from: $0.before)?.description }
    let counts = Dictionary(grouping: kinds) { $0 }.mapValues(\.count).sorted { $0.key < $1.key }
    return counts.map { "\($0.value) weight\($0.value == 1 ? "" : "s") \($0.key)" }
      .joined(separator: ", ")
  }

  /// How far one element may move.
  private struct Bound {
    let description: String
    /// The most that element `index` of a matrix moves.
    let limit: (_ matrix: HostTensor, _ index: Int) -> Double
  }

  /// nil where the storage holds all that there was.
  private static func bound(of after: ModuleTensor, from before: ModuleTensor) -> Bound? {
    if let packing = before.packing, after.packing == packing { return nil }
    return switch (after.packing, after.type.element) {
    case (.int8, _):
      Bound(description: "in int8, moved by at most 1/253 of their row") { matrix, index in
        largest(matrix, index, group: matrix.shape[1]) / 253
      }
    case (.int4, _):
      Bound(description: "in int4, moved by at most 3/10 of their 32 columns") { matrix, index in
        largest(matrix, index, group: 32) * 0.3
      }
    case (_, .bf16) where before.type.element != .bf16:
      Bound(description: "in bf16, moved by at most 2⁻⁸ of themselves") { matrix, index in
        max(abs(matrix.values[index]) * 0x1p-8, 0x1p-133)
      }
    default: nil
    }
  }

  /// The largest magnitude among the columns that share a scale with an element.
  private static func largest(_ matrix: HostTensor, _ index: Int, group: Int) -> Double {
    let width = matrix.shape[1]
    let row = index / width * width
    let start = row + (index - row) / group * group
    return matrix.values[start..<min(start + group, row + width)].reduce(0) { max($0, abs($1)) }
  }

  /// The elements as a plan stores them.
  private static func stored(_ value: HostTensor, as tensor: ModuleTensor) -> [Double] {
    guard let packing = tensor.packing, packing.rounds else {
      return value.values.map(tensor.type.element.converted)
    }
    return packing.rounded(value.data).floats().map { Double($0) }
  }
}

extension Module {
  /// Whether plans hold other weights than the interpreter sees.
  var hasRoundingPackings: Bool { tensors.contains { $0.packing?.rounds == true } }

  /// The module with int8 and int4 weights as plain tensors of other names, and their values.
  func unpacked(
    _ weights: Interpreter.Source
  ) throws -> (module: Module, values: [String: HostTensor]) {
    var (module, values): (Module, [String: HostTensor]) = (self, [:])
    for (index, tensor) in tensors.enumerated() {
      guard let packing = tensor.packing, packing.rounds else { continue }
      let value =
        try tensor.initializer == nil
        ? weights(original(of: tensor)) : tensor.value(weights)
      let name = "\(tensor.name) in \(packing.rawValue)"
      module.tensors[index] = ModuleTensor(name, tensor.type, .weight)
      values[name] = HostTensor(packing.rounded(value.data))
    }
    return (module, values)
  }
}

extension ModuleTensor {
  /// The made value, or that of the source.
  fileprivate func value(_ source: Interpreter.Source) throws -> HostTensor {
    try initializer.map { $0.value(type.element, type.shape.constants ?? []) } ?? source(self)
  }
}
