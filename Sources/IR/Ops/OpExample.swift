import Tensors

/// A small call of an operation, for people: a module with one function, and the inputs to call it with.
public struct OpExample: Sendable {
  public let module: Module
  public let inputs: [HostTensor]
  public let symbols: [String: Int]

  /// What the interpreter returns.
  public func results() throws -> [HostTensor] {
    var interpreter = try Interpreter(module)
    return try interpreter.run("main", inputs, symbols: symbols)
  }
}

extension OpDefinition {
  /// Throws `OpError` when there is none.
  public func example() throws -> OpExample {
    guard let row = OpExampleRow.all[name] else { throw OpError("'\(name)' has no example") }
    return try row.example(of: self)
  }
}

/// What an example needs to know beside the definition.
struct OpExampleRow: Sendable {
  /// In the order of the definition; nil where an optional operand is absent.
  let operands: [HostTensor?]
  let attributes: Attributes
  /// A size that is known when the operation runs, `count + 1` of one that measures it.
  let symbol: Symbol?

  init(_ operands: [HostTensor?], _ attributes: Attributes = [:], symbol: Symbol? = nil) {
    self.operands = operands
    self.attributes = attributes
    self.symbol = symbol
  }

  /// Parameters named after the operands; a state is a tensor of the module.
  func example(of definition: OpDefinition) throws -> OpExample {
    var module = Module(name: "example", symbols: symbol.map { [$0] } ?? [])
    if definition.group == .state, let state = operands.first.flatMap({ $0 }) {
      module.tensors.append(
        ModuleTensor(
          definition.operands[0].name, TensorType(state.element, state.shape.map { Dim($0) }),
          .state))
    }
    var builder = FunctionBuilder("main", in: module)
    var inputs: [HostTensor] = []
    let arguments = try operands.enumerated().map { index, value -> Operand? in
      let name = definition.operands[min(index, definition.operands.count - 1)].name
      guard let value else { return nil }
      if module.tensorID(named: name) != nil { return try builder.tensor(name) }
      inputs.append(value)
      return builder.parameter(name, TensorType(value.element, value.shape.map { Dim($0) }))
    }
    builder.returns(try builder.append(definition.name, arguments, attributes, as: "y"))
    module.functions.append(builder.function)
    let symbols = symbol.map { [$0.name: $0.bound] } ?? [:]
    return OpExample(
      module: module, inputs: inputs, symbols: definition.measure == nil ? symbols : [:])
  }
}
