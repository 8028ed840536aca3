import IR

extension Pass {
  /// `common_subexpressions` computes once what a function computes several times from the same
  /// operands.
  static let commonSubexpressions = Pass(
    "common_subexpressions", .exact,
    "Computes once what a function computes several times from the same operands.",
    rewrites: [Rewrite("common_subexpression", "f(x) after f(x) => the former")]
  ) { module, context in
    for index in module.functions.indices {
      var graph = RewriteGraph(module, function: index)
      var first: [Expression: Operand] = [:]
      _ = try graph.sweep(
        { operation, graph in
          guard !graph.readsState(operation) else { return nil }
          let expression = Expression(operation)
          guard let known = first[expression] else {
            first[expression] = .value(operation.result)
            return nil
          }
          return ("common_subexpression", try graph.replacing(with: known))
        }, accept: { context.takeRewrite($0, $1) })
      module = context.finish(graph)
    }
  }
}

extension RewriteGraph {
  /// A state may have changed between two reads of it; what writes to it reads it as well.
  fileprivate func readsState(_ operation: Operation) -> Bool {
    operation.operands.contains { $0?.tensor.map { module.tensor($0).kind == .state } ?? false }
  }
}
