import Foundation
import PaliGraph
import Testing

/// What a program that imports the library relies on.
@Suite struct SessionTests {
  static let model = "Tests/Fixtures/parity/gemma-hub-layout"

  static func session(threads: Int? = nil) throws -> Session {
    try Session(CompiledModels.plan(model), threads: threads)
  }

  static func request(_ prompt: String = "caption en", tokens: Int = 24) throws -> GenerationRequest
  {
    GenerationRequest(
      picture: try CompiledModels.picture("\(model)/picture.png"), prompt: prompt,
      maxNewTokens: tokens, keepsLogits: true)
  }

  @Test func `the pieces of a stream make the text`() async throws {
    let session = try Self.session()
    let expected = try session.answer(Self.request()).text
    var pieces: [String] = []
    for try await piece in session.generate(try Self.request()) { pieces.append(piece) }
    #expect(pieces.count > 1)
    #expect(pieces.joined() == expected)
  }

  @Test func `leaving a stream early frees the session for the next request`() async throws {
    let session = try Self.session()
    for try await _ in session.generate(try Self.request()) { break }
    #expect(try session.answer(Self.request()).tokens.count == 24)
  }

  @Test func `an answer does not depend on what was asked before`() throws {
    let session = try Self.session()
    let first = try session.answer(Self.request())
    _ = try session.answer(Self.request("detect circle ; square", tokens: 40))
    var other = try Self.request("caption en", tokens: 3)
    other.picture = try CompiledModels.picture("Examples/pictures/night.jpg")
    _ = try session.answer(other)
    let again = try session.answer(Self.request())
    #expect(again.logits == first.logits && again.tokens == first.tokens)
  }

  @Test(arguments: [2, 3, 8])
  func `any number of threads gives the same bits`(threads: Int) throws {
    let expected = try Self.session(threads: 1).answer(Self.request()).logits
    #expect(try Self.session(threads: threads).answer(Self.request()).logits == expected)
  }

  @Test func `requests at once wait for each other`() async throws {
    let session = try Self.session()
    let expected = try session.answer(Self.request()).text
    let texts = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<4 { group.addTask { try session.answer(Self.request()).text } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(texts == Array(repeating: expected, count: 4))
  }

  @Test func `the answer ends at the plan's longest sequence`() throws {
    let whole = try Self.session().answer(Self.request())
    let file = try CompiledModels.plan(Self.model, maxTokens: whole.promptTokens.count + 5)
    let result = try Session(file).answer(Self.request())
    #expect(result.finishReason == .length)
    #expect(result.tokens == Array(whole.tokens.prefix(5)))
    #expect(throws: GenerationError.self) {
      try Session(file).answer(Self.request("caption en " + String(repeating: "x", count: 99)))
    }
  }

  @Test func `a plan that is no PaliGemma is refused by name`() throws {
    let graph = CompiledModels.root.appending(path: "graphs/gemma-block.pg").path
    let plan = try PlanCacheTests.withFolder { folder in
      try compile(graph, to: "\(folder)/block.plan")
      return try PlanFile(path: "\(folder)/block.plan")
    }
    #expect(throws: PlanFileError.self) { try Session(plan) }
  }
}
