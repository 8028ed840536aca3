import IR
import Tensors

extension RandomGraph {
  /// Appends some operation. Throws where its operands do not allow it.
  mutating func append() throws -> Operand {
    switch Int.random(in: 0..<22, using: &random) {
    case 0...3: try arithmetic()
    case 4, 5: try function()
    case 6...9: try view()
    case 10: try builder.append("contiguous", [pick()])
    case 11: try product()
    case 12: try reduction()
    case 13: try normalization()
    case 14: try selection()
    case 15: try data()
    case 16: try state()
    case 17, 18: try imported()
    default: try idiom()
    }
  }

  private mutating func arithmetic() throws -> Operand {
    let floating = { (type: TensorType) in type.isFloating }
    let (a, b) = (try pick(floating), try pick(floating))
    switch Int.random(in: 0..<10, using: &random) {
    case 0:
      // A divisor of at least a half.
      let size = try builder.append("abs", [b])
      let divisor = try builder.append("add", [size, try constant(0.5)])
      return try builder.append("div", [a, divisor])
    case 1:
      let base = try builder.append("sigmoid", [a])
      return try builder.append(
        "pow", [base, try constant([1, 2, 0.5].randomElement(using: &random) ?? 1)])
    case 2:
      let integers = { (type: TensorType) in type.element == .i64 }
      return try builder.append(
        word("add", "mul", "maximum"), [try pick(integers), try pick(integers)])
    default:
      return try builder.append(word("add", "mul", "sub", "maximum", "minimum"), [a, b])
    }
  }

