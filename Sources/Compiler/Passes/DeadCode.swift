import IR

extension Pass {
  /// `dead_code` removes operations that neither a result nor a state depends on, and buffers that
  /// are computed at compile time and no longer read.
  ///
  /// Weights, checkpoint buffers and states stay declared: they say what the model consists of.
  static let deadCode = Pass(
    "dead_code", .exact,
    "Removes operations that nothing depends on and computed buffers that nothing reads.",
    rewrites: [
      Rewrite("dead_operation", "an operation whose result nothing reads => nothing"),
      Rewrite("unread_buffer", "a buffer with a computed value that nothing reads => nothing"),
    ]
  ) { module, context in
    for index in module.functions.indices {
      var graph = RewriteGraph(module, function: index)
      graph.removeUnused("dead_operation") { context.takeRewrite($0, $1) }
      module = context.finish(graph)
    }
    module.removeUnreadBuffers(&context)
  }
}

extension Module {
  /// Drops buffers that have an initializer or a folded value and that no function reads.
  fileprivate mutating func removeUnreadBuffers(_ context: inout PassContext) {
    let read = Set(functions.flatMap(\.readTensors))
    // Weights that passes made are computed from these when the plan is written.
    let sources = Set(context.derived.values.flatMap { $0.module.tensors.map(\.name) })
    var renumbered: [TensorID: TensorID] = [:]
    var kept: [ModuleTensor] = []
    for (index, tensor) in tensors.enumerated() {
      let id = TensorID(index)
      let isComputed =
        tensor.kind == .buffer(persistent: false) || context.constants[tensor.name] != nil
      if isComputed, !read.contains(id), context.takeRewrite("unread_buffer", "%\(tensor.name)") {
        if !sources.contains(tensor.name) { context.constants[tensor.name] = nil }
        continue
      }
      renumbered[id] = TensorID(kept.count)
      kept.append(tensor)
    }
    tensors = kept
    for index in functions.indices { functions[index].renumberTensors(renumbered) }
  }
}

extension Function {
  /// The module tensors that operations and results read.
  var readTensors: [TensorID] {
    operations.flatMap { $0.operands.compactMap { $0?.tensor } }
      + results.compactMap(\.operand.tensor)
  }

  fileprivate mutating func renumberTensors(_ ids: [TensorID: TensorID]) {
    func renumber(_ operand: Operand) -> Operand {
      operand.tensor.flatMap { ids[$0] }.map { .tensor($0) } ?? operand
    }
    for index in operations.indices {
      operations[index].operands = operations[index].operands.map { $0.map(renumber) }
    }
    for index in results.indices { results[index].operand = renumber(results[index].operand) }
  }
}
