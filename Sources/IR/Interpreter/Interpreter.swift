import Tensors

/// Evaluates any function op by op, in double precision and with no cleverness: it is the meaning of
/// the IR, and every pass, plan and kernel is held against it.
///
/// A state lives as long as the interpreter, so calling `@prefill` and then `@decode` works.
public struct Interpreter {
  /// Yields the value of a tensor that has no initializer: checkpoint weights and folded constants.
  public typealias Source = (ModuleTensor) throws -> HostTensor

  private let module: Module
  private let source: Source
  private var tensors: [HostTensor?]
  /// What becomes of each value that is computed; rounding them shows how much the results depend on it.
  package var adjust: ((HostTensor) -> HostTensor)?

  /// Throws `VerificationError` for a module that is not valid.
  public init(_ module: Module, source: @escaping Source = Self.missing) throws {
    try Verifier.verify(module)
    self.module = module
    self.source = source
    tensors = Array(repeating: nil, count: module.tensors.count)
  }

  /// Calls a function. Symbols that are extents of a parameter take their value from the inputs;
  /// `symbols` gives the others, such as the fill of a cache.
  public mutating func run(
    _ name: String, _ inputs: [HostTensor], symbols: [String: Int] = [:]
  ) throws -> [HostTensor] {
    let (function, values, bindings) = try evaluate(name, inputs, symbols)
    return try function.results.map { try read($0.operand, values, bindings) }
  }

  /// Calls a function and returns every value it computed, by value index.
  public mutating func runKeepingValues(
    _ name: String, _ inputs: [HostTensor], symbols: [String: Int] = [:]
  ) throws -> [HostTensor?] {
    try evaluate(name, inputs, symbols).values
  }

  private mutating func evaluate(
    _ name: String, _ inputs: [HostTensor], _ symbols: [String: Int]
  ) throws -> (function: Function, values: [HostTensor?], bindings: [String: Int]) {
    guard let function = module[function: name] else {
      throw OpError("the module has no function @\(name)")
    }
    var bindings = try Self.bind(function, inputs, symbols, module)
    var values: [HostTensor?] = Array(repeating: nil, count: function.values.count)
    for (id, input) in zip(function.parameters, inputs) { values[id.index] = input }
    for operation in function.operations {
      do { try evaluate(operation, in: function, &bindings, &values) } catch {
        throw OpError("@\(name), %\(function[operation.result].name) = \(operation.op): \(error)")
      }
    }
    return (function, values, bindings)
  }

  private mutating func evaluate(
    _ operation: Operation, in function: Function, _ bindings: inout [String: Int],
    _ values: inout [HostTensor?]
  ) throws {
    let site = try module.site(of: operation, in: function)
    var inputs: [HostTensor?] = []
    for operand in operation.operands {
      inputs.append(try operand.map { try read($0, values, bindings) })
    }
    if let measure = site.definition.measure {
      let symbol = try site.measuredSymbol()
      let count = try measure(
        Evaluation(site: site, inputs: inputs, bindings: bindings, results: []))
      guard let bound = module.bounds[symbol], count < bound else {
        throw OpError("\(count) found, more than \(symbol) has room for")
      }
      bindings[symbol] = count + 1
    }
    let evaluation = Evaluation(
      site: site, inputs: inputs, bindings: bindings,
      results: try operation.results.map {
        (function[$0].type.element, try function[$0].type.shape.evaluate(bindings))
      })
    var outputs = try site.definition.evaluate(evaluation)
    if let adjust { outputs = outputs.map(adjust) }
    for (id, output) in zip(operation.results, outputs) { values[id.index] = output }
    if site.definition.hasEffect, let id = operation.operands[0]?.tensor {
      tensors[id.index]?.replaceCorner(with: outputs[operation.results.count])
    }
  }

  /// A value, or a tensor: of a state with symbolic extents, the part that they say.
  private mutating func read(
    _ operand: Operand, _ values: [HostTensor?], _ bindings: [String: Int]
  ) throws -> HostTensor {
    switch operand {
    case .value(let id):
      guard let value = values[id.index] else { throw OpError("a value is read before it exists") }
      return value
    case .tensor(let id):
      let tensor = try tensors[id.index] ?? initialValue(of: id)
      tensors[id.index] = tensor
      return tensor.corner(try module.tensor(id).type.shape.evaluate(bindings))
    }
  }

  private func initialValue(of id: TensorID) throws -> HostTensor {
    let tensor = module.tensors[id.index]
    let shape = try tensor.type.shape.evaluate(module.bounds)
    if tensor.kind == .state { return HostTensor(tensor.type.element, shape, repeating: 0) }
    if let initializer = tensor.initializer {
      return initializer.value(tensor.type.element, shape)
    }
    let value = try source(module.original(of: tensor))
    guard value.shape == shape else {
      throw OpError("%\(tensor.name) has shape \(value.shape), expected \(shape)")
    }
    return HostTensor(tensor.type.element, shape, value.values.map(tensor.type.element.converted))
  }

  /// A source for modules whose tensors all have initializers.
  public static func missing(_ tensor: ModuleTensor) throws -> HostTensor {
    throw OpError("%\(tensor.name) has no value; give it one with {value = …}")
  }

  /// Symbol values from the inputs' shapes and from `symbols`; checks them against every extent.
  public static func bind(
    _ function: Function, _ inputs: [HostTensor], _ symbols: [String: Int], _ module: Module
  ) throws -> [String: Int] {
    guard inputs.count == function.parameters.count else {
      throw OpError(
        "@\(function.name) takes \(function.parameters.count) inputs, found \(inputs.count)")
    }
    var bindings = symbols
    for (id, input) in zip(function.parameters, inputs) {
      let type = function[id].type
      guard input.shape.count == type.rank else {
        throw OpError("%\(function[id].name) has shape \(input.shape), expected \(type)")
      }
      for (extent, size) in zip(type.shape, input.shape)
      where extent.symbols.count == 1 && extent == Dim(symbol: extent.symbols[0]) {
        bindings[extent.symbols[0], default: size] = size
      }
    }
    for symbol in module.symbols {
      if let value = bindings[symbol.name], value < 1 || value > symbol.bound {
        throw OpError("\(symbol.name) = \(value) is outside 1...\(symbol.bound)")
      }
    }
    for (id, input) in zip(function.parameters, inputs)
    where try function[id].type.shape.evaluate(bindings) != input.shape {
      throw OpError("%\(function[id].name) has shape \(input.shape), expected \(function[id].type)")
    }
    return bindings
  }
}
