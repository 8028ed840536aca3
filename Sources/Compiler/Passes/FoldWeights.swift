import IR
import Tensors

extension Pass {
  /// `fold_weights` computes once, when the plan is written, what depends on weights and constants only:
  /// kernels in another order, or scaled by what normalised a convolution's result.
  ///
  /// The value becomes a weight of its own. What weights go through as views stays.
  static let foldWeights = Pass(
    "fold_weights", .reassociating,
    "Computes once, when the plan is written, what depends on weights only.",
    rewrites: [
      Rewrite("fold", "f(w) => a weight of its own, for an f of weights and constants only")
    ]
  ) { module, context in
    var names = UniqueNames(
      module.tensors.map(\.name) + module.functions.flatMap { $0.values.map(\.name) })
    var known: [String: String] = [:]
    for index in module.functions.indices {
      let function = module.functions[index]
      let frontier = WeightValues(function, module, context).frontier
      var graph = RewriteGraph(module, function: index)
      var derived: [String: DerivedTensor] = [:]
      _ = try graph.sweep(
        { operation, graph in
          guard frontier.contains(operation.result) else { return nil }
          let recipe = try DerivedTensor(operation.result, of: function, in: graph.module)
          let text = recipe.description
          var patch = graph.patch()
          let tensor: Operand
          if let name = known[text], let id = graph.module.tensorID(named: name) {
            tensor = .tensor(id)
          } else {
            let value = Operand.value(operation.result)
            let name = names.unique("\(graph.name(of: value)).folded")
            (known[text], derived[name]) = (name, recipe)
            tensor = patch.append(ModuleTensor(name, graph.type(of: value), .weight))
          }
          return ("fold", try patch.replacing(with: tensor))
        }, accept: { context.takeRewrite($0, $1) })
      module = context.finish(graph)
      for tensor in module.tensors {
        if let recipe = derived[tensor.name] { context.derived[tensor.name] = recipe }
      }
    }
  }
}

/// The values of a function that depend on weights and constants only.
private struct WeightValues {
  /// Largest value that is folded: it is evaluated in double precision.
  static let byteLimit = 64 << 20

  private let function: Function
  private let module: Module
  private let context: PassContext
  /// Whether an operation beyond views was needed to compute it.
  private var computed: [ValueID: Bool] = [:]

  init(_ function: Function, _ module: Module, _ context: PassContext) {
    self.function = function
    self.module = module
    self.context = context
    var reachesWeight: Set<ValueID> = []
    for operation in function.operations where isFoldable(operation) {
      let isView = OpRegistry.definition(of: operation.op)?.isView ?? false
      let source = operation.operands.first.flatMap { $0?.value }.flatMap { computed[$0] } ?? false
      computed[operation.result] = isView ? source : operation.op != "constant"
      let depends = operation.operands.contains { operand in
        operand?.value.map(reachesWeight.contains)
          ?? operand?.tensor.map { module.tensor($0).kind == .weight } ?? false
      }
      if depends { reachesWeight.insert(operation.result) }
    }
    computed = computed.filter { reachesWeight.contains($0.key) || !$0.value }
  }

  /// Computed values that something else reads: with them folded, what leads to them is dead.
  var frontier: Set<ValueID> {
    var read = Set(function.results.compactMap(\.operand.value))
    var kernels: Set<ValueID> = []
    for operation in function.operations where computed[operation.result] == nil {
      read.formUnion(operation.operands.compactMap { $0?.value })
      // A kernel in another shape becomes a matrix of its own, which can be packed.
      if operation.op == "conv", let kernel = operation["weight"]?.value {
        kernels.insert(kernel)
      }
    }
    return read.filter { computed[$0] == true || (kernels.contains($0) && computed[$0] != nil) }
  }

  private static let excluded: Set<String> = [
    "iota", "causal_mask", "patch_conv", "matmul", "embedding",
  ]

  private func isFoldable(_ operation: Operation) -> Bool {
    guard let definition = OpRegistry.definition(of: operation.op),
      [.data, .view, .math].contains(definition.group), !Self.excluded.contains(operation.op),
      let shape = function[operation.result].type.shape.constants,
      context.byteCount(function[operation.result].type.element, shape) <= Self.byteLimit,
      operation.attributes.values.allSatisfy({ $0.dimension.map { $0.constant != nil } ?? true })
    else { return false }
    return operation.operands.allSatisfy { operand in
      switch operand {
      case nil: true
      case .value(let id): computed[id] != nil
      case .tensor(let id): module.tensor(id).kind != .state
      }
    }
  }
}
