import IR
import Plans
import Tensors

extension Pass {
  /// `quantize` chooses the element type in which each weight is stored.
  ///
  /// Weights that are only streamed, as factor of a product or table of an embedding, take the type
  /// that `PassContext.dtype` asks for; all others, which are small, become f32,
  /// unless a result shows what type they have. Rounding a weight w
  /// to bf16 moves it by at most |w|·2⁻⁸. Widening, or keeping what the checkpoint has, is exact.
  ///
  /// int8 and int4 are for the matrices of products, which are packed at once. With int8, each row is
  /// in whole steps of 1/127 of its largest |w|, so that a weight moves by at most half a step; with
  /// int4, each 32 columns of a row are in 16 steps. What is only looked up, as an embedding that is no
  /// output head, costs no time and stays bf16. A table that is a factor too has a copy in int4 for
  /// that, which is what a token waits for, and stays int8 itself.
  ///
  /// Beside weights that are no more exact, attention with many scores may round to bf16 too.
  static let quantize = Pass(
    "quantize", .approximating,
    "Chooses the element type in which each weight is stored.",
    rewrites: [
      Rewrite("copy_factor", "int4: a table that is a factor too => the table and a copy of it"),
      Rewrite("round_attention", "attention with many scores => attention {products = bf16}"),
      Rewrite("store_as_f32", "a weight => the same in f32"),
      Rewrite("store_as_bf16", "a streamed weight => the same in bf16, moved by at most |w|·2⁻⁸"),
      Rewrite(
        "store_as_int8_panels", "a matrix of products => whole steps of 1/127 of each row's largest"
      ),
      Rewrite(
        "store_as_int4_panels", "a matrix of products => 16 steps for each 32 columns of a row"),
    ]
  ) { module, context in
    if context.dtype == .int4 { module.copyFactorsThatAreTables(&context) }
    let uses = module.weightUses()
    let packings = module.packings(for: context.dtype)
    var exactness = Pass.Exactness.exact
    for (index, tensor) in module.tensors.enumerated() where tensor.kind == .weight {
      guard let use = uses[TensorID(index)], use != .visible else { continue }
      if let packing = packings[TensorID(index)] {
        guard context.takeRewrite("store_as_\(packing.rawValue)", "%\(tensor.name)") else {
          continue
        }
        module.tensors[index].type.element = packing.element
        module.tensors[index].packing = packing
        exactness = .approximating
        continue
      }
      let target = use == .streamed ? context.storage(of: tensor.type.element) : .f32
      guard target != tensor.type.element, tensor.type.element.isFloatingPoint,
        context.takeRewrite("store_as_\(target.rawValue)", "%\(tensor.name)")
      else { continue }
      if !tensor.type.element.widens(to: target) { exactness = .approximating }
      module.tensors[index].type.element = target
      if let initializer = tensor.initializer,
        tensor.type.element.computed != tensor.type.element,
        let count = tensor.type.shape.constants?.reduce(1, *)
      {
        // What is made must be as coarse as it was.
        module.tensors[index].initializer = initializer.rounded(
          to: tensor.type.element, count: count)
      }
    }
    if module.roundLargeAttentions(&context) { exactness = .approximating }
    context.exactness = exactness
    try module.inferTypes()
  }
}

extension PassContext {
  /// The element type for a streamed weight that the checkpoint holds as `element`.
  fileprivate func storage(of element: ElementType) -> ElementType {
    switch dtype {
    case .f32: .f32
    case .bf16, .int8, .int4: .bf16
    case .auto: element == .bf16 || element == .f16 ? .bf16 : .f32
    }
  }
}

extension Module {
  /// How the matrices that are factors of products are packed, where the element type does not say it.
  fileprivate func packings(for dtype: PassContext.DType) -> [TensorID: WeightPacking] {
    guard dtype == .int8 || dtype == .int4 else { return [:] }
    let copied = Set(tensors.compactMap(\.original))
    return panelUses().reduce(into: [:]) { packings, entry in
      let (id, uses) = entry
      let isCopied = copied.contains(tensor(id).name)
      guard uses.contains(.factor) || isCopied, !uses.contains(.other) else { return }
      packings[id] = dtype == .int4 && !uses.contains(.table) ? .int4 : .int8
    }
  }

