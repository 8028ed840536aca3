import IR
import Tensors

/// What passes look for, as model code writes it. Each part may be left out, or be read by what comes
/// later: then a pass must not fuse it away.
extension RandomGraph {
  mutating func idiom() throws -> Operand {
    switch Int.random(in: 0..<7, using: &random) {
    case 0: try attention()
    case 1: try rotation()
    case 2: try norm()
    case 3, 4: try feedForward()
    case 5: try picture()
    default: try heads()
    }
  }

  /// Lets later operations read a value that an idiom is made of, now and then.
  private mutating func shown(_ operand: Operand) -> Operand {
    if chance(0.12) { values.append(operand) }
    return operand
  }

  mutating func op(
    _ name: String, _ operands: [Operand?], _ attributes: Attributes = [:]
  ) throws -> Operand {
    shown(try builder.append(name, operands, attributes))
  }

  /// Heads [1, 2, rows, 6], as attention reads them.
  private mutating func head() throws -> Operand {
    try pick { type in
      type.element == .f32 && type.rank == 4 && type.shape[0].isOne && type.shape[1] == 2
        && type.shape[3] == 6
    }
  }

  private mutating func attention() throws -> Operand {
    let (q, k) = (try head(), try head())
    let keys = Array(shape(k)[..<3])
    let v = try pick { $0.element == .f32 && $0.rank == 4 && Array($0.shape[..<3]) == keys }
    var scores = try op("matmul", [q, k], ["transpose_b": .flag(true)])
    if chance(0.7) { scores = try op(word("mul", "div"), [scores, try constant(0.5)]) }
    if chance(0.3) {
      let cap = chance(0.8) ? 5.0 : 4.0
      let small = try op("div", [scores, try constant(5)])
      scores = try op("mul", [try op("tanh", [small]), try constant(cap)])
    }
    let extents = shape(scores).suffix(2)
    // Queries that see no key are NaN for softmax and zeros for attention.
    let excess = try (extents[2] - extents[3]).largest(builder.module.bounds)
    if chance(0.4), excess <= 0 {
      let mask = try op(
        "causal_mask", [],
        ["queries": .dimension(extents[2]), "keys": .dimension(extents[3])]
          .merging(chance(0.4) ? ["window": .integer(2)] : [:]) { $1 })
      scores = try op("add", chance(0.5) ? [scores, mask] : [mask, scores])
    }
    let weights = try op("softmax", [scores], ["axis": .integer(chance(0.9) ? -1 : -2)])
    return try builder.append("matmul", [weights, v])
  }

  private mutating func rotation() throws -> Operand {
    let x = try pick { $0.element == .f32 && $0.rank >= 2 && $0.shape.last == 6 && $0.rank <= 4 }
    let last = shape(x).count - 1
    let rows = shape(x)[last - 1]
    guard rows == Self.rows || rows.constant != nil else { throw OpError("no such positions") }
    let ids = try op(
      "iota", [],
      ["count": .dimension(rows), "start": .dimension(chance(0.5) ? Self.cached : 0)])
    let places = try op("cast", [ids], ["to": .word("f32")])
    let column = try op("reshape", [places], ["shape": .dimensions([rows, 1])])
    let row = try op("reshape", [try builder.tensor("frequencies")], ["shape": .integers([1, 3])])
    let angles = try op("matmul", [column, row])
    let doubled = try op("concat", [angles, angles], ["axis": .integer(-1)])
    let (cos, sin) = (try op("cos", [doubled]), try op("sin", [doubled]))
    func half(_ range: Range<Int>) -> Attributes {
      [
        "axis": .integer(last), "start": .integer(range.lowerBound),
        "end": .integer(range.upperBound),
      ]
    }
    let first = try op("slice", [x], half(0..<3))
    let second = try op("neg", [try op("slice", [x], half(3..<6))])
    let turned = try op("concat", [second, first], ["axis": .integer(last)])
    let (straight, sideways) = (try op("mul", [x, cos]), try op("mul", [turned, sin]))
    return try builder.append("add", chance(0.5) ? [straight, sideways] : [sideways, straight])
  }

  private mutating func norm() throws -> Operand {
    let input = try pick { $0.element == .f32 && $0.shape.last == 6 }
    let last: Attributes = ["axes": .list([.integer(-1)])]
    var x = input
    if chance(0.5) { x = try op("sub", [x, try op("mean", [x], last)]) }
    let square = chance(0.5) ? try op("mul", [x, x]) : try op("pow", [x, try constant(2)])
    let mean = try op("mean", [square], last)
    let sum = try op("add", [mean, try constant(0.01)])
    var normal: Operand
    switch Int.random(in: 0..<3, using: &random) {
    case 0: normal = try op("mul", [x, try op("rsqrt", [sum])])
    case 1: normal = try op("div", [x, try op("sqrt", [sum])])
    default:
      let inverse = try op("div", [try constant(1), try op("sqrt", [sum])])
      normal = try op("mul", [inverse, x])
    }
    if chance(0.7) {
      var gain = try builder.tensor(word("v", "ones"))
      if chance(0.4) { gain = try op("add", [gain, try constant(1)]) }
      normal = try op("mul", chance(0.5) ? [normal, gain] : [gain, normal])
    }
    return chance(0.4) ? try op("add", [normal, try builder.tensor("ones")]) : normal
  }

  /// Products with weights and what follows them.
  private mutating func feedForward() throws -> Operand {
    let x = try pick { $0.isFloating && $0.rank >= 2 && $0.shape.last == 6 }
    func weighed(_ graph: inout RandomGraph) throws -> Operand {
      try graph.op(
        "matmul", [x, try graph.builder.tensor(graph.word("w", "u", "h"))],
        ["transpose_b": .flag(true)])
    }
    var result = try weighed(&self)
    if chance(0.4) { result = try op("add", [result, try builder.tensor(word("ones", "v"))]) }
    if chance(0.15) { result = try shown(batchNorm(result)) }
    if chance(0.5) { result = try op(word("gelu", "silu", "relu", "tanh", "sigmoid"), [result]) }
    if chance(0.4) {
      let other = chance(0.7) ? try weighed(&self) : try pick { $0.isFloating }
      result = try op("mul", chance(0.5) ? [result, other] : [other, result])
    }
    if chance(0.4) {
      let residual = chance(0.5) ? x : try pick(\.isFloating)
      result = try op("add", chance(0.5) ? [result, residual] : [residual, result])
    }
    return result
  }

  /// Rows cut into heads and turned, or one head repeated for several.
  private mutating func heads() throws -> Operand {
    if chance(0.5) {
      let x = try pick { $0.element == .f32 && $0.rank == 4 && $0.shape[1].isOne }
      var wide = shape(x)
      wide.insert(1, at: 2)
      let single = try op("reshape", [x], ["shape": .dimensions(wide)])
      wide[2] = 2
      let repeated = try op("broadcast", [single], ["shape": .dimensions(wide)])
      let copied = try op("contiguous", [repeated])
      return try builder.append(
        "reshape", [copied], ["shape": .dimensions([wide[0], 2, wide[3], wide[4]])])
    }
    let x = try pick { $0.element == .f32 && $0.rank == 3 && $0.shape[0].isOne && $0.shape[2] == 6 }
    let rows = shape(x)[1]
    let doubled = try op("concat", [x, x], ["axis": .integer(2)])
    let split = try op("reshape", [doubled], ["shape": .dimensions([1, rows, 2, 6])])
    let turned = try op("transpose", [split], ["perm": .integers([0, 2, 1, 3])])
    return chance(0.6) ? try builder.append("contiguous", [turned]) : turned
  }
}
