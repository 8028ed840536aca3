import Testing

@testable import Plans

/// A plan that is whole and sound by itself, but is not what its section says, and what is said about it.
struct PlanLie: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let problem: String
  let change: @Sendable (inout Plan) throws -> Void

  /// A lie about a plan without steps, so that nothing else notices it.
  init(
    _ sentence: String, _ problem: String, _ change: @escaping @Sendable (inout Plan) throws -> Void
  ) {
    testDescription = sentence
    self.problem = problem
    self.change = { plan in
      plan.removeSteps()
      try change(&plan)
    }
  }
}
