import IR

extension Pass {
  /// `plan_memory` gives every value that owns storage its place in the arena.
  static let planMemory = Pass(
    "plan_memory", .exact,
    "Places every value in one arena, views over what they view and results over dying operands.",
    rewrites: [
      Rewrite("place", "each value of a function => a place that no value has that lives meanwhile")
    ]
  ) { module, context in
    var (bytes, bound) = (0, 0)
    var stopped: [String] = []
    for index in module.functions.indices {
      let name = "@\(module.functions[index].name)"
      guard context.takeRewrite("place", name) else { return }
      let placement = try MemoryPlanner.plan(&module.functions[index], in: module)
      bytes = max(bytes, placement.bytes)
      bound = max(bound, placement.lowerBound)
      if placement.ending == .limit { stopped.append(name) }
    }
    context.arenaSearchStopped = !stopped.isEmpty
    context.remark =
      "arena \(bytes) bytes, lower bound \(bound)"
      + (stopped.isEmpty
        ? "" : ", the search for less stopped at its limit in \(stopped.joined(separator: ", "))")
  }
}

extension Pass {
  /// `plan_memory` without any cleverness, to hold it against: no two values share memory, unless one
  /// is a view of the other or computed in its place.
  package static let spreadMemory = Pass(
    "plan_memory", .exact, "Gives every value a place of its own.",
    rewrites: [Rewrite("place", "each value of a function => a place of its own")]
  ) { module, context in
    for index in module.functions.indices {
      guard context.takeRewrite("place", "@\(module.functions[index].name)") else { return }
      try MemoryPlanner.spread(&module.functions[index], in: module)
    }
  }
}
