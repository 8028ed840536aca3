import IR
import Tensors

/// Operations that models of other frameworks bring along.
extension RandomGraph {
  mutating func imported() throws -> Operand {
    switch Int.random(in: 0..<8, using: &random) {
    case 0, 1: try integerArithmetic()
    case 2:
      try builder.append(
        "cumsum", [try pick { $0.isFloating && $0.rank > 0 }],
        ["axis": .integer(-1), "exclusive": .flag(chance(0.3)), "reverse": .flag(chance(0.3))])
    case 3: try looked()
    case 4: try scattered()
    default: try window()
    }
  }

  private mutating func integerArithmetic() throws -> Operand {
    let x = try pick { $0.element == .i64 }
    let small = try builder.append("constant", [], ["value": .real(2), "element": .word("i64")])
    switch Int.random(in: 0..<5, using: &random) {
    case 0: return try builder.append(word("shift_left", "shift_right"), [x, small])
    case 1:
      return try builder.append(
        word("bit_and", "bit_or", "bit_xor"),
        [x, chance(0.5) ? small : try pick { $0.element == .i64 }])
    case 2:
      return try builder.append("less", [x, chance(0.5) ? small : try pick { $0.element == .i64 }])
    case 3:
      // Quarters and a bit more: far from where rounding jumps.
      let number = try builder.append("cast", [x], ["to": .word("f32")])
      let part = try builder.append("mul", [number, try constant(0.25)])
      let shifted = try builder.append("add", [part, try constant(0.1)])
      return try builder.append(word("floor", "round"), [shifted])
    default:
      return try builder.append(
        "top_k", [values[4]],
        ["k": .integer(1), "axis": .integer(-1), "largest": .flag(chance(0.5))])
    }
  }

  /// Elements by their places, which are constants or inputs.
  private mutating func looked() throws -> Operand {
    let x = try pick { $0.element == .f32 && $0.shape.contains { ($0.constant ?? 0) >= 6 } }
    let axis = shape(x).firstIndex { ($0.constant ?? 0) >= 6 } ?? 0
    let ids = chance(0.5) ? values[4] : try places([3, 0, -1])
    return try builder.append("gather", [x, ids], ["axis": .integer(axis)])
  }

  private mutating func scattered() throws -> Operand {
    let x = try pick { $0.element == .f32 && $0.rank > 0 && ($0.shape[0].constant ?? 0) >= 2 }
    let updates = try builder.append(
      "slice", [x], ["axis": .integer(0), "start": .integer(0), "end": .integer(2)])
    let ids = try places(chance(0.5) ? [1, 0] : [-1, -1])
    return try builder.append(
      "scatter", [x, ids, chance(0.5) ? try builder.append("tanh", [updates]) : updates],
      chance(0.6) ? ["reduction": .word(word("add", "mul", "max", "min"))] : [:])
  }

  private mutating func places(_ places: [Double]) throws -> Operand {
    try builder.append(
      "constant", [], ["values": .list(places.map { .real($0) }), "element": .word("i64")])
  }

  /// Windows of the last two axes, or convolution and pooling with channels last.
  private mutating func window() throws -> Operand {
    let pixels = try pick { $0.isFloating && $0.rank == 4 && $0.shape[3].constant != nil }
    let shape: Attributes = [
      "kernel": .integers([2, 1]), "strides": .integers([chance(0.5) ? 1 : 2, 1]),
      "pads": .integers(chance(0.5) ? [0, 0, 0, 0] : [1, 0, 1, 0]),
    ]
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return try builder.append("unfold", [pixels], shape)
    case 1: return try builder.append("max_pool", [pixels], shape)
    case 2:
      let pixels = try pick { $0.element == .f32 && $0.rank == 4 && $0.shape[3] == 6 }
      return try builder.append(
        "depthwise_conv",
        [pixels, try builder.tensor("pair"), chance(0.5) ? try builder.tensor("ones") : nil], shape)
    default:
      let pixels = try pick { $0.element == .f32 && $0.rank == 4 && $0.shape[3] == 3 }
      return try builder.append(
        "conv",
        [
          pixels, try builder.tensor(word("w", "u")),
          chance(0.5) ? try builder.tensor("ones") : nil,
        ],
        shape)
    }
  }
}
