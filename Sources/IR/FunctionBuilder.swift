import Tensors

/// Appends operations to a function of a module; result types come from the op definitions.
///
/// Value names are made unique by a numeric suffix, so builders may name things after what they are.
public struct FunctionBuilder {
  public private(set) var module: Module
  public private(set) var function: Function
  private var taken: Set<String>
  private var suffixes: [String: Int] = [:]

  /// A builder for a new function over the tensors and symbols of `module`.
  public init(_ name: String, in module: Module) {
    self.init(Function(name: name), in: module)
  }

  /// A builder that goes on appending to a function.
  public init(_ function: Function, in module: Module) {
    self.module = module
    self.function = function
    taken = Set(function.values.map(\.name)).union(module.tensors.map(\.name))
  }

  public mutating func parameter(_ name: String, _ type: TensorType) -> Operand {
    let id = function.addValue(unique(name), type)
    function.parameters.append(id)
    return .value(id)
  }

  public func type(of operand: Operand) -> TensorType { module.type(of: operand, in: function) }

  /// Adds a symbol to the module, named after `base`, and returns it as a size.
  public mutating func symbol(_ base: String, bound: Int) -> Dim {
    let taken = Set(module.symbols.map(\.name))
    let name = (1...).lazy.map { "\(base)\($0)" }.first { !taken.contains($0) } ?? base
    module.symbols.append(Symbol(name, bound: bound))
    return Dim(symbol: name)
  }

  /// Adds a tensor to the module, under its name or, where that is taken, one with a suffix.
  public mutating func add(_ tensor: ModuleTensor) -> Operand {
    var tensor = tensor
    tensor.name = unique(tensor.name)
    module.tensors.append(tensor)
    return .tensor(TensorID(module.tensors.count - 1))
  }

  /// A tensor of the module by name. Throws when there is none.
  public func tensor(_ name: String) throws -> Operand {
    guard let id = module.tensorID(named: name) else {
      throw OpError("the module has no tensor %\(name)")
    }
    return .tensor(id)
  }

  /// Appends an operation with one result. Throws `OpError` when it breaks its definition.
  @discardableResult
  public mutating func append(
    _ op: String, _ operands: [Operand?], _ attributes: Attributes = [:], as name: String? = nil
  ) throws -> Operand {
    let definition = try OpRegistry.required(op)
    var operation = Operation(op, operands, attributes, results: [])
    if definition.operands.last?.kind != .variadic {
      while operation.operands.count < definition.operands.count { operation.operands.append(nil) }
    }
    try Verifier.check(operation, against: definition)
    let types = try definition.infer(module.site(of: operation, in: function))
    operation.results = types.map { function.addValue(unique(name ?? op), $0) }
    function.operations.append(operation)
    return .value(operation.result)
  }

  public mutating func returns(_ operand: Operand, as name: String? = nil) {
    function.results.append(Function.Result(name, operand))
  }

  private mutating func unique(_ name: String) -> String {
    guard !taken.insert(name).inserted else { return name }
    while true {
      let suffix = suffixes[name, default: 0] + 1
      suffixes[name] = suffix
      let candidate = "\(name).\(suffix)"
      if taken.insert(candidate).inserted { return candidate }
    }
  }
}
