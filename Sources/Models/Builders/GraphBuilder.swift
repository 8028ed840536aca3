import IR
import Tensors

/// Appends the operations that model code is made of, and finds module tensors by name.
///
/// Modules of a network (`linear`, `layerNorm` …) take the path of their parameters in the
/// checkpoint, such as `model.language_model.layers.0.mlp.gate_proj`, and the name of the value
/// that they yield. Every error is an `OpError` of the IR: a parameter that is missing or does not
/// fit the operation that reads it.
struct GraphBuilder {
  private var builder: FunctionBuilder
  private let tensors: [String: Operand]

  /// A builder for a new function over the tensors and symbols of `module`.
  init(_ function: String, in module: Module) {
    builder = FunctionBuilder(function, in: module)
    tensors = Dictionary(
      module.tensors.indices.map { (module.tensors[$0].name, .tensor(TensorID($0))) },
      uniquingKeysWith: { first, _ in first })
  }

  var function: Function { builder.function }

  func shape(of operand: Operand) -> Shape { builder.type(of: operand).shape }

  func tensor(_ name: String) throws -> Operand {
    guard let tensor = tensors[name] else { throw OpError("the module has no tensor %\(name)") }
    return tensor
  }

  mutating func parameter(_ name: String, _ type: TensorType) -> Operand {
    builder.parameter(name, type)
  }

  mutating func returns(_ operand: Operand, as name: String) {
    builder.returns(operand, as: name)
  }

  mutating func op(
    _ op: String, _ operands: [Operand?], _ attributes: Attributes = [:], as name: String
  ) throws -> Operand {
    try builder.append(op, operands, attributes, as: name)
  }
}

// MARK: Data and views

extension GraphBuilder {
  mutating func constant(_ value: Double, as name: String) throws -> Operand {
    try op("constant", [], ["value": .real(value)], as: name)
  }

  mutating func constant(id: Int, as name: String) throws -> Operand {
    try op("constant", [], ["value": .integer(id), "element": .word("i64")], as: name)
  }

  mutating func reshape(_ x: Operand, _ shape: Shape, as name: String) throws -> Operand {
    try op("reshape", [x], ["shape": .dimensions(shape)], as: name)
  }

  mutating func transpose(_ x: Operand, _ axes: [Int], as name: String) throws -> Operand {
    try op("transpose", [x], ["perm": .integers(axes)], as: name)
  }

  mutating func broadcast(_ x: Operand, _ shape: Shape, as name: String) throws -> Operand {
    try op("broadcast", [x], ["shape": .dimensions(shape)], as: name)
  }

  mutating func slice(
    _ x: Operand, axis: Int, _ start: Dim, _ end: Dim, as name: String
  ) throws -> Operand {
    let attributes: Attributes = [
      "axis": .integer(axis), "start": .dimension(start), "end": .dimension(end),
    ]
    return try op("slice", [x], attributes, as: name)
  }

  mutating func contiguous(_ x: Operand, as name: String) throws -> Operand {
    try op("contiguous", [x], as: name)
  }
}

// MARK: Layers

extension GraphBuilder {
  /// x·weightᵀ, plus the bias when the module has one.
  mutating func linear(_ x: Operand, _ module: String, as name: String) throws -> Operand {
    let weight = try tensor("\(module).weight")
    guard let bias = tensors["\(module).bias"] else {
      return try op("matmul", [x, weight], ["transpose_b": .flag(true)], as: name)
    }
    let product = try op(
      "matmul", [x, weight], ["transpose_b": .flag(true)], as: "\(name).product")
    return try op("add", [product, bias], as: name)
  }

  mutating func layerNorm(
    _ x: Operand, _ module: String, epsilon: Double, as name: String
  ) throws -> Operand {
    let operands = [x, try tensor("\(module).weight"), try tensor("\(module).bias")]
    return try op("layer_norm", operands, ["eps": .real(epsilon)], as: name)
  }

  /// Gemma's RMSNorm, x/√(mean x² + ε)·(1 + weight), from primitives.
  mutating func rmsNorm(
    _ x: Operand, _ module: String, epsilon: Double, as name: String
  ) throws -> Operand {
    let square = try op("mul", [x, x], as: "\(name).square")
    let mean = try op("mean", [square], ["axes": .integers([-1])], as: "\(name).mean")
    let shifted = try op(
      "add", [mean, try constant(epsilon, as: "\(name).eps")], as: "\(name).shifted")
    let inverse = try op("rsqrt", [shifted], as: "\(name).rsqrt")
    let normal = try op("mul", [x, inverse], as: "\(name).normal")
    let gain = try op(
      "add", [try tensor("\(module).weight"), try constant(1, as: "\(name).one")],
      as: "\(name).gain")
    return try op("mul", [normal, gain], as: name)
  }

  /// x/√(Σ x²) for each row.
  mutating func unitLength(_ x: Operand, as name: String) throws -> Operand {
    let square = try op("mul", [x, x], as: "\(name).square")
    let sum = try op("sum", [square], ["axes": .integers([-1])], as: "\(name).sum")
    let norm = try op("sqrt", [sum], as: "\(name).norm")
    return try op("div", [x, norm], as: name)
  }

  mutating func activation(
    _ kind: Activation, _ x: Operand, as name: String
  ) throws -> Operand {
    let approximation =
      switch kind {
      case .geluTanh: "tanh"
      case .gelu: "none"
      }
    return try op("gelu", [x], ["approximate": .word(approximation)], as: name)
  }

  /// limit·tanh(x/limit); x itself without a limit.
  mutating func softcap(_ x: Operand, _ limit: Double?, as name: String) throws -> Operand {
    guard let limit else { return x }
    let bound = try constant(limit, as: "\(name).limit")
    let ratio = try op("div", [x, bound], as: "\(name).ratio")
    let squashed = try op("tanh", [ratio], as: "\(name).tanh")
    return try op("mul", [squashed, bound], as: name)
  }
}
