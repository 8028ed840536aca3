import IR
import Tensors

/// Graphs of random operations that are valid by construction: passes must keep what they compute,
/// whatever stands next to what.
struct PassRandomGraph {
  private var random: SeededGenerator
  private var builder: FunctionBuilder
  private var values: [Operand] = []

  /// The module for a seed, with one function of about `size` operations.
  static func module(seed: Int, size: Int) throws -> Module {
    var module = Module(
      name: "random", symbols: [Symbol("T", bound: 4)],
      tensors: [
        ModuleTensor("w", TensorType(.f32, [6, 6]), .weight),
        ModuleTensor("v", TensorType(.bf16, [6]), .weight),
        ModuleTensor("ones", TensorType(.f32, [6]), .buffer(persistent: false), .splat(1)),
        ModuleTensor("table", TensorType(.f32, [4, 6]), .buffer(persistent: false), .iota),
        ModuleTensor("cache", TensorType(.f32, [1, 2, 8, 6]), .state),
      ])
    var graph = PassRandomGraph(
      random: SeededGenerator("graph \(seed)"), builder: FunctionBuilder("f", in: module))
    try graph.fill(size)
    module.functions = [graph.builder.function]
    return module
  }

  private init(random: SeededGenerator, builder: FunctionBuilder) {
    self.random = random
    self.builder = builder
  }

  private mutating func fill(_ size: Int) throws {
    for shape: Shape in [[1, Dim(symbol: "T"), 6], [2, 3, 6], [6, 6]] {
      values.append(builder.parameter("x", TensorType(.f32, shape)))
    }
    for name in ["w", "v", "ones", "table"] { values.append(try builder.tensor(name)) }
    for value in [0.0, 1.0, 2.0, 0.5] {
      values.append(try builder.append("constant", [], ["value": .real(value)]))
    }
    values.append(
      try builder.append("iota", [], ["count": .dimension(Dim(symbol: "T"))], as: "positions"))
    var made = 0
    while made < size {
      // An operation that its operands do not allow is not appended.
      if let value = try? append() {
        values.append(value)
        made += 1
      }
    }
    for _ in 0..<3 { builder.returns(pick()) }
  }

  private mutating func pick() -> Operand {
    // Recent values more often, so that chains grow.
    let recent = Bool.random(using: &random) ? values.suffix(5) : values[...]
    return recent.randomElement(using: &random) ?? values[0]
  }

  private mutating func append() throws -> Operand {
    let x = pick()
    let shape = builder.type(of: x).shape
    switch Int.random(in: 0..<16, using: &random) {
    case 0...3: return try builder.append(word("add", "mul", "sub", "maximum"), [x, pick()])
    case 4: return try builder.append(word("neg", "tanh", "gelu", "relu", "sigmoid"), [x])
    case 5, 6:
      return try builder.append(
        "transpose", [x], ["perm": .integers(shape.indices.shuffled(using: &random))])
    case 7: return try builder.append("reshape", [x], ["shape": .dimensions(reshaped(shape))])
    case 8, 9: return try builder.append("contiguous", [x])
    case 10:
      return try builder.append(
        "matmul", [x, pick()], ["transpose_b": .flag(Bool.random(using: &random))])
    case 11: return try builder.append(word("softmax", "layer_norm"), [x])
    case 12 where !shape.isEmpty:
      let axis = Int.random(in: shape.indices, using: &random)
      return try builder.append(
        "slice", [x],
        ["axis": .integer(axis), "start": .integer(0), "end": .dimension(shape[axis])])
    case 13:
      return try builder.append("broadcast", [x], ["shape": .dimensions([2] + shape)])
    case 14: return try builder.append("cast", [x], ["to": .word("f32")])
    default:
      return try builder.append(
        "cache_append", [try builder.tensor("cache"), x],
        ["at": .integer(Int.random(in: 0..<3, using: &random))])
    }
  }

  private mutating func word(_ words: String...) -> String {
    words.randomElement(using: &random) ?? words[0]
  }

  /// The same elements with two neighbouring axes merged, or an axis of extent 1 more.
  private mutating func reshaped(_ shape: Shape) throws -> Shape {
    guard shape.count >= 2, Bool.random(using: &random) else { return [1] + shape }
    let axis = Int.random(in: 0..<shape.count - 1, using: &random)
    return try shape[..<axis] + [shape[axis] * shape[axis + 1]] + shape[(axis + 2)...]
  }
}
