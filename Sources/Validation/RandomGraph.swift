import IR
import Tensors

/// Graphs of random operations that are valid by construction: passes, planner and executor must keep
/// what they compute, whatever stands next to what.
///
/// There are views, broadcasts, symbolic sizes, values with many readers, dead code, states and the
/// idioms that passes look for, whole or with something else in between.
package struct RandomGraph {
  var random: SeededGenerator
  var builder: FunctionBuilder
  /// What operations read; later ones more often.
  var values: [Operand] = []

  /// Symbols of every module: T rows of inputs, P rows that are in the caches.
  static let symbols = [Symbol("T", bound: 4), Symbol("P", bound: 3)]
  static let (rows, cached) = (Dim(symbol: "T"), Dim(symbol: "P"))
  /// The extent of most axes; even, as RoPE asks.
  static let width = 6

  /// The module for a seed.
  ///
  /// - Parameter size: about how many operations each of its one or two functions has; nil for some.
  package static func module(seed: Int, size: Int? = nil) throws -> Module {
    var module = Module(
      name: "random", symbols: symbols,
      tensors: [
        ModuleTensor("w", TensorType(.f32, [6, 6]), .weight),
        ModuleTensor("u", TensorType(.f32, [6, 6]), .weight),
        ModuleTensor("v", TensorType(.bf16, [6]), .weight),
        ModuleTensor("h", TensorType(.bf16, [6, 6]), .weight),
        ModuleTensor("pair", TensorType(.f32, [2, 6]), .weight),
        ModuleTensor("kernel", TensorType(.f32, [6, 2, 2, 2]), .weight),
        ModuleTensor("ones", TensorType(.f32, [6]), .buffer(persistent: false), .splat(1)),
        ModuleTensor("table", TensorType(.f32, [4, 6]), .buffer(persistent: false), .iota),
        ModuleTensor(
          "frequencies", TensorType(.f32, [3]), .buffer(persistent: false),
          .ropeFrequencies(base: 100)),
        ModuleTensor("cache", TensorType(.f32, [1, 2, 8, 6]), .state),
        ModuleTensor("values", TensorType(.f32, [1, 2, 8, 6]), .state),
      ])
    var random = SeededGenerator("graph \(seed)")
    for name in Bool.random(using: &random) ? ["f"] : ["f", "g"] {
      var graph = RandomGraph(random: random, builder: FunctionBuilder(name, in: module))
      try graph.fill(size ?? Int.random(in: 4...24, using: &random))
      module.functions.append(graph.builder.function)
      random = graph.random
    }
    return module
  }

  private mutating func fill(_ size: Int) throws {
    let shapes: [Shape] = [[1, Self.rows, 6], [2, 3, 6], [6, 6], [1, 2, Self.rows, 6]]
    for shape in shapes { values.append(builder.parameter("x", TensorType(.f32, shape))) }
    values.append(builder.parameter("ids", TensorType(.i64, [1, Self.rows])))
    for name in ["w", "u", "v", "h", "ones", "table"] { values.append(try builder.tensor(name)) }
    for value in [0.0, 1.0, 2.0, 0.5] {
      values.append(try builder.append("constant", [], ["value": .real(value)]))
    }
    values.append(
      try builder.append(
        "iota", [], ["count": .dimension(Self.rows), "start": .dimension(Self.cached)],
        as: "positions"))
    var made = 0
    while made < size {
      // An operation that its operands do not allow is not appended.
      if let value = try? append() {
        values.append(value)
        made += 1
      }
    }
    for _ in 0..<Int.random(in: 1...3, using: &random) { builder.returns(pick()) }
  }

  // MARK: Choices

  mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }

  /// Recent values more often, so that chains grow.
  mutating func pick() -> Operand {
    let recent = chance(0.5) ? values.suffix(5) : values[...]
    return recent.randomElement(using: &random) ?? values[0]
  }

  /// A value of a type that allows what comes next, if a few tries find one.
  mutating func pick(_ isRight: (TensorType) -> Bool) throws -> Operand {
    for _ in 0..<8 {
      let operand = pick()
      if isRight(builder.type(of: operand)) { return operand }
    }
    guard
      let operand = values.filter({ isRight(builder.type(of: $0)) })
        .randomElement(using: &random)
    else { throw OpError("there is no such value") }
    return operand
  }

  mutating func word(_ words: String...) -> String {
    words.randomElement(using: &random) ?? words[0]
  }

  func shape(_ operand: Operand) -> Shape { builder.type(of: operand).shape }

  mutating func axis(of operand: Operand) throws -> Int {
    guard let axis = shape(operand).indices.randomElement(using: &random) else {
      throw OpError("a scalar has no axis")
    }
    return axis
  }

  mutating func constant(_ value: Double) throws -> Operand {
    try builder.append("constant", [], ["value": .real(value)])
  }
}

extension TensorType {
  /// Numbers that every kernel of arithmetic reads or that are widened for it.
  var isFloating: Bool { element == .f32 || element == .bf16 }
}
