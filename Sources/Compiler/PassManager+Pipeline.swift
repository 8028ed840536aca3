extension PassManager {
  /// The passes in the order in which a compile runs them. A name may appear again where a later
  /// pass leaves work for an earlier one.
  public static let pipeline: [Pass] = [
    .canonicalize,
    .foldConstants,
    .commonSubexpressions,
    .deadCode,
  ]

  /// One thing that must hold for the order of the pipeline: `before` stands before the first `after`.
  struct OrderConstraint: Sendable {
    let before: String
    let after: String
    let reason: String
  }

  static let orderConstraints: [OrderConstraint] = [
    OrderConstraint(
      before: "canonicalize", after: "common_subexpressions",
      reason: "equal computations are recognised by equal spelling")
  ]

  /// Every pass once, in pipeline order.
  public static var all: [Pass] {
    var seen: Set<String> = []
    return pipeline.filter { seen.insert($0.name).inserted }
  }

  /// Throws `UnknownPass`.
  public static func pass(named name: String) throws -> Pass {
    guard let pass = pipeline.first(where: { $0.name == name }) else {
      throw UnknownPass(name: name)
    }
    return pass
  }
}
