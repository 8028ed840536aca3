import IR
import Tensors

/// A tensor that passes made from others: computed when the plan is written, one at a time, so that no
/// weight is read before.
public struct DerivedTensor: Sendable {
  /// Has the function `@value` without parameters, over the tensors that it is computed from.
  let module: Module

  /// Equal for equal computations.
  var description: String { module.description }

  /// - Parameter source: the values of the tensors that it is computed from.
  func value(_ source: @escaping Interpreter.Source) throws -> HostTensor {
    var interpreter = try Interpreter(module, source: source)
    guard let value = try interpreter.run("value", []).first else {
      throw OpError("@value of a derived tensor has no result")
    }
    return value
  }

  /// What computes a value of a function from the module's tensors alone.
  init(_ result: ValueID, of function: Function, in module: Module) throws {
    var builder = FunctionBuilder("value", in: Module(name: "derived"))
    var made: [Operand: Operand] = [:]
    let definitions = function.definitions()
    func operand(_ operand: Operand) throws -> Operand {
      if let known = made[operand] { return known }
      let new: Operand
      switch operand {
      case .tensor(let id): new = builder.add(module.tensor(id))
      case .value(let id):
        guard let index = definitions[id.index] else {
          throw OpError("%\(function[id].name) depends on a parameter")
        }
        let operation = function.operations[index]
        let operands = try operation.operands.map { try $0.map(operand(_:)) }
        // Named by position, so that equal computations are equal.
        new = try builder.append(operation.op, operands, operation.attributes, as: "v\(made.count)")
      }
      made[operand] = new
      return new
    }
    builder.returns(try operand(.value(result)))
    var derived = builder.module
    derived.functions = [builder.function]
    self.module = derived
  }
}

extension PassContext {
  /// The value of a tensor that is not in the module itself: folded, derived, or from `weights`.
  func value(
    of tensor: ModuleTensor, weights: @escaping Interpreter.Source
  ) throws -> HostTensor {
    if let constant = constants[tensor.name] { return constant }
    guard let recipe = derived[tensor.name] else { return try weights(tensor) }
    return try recipe.value { try value(of: $0, weights: weights) }
  }

  /// The value of a tensor that a pass made, by folding or from others that `source` has; nil for others.
  public func madeValue(
    of tensor: ModuleTensor, source: (_ name: String) throws -> TensorData
  ) throws -> TensorData? {
    guard constants[tensor.name] != nil || derived[tensor.name] != nil else { return nil }
    return try withoutActuallyEscaping(source) { source in
      try value(of: tensor) { HostTensor(try source($0.name)) }
    }.rounded(to: tensor.type.element).data
  }

  /// A source for the interpreter that yields what passes made and leaves all else to `weights`.
  public func interpreterSource(weights: @escaping Interpreter.Source) -> Interpreter.Source {
    let context = self
    return { try context.value(of: $0, weights: weights) }
  }
}