  /// Gives each weight that is a table and a factor a copy that is only a factor.
  fileprivate mutating func copyFactorsThatAreTables(_ context: inout PassContext) {
    var names = UniqueNames(tensors.map(\.name))
    let uses = panelUses()
    for (index, tensor) in tensors.enumerated() {
      let id = TensorID(index)
      guard tensor.kind == .weight, uses[id] == [.factor, .table] else { continue }
      guard context.takeRewrite("copy_factor", "%\(tensor.name)") else { return }
      var copy = tensor
      copy.original = copy.name
      copy.name = names.unique("\(copy.name).factor")
      let operand = Operand.tensor(TensorID(tensors.count))
      tensors.append(copy)
      for index in functions.indices { functions[index].replaceFactor(.tensor(id), by: operand) }
    }
  }
}

extension Module {
  /// Lets attention round to bf16 where weights are as coarse and a head may have many scores; those
  /// with few are not worth it. Says whether there was one.
  fileprivate mutating func roundLargeAttentions(_ context: inout PassContext) -> Bool {
    let hasCoarseWeights = tensors.contains {
      $0.kind == .weight && ($0.type.element == .bf16 || $0.packing?.rounds == true)
    }
    guard context.dtype != .f32, hasCoarseWeights else { return false }
    var changed = false
    for (index, function) in functions.enumerated() {
      for (place, operation) in function.operations.enumerated()
      where operation.op == "attention" && mayHaveManyScores(operation, in: function) {
        guard context.takeRewrite("round_attention", "@\(function.name)") else { return changed }
        functions[index].operations[place].attributes["products"] = .word("bf16")
        changed = true
      }
    }
    return changed
  }

  private func mayHaveManyScores(_ operation: Operation, in function: Function) -> Bool {
    guard let q = operation["q"], let k = operation["k"],
      let queries = try? type(of: q, in: function).shape[2].evaluate(bounds),
      let keys = try? type(of: k, in: function).shape[2].evaluate(bounds)
    else { return false }
    return queries * keys >= RoundedAttention.leastScores
  }
}

extension Function {
  /// Reads `new` instead of `old` in every operation but look-ups.
  fileprivate mutating func replaceFactor(_ old: Operand, by new: Operand) {
    for index in operations.indices where operations[index].op != "embedding" {
      operations[index].operands = operations[index].operands.map { $0 == old ? new : $0 }
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

/// What the functions do with a weight, the most restrictive use last.
private enum WeightUse: Int {
  /// Factor of a product or table of an embedding, only.
  case streamed
  /// Operand of other arithmetic.
  case computed
  /// Its element type shows: it is returned, or stands beside other elements of that type.
  case visible
}

extension Module {
  /// How each weight is used that some function reads.
  fileprivate func weightUses() -> [TensorID: WeightUse] {
    var uses: [TensorID: WeightUse] = [:]
    func record(_ use: WeightUse, _ operand: Operand, _ carried: [Operand: TensorID]) {
      guard let id = operand.tensor ?? carried[operand] else { return }
      if use.rawValue >= uses[id, default: .streamed].rawValue { uses[id] = use }
    }
    for function in functions {
      // The weights whose elements a value consists of.
      var carried: [Operand: TensorID] = [:]
      for operation in function.operations {
        for (index, operand) in operation.operands.enumerated() {
          guard let operand else { continue }
          switch operation.op {
          case "reshape", "transpose", "broadcast", "slice", "contiguous":
            carried[.value(operation.result)] = operand.tensor ?? carried[operand]
            if operation.op != "reshape" { record(.computed, operand, carried) }
          case "concat", "masked_scatter", "cache_append": record(.visible, operand, carried)
          case let op: record(isStreamed(op, index) ? .streamed : .computed, operand, carried)
          }
        }
      }
      for result in function.results { record(.visible, result.operand, carried) }
    }
    return uses
  }

  private func isStreamed(_ op: String, _ operand: Int) -> Bool {
    OpRegistry.definition(of: op)?.operand(at: operand)?.isStreamed == true
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
