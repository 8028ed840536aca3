import IR
import Tensors

extension Pass {
  /// `quantize` chooses the element type in which each weight is stored.
  ///
  /// Weights that are only streamed, as factor of a product or table of an embedding, take the type
  /// that `PassContext.dtype` asks for; all others, which are small, become f32. Rounding a weight w
  /// to bf16 moves it by at most |w|·2⁻⁹. Widening, or keeping what the checkpoint has, is exact.
  static let quantize = Pass(
    "quantize", .approximating,
    "Chooses the element type in which each weight is stored."
  ) { module, context in
    let streamed = module.streamedWeights()
    var exactness = Pass.Exactness.exact
    for (index, tensor) in module.tensors.enumerated() where tensor.kind == .weight {
      guard let isStreamed = streamed[TensorID(index)] else { continue }
      let target = isStreamed ? context.storage(of: tensor.type.element) : .f32
      guard target != tensor.type.element, tensor.type.element.isFloatingPoint,
        context.takeRewrite("store_as_\(target.rawValue)", "%\(tensor.name)")
      else { continue }
      if !tensor.type.element.widens(to: target) { exactness = .approximating }
      module.tensors[index].type.element = target
    }
    context.exactness = exactness
    try module.inferTypes()
  }
}

extension PassContext {
  /// The element type for a streamed weight that the checkpoint holds as `element`.
  fileprivate func storage(of element: ElementType) -> ElementType {
    switch dtype {
    case .f32: .f32
    case .bf16: .bf16
    case .auto: element == .bf16 || element == .f16 ? .bf16 : .f32
    }
  }
}

extension ElementType {
  /// Whether every value of this type is one of `other`.
  fileprivate func widens(to other: ElementType) -> Bool {
    switch (self, other) {
    case (.bf16, .f32), (.f16, .f32), (.bf16, .f64), (.f16, .f64), (.f32, .f64): true
    default: self == other
    }
  }
}

extension Module {
  /// For every weight that some function reads: whether it is read as factor or table only.
  fileprivate func streamedWeights() -> [TensorID: Bool] {
    var result: [TensorID: Bool] = [:]
    for function in functions {
      // Reshaped weights stand for the weights themselves.
      var source: [Operand: TensorID] = [:]
      func weight(_ operand: Operand) -> TensorID? { operand.tensor ?? source[operand] }
      for operation in function.operations {
        for (index, operand) in operation.operands.enumerated() {
          guard let operand, let id = weight(operand) else { continue }
          if operation.op == "reshape" {
            source[.value(operation.result)] = id
          } else {
            let isStreamed = Self.streams(operation.op, index)
            result[id] = (result[id] ?? true) && isStreamed
          }
        }
      }
      for id in function.results.compactMap({ weight($0.operand) }) { result[id] = false }
    }
    return result
  }

  private static func streams(_ op: String, _ operand: Int) -> Bool {
    switch (op, operand) {
    case ("matmul", 1), ("linear", 1), ("embedding", 0): true
    default: false
    }
  }

  /// Computes the types of all values anew from those of tensors and parameters.
  fileprivate mutating func inferTypes() throws {
    for index in functions.indices {
      for operation in functions[index].operations {
        let site = try site(of: operation, in: functions[index])
        for (id, type) in zip(operation.results, try site.definition.infer(site)) {
          functions[index][id].type = type
        }
      }
    }
  }
}
