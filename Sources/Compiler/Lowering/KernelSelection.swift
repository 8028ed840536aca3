import IR
import Tensors

/// Names the kernel that executes each operation. Views need none.
enum KernelSelection {
  /// Sets `Operation.kernel` throughout a function whose operands are prepared.
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
    func element(_ index: Int) -> String {
      operation.operands[index].map { module.type(of: $0, in: function).element.rawValue } ?? ""
    }
    /// The element type, or the packing that implies it.
    func storage(_ index: Int) -> String {
      let packing = operation.operands[index]?.tensor.flatMap { module.tensor($0).packing }
      return packing?.rawValue ?? element(index)
    }
    if let stored = definition.storedOperand { return "\(operation.op)_\(storage(stored))" }
    switch operation.op {
    case "contiguous": return "copy"
    case "matmul" where streamsWeight(operation, of: module): return "linear_\(storage(1))"
    default: return operation.op
    }
  }

  /// Whether the kernel of an operation can read an operand in panels. Such operands are matrices.
  static func readsPanels(_ operation: Operation, _ operand: Int, of module: Module) -> Bool {
    switch OpRegistry.definition(of: operation.op)?.operand(at: operand)?.role {
    case .weights, .table: true
    case .factor: streamsWeight(operation, of: module)
    default: false
    }
  }

  /// Whether a `matmul` is a product with a whole weight matrix `[out, in]`, which the linear kernel
  /// streams.
  static func streamsWeight(_ operation: Operation, of module: Module) -> Bool {
    guard operation.op == "matmul", case .tensor(let id)? = operation["b"] else {
      return false
    }
    let type = module.tensor(id).type
    return type.rank == 2 && (type.element == .f32 || type.element == .bf16)
      && operation.attribute("transpose_b")?.flag == true
      && operation.attribute("transpose_a")?.flag == false
  }
}
