import IR
import Tensors

/// What a rewrite rule proposes: new operations, and the operand that stands for the anchor's result
/// from now on. A patch changes nothing until the graph commits it.
struct Patch {
  /// In order; they may read each other and everything that is defined before the anchor.
  let operations: [Operation]
  /// Values that the operations define: their ids follow those of the graph the patch was built on.
  let values: [Value]
  /// What the name of each value begins with; nil for the anchor's name.
  let nameBases: [String?]
  /// Tensors to add to the module: their ids follow those of the module.
  let tensors: [ModuleTensor]
  let replacement: Operand
  /// How the replacement's elements lie in memory.
  let layout: Layout
}

/// Collects the operations of a patch; types come from the op definitions.
struct PatchBuilder {
  private let graph: RewriteGraph
  private var operations: [Operation] = []
  private var values: [Value] = []
  private var nameBases: [String?] = []
  private var layouts: [Layout] = []
  private var tensors: [ModuleTensor] = []

  init(_ graph: RewriteGraph) {
    self.graph = graph
  }

  /// Type of an existing operand or of one that this patch makes.
  func type(of operand: Operand) -> TensorType {
    switch operand {
    case .value(let id) where id.index >= graph.function.values.count:
      values[id.index - graph.function.values.count].type
    case .tensor(let id) where id.index >= graph.module.tensors.count:
      tensors[id.index - graph.module.tensors.count].type
    default: graph.type(of: operand)
    }
  }

  private func layout(of operand: Operand) throws -> Layout {
    switch operand {
    case .value(let id) where id.index >= graph.function.values.count:
      layouts[id.index - graph.function.values.count]
    case .tensor(let id) where id.index >= graph.module.tensors.count:
      try Layout(root: operand, rowMajor: type(of: operand).shape)
    default: try graph.layout(of: operand)
    }
  }

  /// Appends an operation with one result. Throws `OpError` when it breaks its definition, a view
  /// that needs a copy included.
  ///
  /// - Parameter base: what the result's name begins with, if not with the anchor's name.
  mutating func append(
    _ op: String, _ operands: [Operand?], _ attributes: Attributes = [:], named base: String? = nil
  ) throws -> Operand {
    let definition = try OpRegistry.required(op)
    var operation = Operation(op, operands, attributes, results: [])
    if definition.operands.last?.kind != .variadic {
      while operation.operands.count < definition.operands.count { operation.operands.append(nil) }
    }
    try Verifier.check(operation, against: definition)
    let site = OpSite(
      definition: definition, types: operation.operands.map { $0.map(type(of:)) },
      attributes: attributes)
    for type in try definition.infer(site) {
      let id = ValueID(graph.function.values.count + values.count)
      operation.results.append(id)
      values.append(Value(name: op, type: type))
      nameBases.append(base)
      if let view = definition.view, let source = operands.first ?? nil {
        layouts.append(try view(site, layout(of: source)))
      } else {
        layouts.append(try Layout(root: .value(id), rowMajor: type.shape))
      }
    }
    operations.append(operation)
    return .value(operation.result)
  }

  /// A new tensor of the module. Its name must be unique.
  mutating func append(_ tensor: ModuleTensor) -> Operand {
    tensors.append(tensor)
    return .tensor(TensorID(graph.module.tensors.count + tensors.count - 1))
  }

  /// The patch that replaces the anchor's result by `operand`.
  func replacing(with operand: Operand) throws -> Patch {
    Patch(
      operations: operations, values: values, nameBases: nameBases, tensors: tensors,
      replacement: operand,
      layout: try layout(of: operand))
  }
}
