import Foundation
import PaliGraph
import Pipeline
import Plans
import Testing

@testable import BadFiles

/// Plans with right checksums that are not what their sections say: one line when they are opened.
@Suite struct PlanLieTests {
  private static func withPlan<Result>(
    of model: PlanFile, _ change: (inout Plan) throws -> Void, _ body: (String) throws -> Result
  ) throws -> Result {
    try PlanCacheTests.withFolder { folder in
      var parts = try PlanFileParts(path: model.path)
      try parts.edit(change)
      let path = "\(folder)/x.plan"
      try Data(try parts.bytes).write(to: URL(filePath: path))
      return try body(path)
    }
  }

  private static func answering() throws -> PlanFile {
    try CompiledModels.plan(SessionTests.model, maxTokens: 200)
  }

  /// The lies are found in it, not in what it has lost.
  @Test func `a plan without steps answers`() throws {
    try Self.withPlan(of: Self.answering(), { $0.removeSteps() }) { path in
      let answer = try Session(plan: path, threads: 1).answer(SessionTests.request(tokens: 3))
      #expect(answer.tokens == [0, 0, 0])
      _ = try SessionBenchmark(plan: path, threads: 1, newTokens: 2, rounds: 1)
    }
    try Self.withPlan(of: CompiledModels.plan(ScoringTests.model), { $0.removeSteps() }) { path in
      let scores = try ScoringSession(plan: path, threads: 1).score(
        ScoringTests.picture("circles.png"), texts: ["a", "b"]
      ).scores
      #expect(scores.map(\.logit) == [0, 0])
    }
  }

  private func expectRefusal(
    _ lie: PlanLie, of model: PlanFile, _ uses: [(String) throws -> Void]
  ) throws {
    try Self.withPlan(of: model, lie.change) { path in
      for use in uses {
        let error = #expect(throws: PlanFileError.self) { try use(path) }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("\(path): \(lie.problem)") && !text.contains("\n"), "\(text)")
      }
    }
  }

  @Test(arguments: PlanLie.session)
  func `a session and a benchmark believe nothing`(lie: PlanLie) throws {
    try expectRefusal(
      lie, of: Self.answering(),
      [
        { _ = try Session(plan: $0, threads: 1).answer(SessionTests.request(tokens: 3)) },
        { _ = try SessionBenchmark(plan: $0, threads: 1, newTokens: 2, rounds: 1) },
      ])
  }

  @Test(arguments: PlanLie.scoring)
  func `a scoring session believes nothing`(lie: PlanLie) throws {
    try expectRefusal(
      lie, of: CompiledModels.plan(ScoringTests.model),
      [
        {
          _ = try ScoringSession(plan: $0, threads: 1).score(
            ScoringTests.picture("circles.png"), texts: ["a"])
        }
      ])
  }
}
