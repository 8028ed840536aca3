import IR
import Tensors

/// Makes every operand readable for the kernel of its operation: of an element type that it computes
/// with, in an order that it can walk, and holding what it held when it was defined.
struct OperandPreparation {
  private let module: Module
  private let layouts: [Layout]
  private var function: Function
  private var names: UniqueNames
  private var operations: [Operation] = []

  /// Inserts `cast` and `contiguous` where they are needed. Throws `RewriteFailure` for an operation
  /// that no kernel computes.
  static func prepare(_ function: inout Function, of module: Module) throws {
    try StateSnapshots.insert(into: &function, of: module)
    var preparation = try OperandPreparation(function, module)
    for operation in function.operations { try preparation.append(operation) }
    preparation.function.operations = preparation.operations
    function = preparation.function
  }

  private init(_ function: Function, _ module: Module) throws {
    self.module = module
    self.function = function
    layouts = try Layout.analyze(function, in: module)
    names = UniqueNames(function.values.map(\.name) + module.tensors.map(\.name))
  }

  private mutating func append(_ operation: Operation) throws {
    let definition = try OpRegistry.required(operation.op)
    var operation = operation
    for (index, operand) in operation.operands.enumerated() {
      guard let operand, !definition.isView || index > 0 else { continue }
      operation.operands[index] = try prepared(operand, index, of: operation)
    }
    if !definition.isView { try requireKernel(for: operation) }
    operations.append(operation)
  }

  private mutating func prepared(
    _ operand: Operand, _ index: Int, of operation: Operation
  ) throws -> Operand {
    let type = module.type(of: operand, in: function)
    let definition = try kernelDefinition(of: operation)
    if definition.widens(type.element, operand: index) {
      return insert("cast", operand, type.with(element: .f32), ["to": .word("f32")])
    }
    if let wide = try widenedMask(operand, index, of: operation, definition) { return wide }
    let layout = try operand.value.map { layouts[$0.index] } ?? module.layout(of: operand)
    let isReadable = try definition.reading(at: index).allows(layout, type.shape)
    // A cache cannot take its new places from itself: source and target would overlap.
    let isOwnCache = operation.op == "cache_append" && layout.root == operation["cache"]
    return isReadable && !isOwnCache ? operand : insert("contiguous", operand, type)
  }

  /// A copy of attention's mask with a number for each key, where it has one for all of them.
  private mutating func widenedMask(
    _ mask: Operand, _ index: Int, of operation: Operation, _ definition: OpDefinition
  ) throws -> Operand? {
    guard operation.op == "attention", definition.operand(at: index)?.name == "mask",
      let key = operation["k"]
    else { return nil }
    let (type, keys) = (module.type(of: mask, in: function), module.type(of: key, in: function))
    guard type.shape.last != keys.shape[2] else { return nil }
    let wide = type.with(shape: type.shape.dropLast() + [keys.shape[2]])
    let view = insert("broadcast", mask, wide, ["shape": .dimensions(wide.shape)])
    return insert("contiguous", view, wide)
  }

  /// The operation whose kernel executes this one.
  private func kernelDefinition(of operation: Operation) throws -> OpDefinition {
    try OpRegistry.required(
      KernelSelection.streamsWeight(operation, of: module) ? "linear" : operation.op)
  }

  private mutating func insert(
    _ op: String, _ operand: Operand, _ type: TensorType, _ attributes: Attributes = [:]
  ) -> Operand {
    let name =
      switch operand {
      case .value(let id): function[id].name
      case .tensor(let id): module.tensor(id).name
      }
    let copy = function.addValue(names.unique(name), type)
    operations.append(Operation(op, [operand], attributes, results: [copy]))
    return .value(copy)
  }

  private func requireKernel(for operation: Operation) throws {
    let definition = try kernelDefinition(of: operation)
    let types = operation.operands.compactMap { $0.map { module.type(of: $0, in: function) } }
    for element in types.map(\.element) + operation.results.map({ function[$0].type.element })
    where !definition.computes(element) {
      throw RewriteFailure(
        rule: nil, subject: subject(operation),
        reason: "no kernel computes in \(element.rawValue); cast to f32 before")
    }
    if operation.op == "rope", types[0].rank > 4 {
      throw RewriteFailure(
        rule: nil, subject: subject(operation),
        reason: "no kernel turns \(types[0].rank) axes; merge some with reshape")
    }
  }

  private func subject(_ operation: Operation) -> String {
    "@\(function.name), %\(function[operation.result].name) = \(operation.op)"
  }
}

/// The element types that kernels compute with.
extension OpDefinition {
  /// Whether an operand is half precision that the kernel does not read as it is.
  fileprivate func widens(_ element: ElementType, operand index: Int) -> Bool {
    if element == .bf16, operand(at: index)?.isReadAsStored == true { return false }
    return element.isFloatingPoint && element.computed != element
      && !traits.contains(.movesElements)
  }

  /// Whether the kernel takes and makes elements of this type.
  fileprivate func computes(_ element: ElementType) -> Bool {
    switch element {
    case .f32, .i64, .bool: true
    case .bf16 where storedOperand != nil: true
    default: traits.contains(.movesElements)
    }
  }
}