  private mutating func function() throws -> Operand {
    let x = try pick(\.isFloating)
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return try builder.append("exp", [try builder.append("tanh", [x])])
    case 1:
      let size = try builder.append("abs", [x])
      let positive = try builder.append("add", [size, try constant(0.5)])
      return try builder.append(word("log", "sqrt", "rsqrt"), [positive])
    case 2:
      return try builder.append(
        "gelu", [x], chance(0.5) ? ["approximate": .word("tanh")] : [:])
    default:
      return try builder.append(
        word("neg", "abs", "tanh", "relu", "sigmoid", "silu", "erf", "sin", "cos", "gelu", "atan"),
        [x])
    }
  }

  private mutating func view() throws -> Operand {
    let x = pick()
    let shape = shape(x)
    switch Int.random(in: 0..<8, using: &random) {
    case 0...2:
      return try builder.append(
        "transpose", [x], ["perm": .integers(shape.indices.shuffled(using: &random))])
    case 3, 4: return try builder.append("reshape", [x], ["shape": .dimensions(reshaped(shape))])
    case 5: return try builder.append("broadcast", [x], ["shape": .dimensions(widened(shape))])
    default:
      let axis = try axis(of: x)
      let (start, end) = try range(shape[axis])
      return try builder.append(
        "slice", [x],
        ["axis": .integer(axis), "start": .dimension(start), "end": .dimension(end)])
    }
  }

  /// All, the first, the last or some of an axis.
  private mutating func range(_ extent: Dim) throws -> (Dim, Dim) {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return (0, extent)
    case 1: return (0, 1)
    case 2 where extent.constant != 0: return (try extent - 1, extent)
    default:
      guard let extent = extent.constant, extent > 0 else { return (0, extent) }
      let start = Int.random(in: 0..<extent, using: &random)
      return (Dim(start), Dim(Int.random(in: start...extent, using: &random)))
    }
  }

  /// The same elements with two axes merged, one split, or an axis of extent 1 more or less.
  private mutating func reshaped(_ shape: Shape) throws -> Shape {
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      let place = Int.random(in: 0...shape.count, using: &random)
      return Array(shape[..<place]) + [1] + Array(shape[place...])
    case 1:
      guard let place = shape.firstIndex(where: \.isOne) else { return shape }
      return Array(shape[..<place]) + Array(shape[(place + 1)...])
    case 2:
      guard let place = shape.firstIndex(of: 6) else { return shape }
      return Array(shape[..<place]) + (chance(0.5) ? [2, 3] : [3, 2]) + Array(shape[(place + 1)...])
    default:
      guard shape.count >= 2 else { return shape }
      let axis = Int.random(in: 0..<shape.count - 1, using: &random)
      let merged = try shape[axis] * shape[axis + 1]
      return Array(shape[..<axis]) + [merged] + Array(shape[(axis + 2)...])
    }
  }

  /// A shape that it broadcasts to: a new outer axis, or an axis of extent 1 repeated.
  private mutating func widened(_ shape: Shape) -> Shape {
    guard chance(0.5), let place = shape.firstIndex(where: \.isOne) else { return [2] + shape }
    var result = shape
    result[place] = chance(0.5) ? 3 : Self.rows
    return result
  }

  private mutating func product() throws -> Operand {
    if chance(0.3) {
      let x = try pick { $0.isFloating && $0.shape.last == 6 }
      return try builder.append(
        "matmul", [x, try builder.tensor(word("w", "u", "h"))],
        chance(0.7) ? ["transpose_b": .flag(true)] : [:])
    }
    let matrix = { (type: TensorType) in type.isFloating && type.rank >= 2 }
    return try builder.append(
      "matmul", [try pick(matrix), try pick(matrix)],
      ["transpose_a": .flag(chance(0.3)), "transpose_b": .flag(chance(0.5))])
  }

  private mutating func reduction() throws -> Operand {
    let x = try pick { $0.isFloating && $0.rank > 0 }
    let rank = shape(x).count
    var axes = [try axis(of: x)]
    if chance(0.3) { axes = Array(Set(axes + [try axis(of: x)])).sorted() }
    if chance(0.3) { axes = axes.map { $0 - rank } }
    return try builder.append(
      word("sum", "mean", "max", "prod"), [x],
      ["axes": .integers(axes), "keep_dims": .flag(chance(0.6))])
  }

  private mutating func normalization() throws -> Operand {
    let x = try pick { $0.isFloating && $0.rank > 0 && $0.shape.last?.constant != 0 }
    switch Int.random(in: 0..<5, using: &random) {
    case 4: return try batchNorm(x)
    case 0: return try builder.append("softmax", [x], ["axis": .integer(try axis(of: x))])
    case 1: return try builder.append("softmax", [x])
    case 2:
      return try builder.append(
        "layer_norm", [x, chance(0.5) ? try builder.tensor("v") : nil], ["eps": .real(0.01)])
    default:
      return try builder.append(
        "rms_norm", [x, try builder.tensor(word("v", "ones"))],
        ["eps": .real(0.01), "weight_offset": .real(chance(0.5) ? 1 : 0)])
    }
  }

  /// Of the batch itself or with known statistics, along an axis of six places.
  mutating func batchNorm(_ x: Operand) throws -> Operand {
    let axes = shape(x).indices.filter { shape(x)[$0] == 6 }
    guard let axis = axes.randomElement(using: &random) else { throw OpError("no such axis") }
    let weight = chance(0.6) ? try builder.tensor(word("v", "ones")) : nil
    let bias = chance(0.6) ? try builder.tensor("v") : nil
    let statistics = chance(0.7) ? try ["v", "ones"].map { try builder.tensor($0) } : [nil, nil]
    return try builder.append(
      "batch_norm", [x, weight, bias] + statistics,
      ["axis": .integer(axis), "eps": .real(chance(0.5) ? 0.01 : 0.5)])
  }

  private mutating func selection() throws -> Operand {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return try builder.append("cast", [pick()], ["to": .word("f32")])
    case 1:
      let integers = { (type: TensorType) in type.element == .i64 }
      return try builder.append("equal", [try pick(integers), try pick(integers)])
    case 2:
      let condition = try condition()
      let a = try pick { $0.element == .f32 }
      return try builder.append(
        "where", [condition, a, chance(0.5) ? try constant(0.5) : try pick { $0.element == .f32 }])
    default:
      let (mask, x) = (try condition(), try pick { $0.element == .f32 })
      return try builder.append("masked_scatter", [x, mask, x])
    }
  }

  /// One truth for each row of the ids or one for all, or any that there is.
  private mutating func condition() throws -> Operand {
    if chance(0.3) { return try pick { $0.element == .bool } }
    let one = try builder.append("constant", [], ["value": .real(1), "element": .word("i64")])
    if chance(0.3) { return try builder.append("equal", [one, one]) }
    let places = try builder.append("equal", [values[4], one])
    return try builder.append(
      "reshape", [places], ["shape": .dimensions([1, Self.rows, 1])])
  }

  private mutating func data() throws -> Operand {
    switch Int.random(in: 0..<7, using: &random) {
    case 0:
      return try builder.append(
        "embedding", [try builder.tensor(word("table", "w", "h")), values[4]],
        chance(0.5) ? ["scale": .real(2)] : [:])
    case 1, 2:
      let x = pick()
      let type = builder.type(of: x)
      return try builder.append(
        "concat", [x, try pick { $0 == type }], ["axis": .integer(try axis(of: x))])
    case 3:
      return try builder.append(
        "causal_mask", [],
        ["queries": .dimension(Self.rows), "keys": .dimension(Self.rows)]
          .merging(chance(0.5) ? ["window": .integer(2)] : [:]) { $1 })
    case 4:
      let pixels = try builder.append(
        "broadcast", [try builder.tensor("w")], ["shape": .dimensions([1, 2, 6, 6])])
      let picture = try builder.append(word("sin", "contiguous"), [pixels])
      return try builder.append(
        "patch_conv",
        [picture, try builder.tensor("kernel"), chance(0.5) ? try builder.tensor("ones") : nil],
        ["stride": .integer(2)])
    case 5:
      return try builder.append(
        "iota", [],
        [
          "count": .dimension(chance(0.5) ? Self.rows : 6),
          "start": .dimension(chance(0.5) ? 0 : Self.cached),
        ])
    default:
      return try builder.append(
        "constant", [], ["values": .list((0..<6).map { .real(Double($0) / 4) })])
    }
  }

  private mutating func state() throws -> Operand {
    let new = try pick { type in
      type.element == .f32 && type.rank == 4 && type.shape[0].isOne && type.shape[1] == 2
        && type.shape[3] == 6
    }
    let places: [Dim] = [0, 1, 2, Self.cached]
    return try builder.append(
      "cache_append", [try builder.tensor(word("cache", "values")), new],
      ["at": .dimension(places.randomElement(using: &random) ?? 0)])
  }
}
