import IR
import Tensors

/// Names the kernel that executes each operation. Views need none.
enum KernelSelection {
  /// Sets `Operation.kernel` throughout a function.
  static func select(in function: inout Function, of module: Module) {
    for index in function.operations.indices {
      function.operations[index].kernel = kernel(
        for: function.operations[index], in: function, module)
    }
  }

  private static func kernel(
    for operation: Operation, in function: Function, _ module: Module
  ) -> String? {
    guard let definition = OpRegistry.definition(of: operation.op) else { return nil }
    if definition.isView, !definition.hasEffect { return nil }
    func element(_ index: Int) -> ElementType? {
      operation.operands[index].map { module.type(of: $0, in: function).element }
    }
    switch operation.op {
    case "contiguous": return "copy"
    case "linear": return "linear.\(element(1)?.rawValue ?? "")"
    case "embedding": return "embedding.\(element(0)?.rawValue ?? "")"
    case "matmul" where isLinear(operation, in: function, module):
      return "linear.\(element(1)?.rawValue ?? "")"
    default: return operation.op
    }
  }

  /// A product with a whole weight matrix `[out, in]`: what the linear kernel streams.
  private static func isLinear(
    _ operation: Operation, in function: Function, _ module: Module
  ) -> Bool {
    guard case .tensor(let id)? = operation.operands[1] else { return false }
    return module.tensor(id).type.rank == 2 && operation.attribute("transpose_b")?.flag == true
      && operation.attribute("transpose_a")?.flag == false
  }
}

/// Makes every operand readable for its kernel.
enum OperandCopies {
  /// Inserts `contiguous` before operations whose operands lie in an order they cannot read.
  static func insert(into function: inout Function, of module: Module) throws {
    let layouts = try Layout.analyze(function, in: module)
    var names = UniqueNames(function.values.map(\.name) + module.tensors.map(\.name))
    var rewritten: [Operation] = []
    for var operation in function.operations {
      for (index, operand) in operation.operands.enumerated() {
        guard case .value(let id)? = operand,
          let definition = OpRegistry.definition(of: operation.op), !definition.isView || index > 0,
          try !OperandReading(operation.op, operand: index)
            .allows(layouts[id.index], function[id].type.shape)
        else { continue }
        let copy = function.addValue(names.unique(function[id].name), function[id].type)
        rewritten.append(Operation("contiguous", [.value(id)], results: [copy]))
        operation.operands[index] = .value(copy)
      }
      rewritten.append(operation)
    }
    function.operations = rewritten
  }
}
