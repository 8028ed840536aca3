import IR
import Inputs
import Tensors

/// Makes the graph of one function. What cannot be expressed is collected, to be told at once.
final class FunctionExport {
  private let module: Module
  private let function: Function
  /// Types of weights that are stored otherwise than in the module.
  private let storedElements: [String: ElementType]
  private let builder: ExportBuilder
  private var values: [ExportedValue?]
  private var tensors: [TensorID: ExportedValue] = [:]
  private var states: [TensorID: ExportedState] = [:]
  private var outputs: [ExportedValue] = []
  private var failures: [String] = []

  /// Throws `ONNXError` that says everything that stands in the way.
  static func builder(
    for function: Function, in module: Module, opset: Int,
    storedElements: [String: ElementType]
  ) throws -> (builder: ExportBuilder, outputs: [ExportedValue]) {
    let export = FunctionExport(function, module, opset, storedElements)
    try export.run()
    return (export.builder, export.outputs)
  }

  private init(
    _ function: Function, _ module: Module, _ opset: Int, _ storedElements: [String: ElementType]
  ) {
    (self.module, self.function, self.storedElements) = (module, function, storedElements)
    builder = ExportBuilder(opset: opset)
    values = Array(repeating: nil, count: function.values.count)
  }

  private func run() throws {
    for id in function.parameters {
      try collecting("%\(function[id].name.printable)") {
        values[id.index] = try builder.input(function[id].name, function[id].type)
      }
    }
    states = try ExportedState.states(of: function, in: module)
    for (id, state) in states.sorted(by: { $0.key.index < $1.key.index }) {
      try collecting("%\(module.tensor(id).name.printable)") {
        states[id]?.current = try state.input.map {
          try builder.input("past.\(module.tensor(id).name)", $0, doc: state.inputDoc)
        }
      }
    }
    for operation in function.operations { try add(operation) }
    try failIfNeeded()
    for result in function.results { try add(result) }
    try addStates()
    try failIfNeeded()
  }

  private func failIfNeeded() throws {
    guard !failures.isEmpty else { return }
    let more = failures.count > 8 ? " (and \(failures.count - 8) more)" : ""
    throw ONNXError(
      "@\(function.name.printable) cannot be expressed in ONNX: "
        + failures.prefix(8).joined(separator: "; ") + more)
  }

  // MARK: Operations

  private func add(_ operation: Operation) throws {
    let value = function[operation.result]
    let first = builder.count
    builder.scope = (value.name, operation.op)
    try collecting("%\(value.name.printable) = \(operation.op)") {
      guard let result = try exported(operation) else { return }
      let typed =
        result.element == value.type.element.computed
        ? result
        : try builder.cast(
          result, to: value.type.element)
      if typed.id >= first, builder.isNode(typed) { builder.name(typed, value.name, .graph) }
      values[operation.result.index] = typed
    }
  }

  /// Notes what cannot be expressed.
  private func collecting(_ label: String, _ body: () throws -> Void) throws {
    do { try body() } catch {
      guard error is OpError || error is DimError else { throw error }
      failures.append("\(label): \(error)")
    }
  }

  /// nil when an operand could not be exported.
  private func exported(_ operation: Operation) throws -> ExportedValue? {
    if operation.op == "cache_append" { return try append(operation) }
    guard let row = ExportOperator.find(operation.op) else {
      throw OpError("there is no way to write it")
    }
    var operands: [ExportedValue?] = []
    for operand in operation.operands {
      guard let operand else {
        operands.append(nil)
        continue
      }
      guard let value = try read(operand) else { return nil }
      operands.append(value)
    }
    return try row.build(
      NodeExport(
        operation: operation, builder: builder, operands: operands,
        result: function[operation.result].type))
  }

  private func read(_ operand: Operand) throws -> ExportedValue? {
    switch operand {
    case .value(let id): return values[id.index]
    case .tensor(let id):
      if let state = states[id] {
        guard let current = state.current else { throw OpError("it reads a state that is empty") }
        return current
      }
      if let known = tensors[id] { return known }
      let tensor = module.tensor(id)
      guard tensor.packing == nil else {
        throw OpError("%\(tensor.name.printable) is packed; ONNX has no such layout")
      }
      let value = try builder.initializer(
        tensor, as: storedElements[tensor.name] ?? tensor.type.element)
      tensors[id] = value
      return value
    }
  }

  // MARK: State

  private func append(_ operation: Operation) throws -> ExportedValue? {
    guard let id = operation.operands[0]?.tensor, let state = states[id] else {
      throw OpError("its cache is not a state")
    }
    guard let operand = operation.operands[1], let new = try read(operand) else { return nil }
    let node = NodeExport(
      operation: operation, builder: builder, operands: [state.current, new],
      result: function[operation.result].type)
    let (next, visible) = try state.appending(new, node)
    states[id]?.current = next
    return visible
  }

  private func addStates() throws {
    for (id, state) in states.sorted(by: { $0.key.index < $1.key.index }) {
      guard state.isWritten, let current = state.current else { continue }
      try returns(current, as: "present.\(module.tensor(id).name)", doc: state.outputDoc)
    }
  }

  // MARK: Results

  private func add(_ result: Function.Result) throws {
    builder.scope = (module.name(of: result.operand, in: function), "")
    guard let value = try read(result.operand) else { return }
    let type = module.type(of: result.operand, in: function)
    try returns(
      try builder.cast(value, to: type.element), as: result.name ?? builder.scope.name, doc: "")
  }

  /// An output is the result of a node, and of no other name.
  private func returns(_ value: ExportedValue, as name: String, doc: String) throws {
    var output = value
    if !builder.isNode(value) || builder.naming(of: value) == .interface {
      output = try builder.op("Identity", [value], [:], value.type)
    }
    builder.name(output, name, .interface)
    builder.describe(output, doc)
    outputs.append(output)
  }
}
