import IR

extension Pass {
  /// `plan_memory` gives every value that owns storage its place in the arena.
  static let planMemory = Pass(
    "plan_memory", .exact,
    "Places every value in one arena, views over what they view and results over dying operands."
  ) { module, context in
    for index in module.functions.indices {
      guard context.takeRewrite("place", "@\(module.functions[index].name)") else { return }
      try MemoryPlanner.plan(&module.functions[index], in: module)
    }
  }
}
