import Foundation
import PaliGraph
import Plans
import Runtime
import Tensors
import Testing

@testable import BadFiles

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

  @Test func `a prompt that leaves no room for a token is refused`() throws {
    let whole = try Self.session().answer(Self.request())
    let count = whole.promptTokens.count
    let one = try Session(CompiledModels.plan(Self.model, maxTokens: count + 1)).answer(
      Self.request())
    #expect(one.tokens == Array(whole.tokens.prefix(1)) && one.finishReason == .length)
    let none = try Session(CompiledModels.plan(Self.model, maxTokens: count))
    let error = #expect(throws: GenerationError.self) { try none.answer(Self.request()) }
    #expect(error == .promptTooLong(tokens: count, limit: count))
  }

  /// Every beginning of the second picture up to its last row is the first one's.
  @Test func `a picture that begins as the last one is looked at anew`() throws {
    let session = try Self.session()
    let first = try Self.request(tokens: 2)
    var second = first
    var pixels = first.picture.pixels
    for index in pixels.count - 3 * first.picture.width..<pixels.count { pixels[index] ^= 0xFF }
    second.picture = RGBImage(
      width: first.picture.width, height: first.picture.height, pixels: pixels)
    let before = try session.answer(first).logits
    let after = try session.answer(second).logits
    #expect(largestDifference(after, before) > 0)
    #expect(try largestDifference(after, Self.session().answer(second).logits) == 0)
    #expect(try largestDifference(before, session.answer(first).logits) == 0)
  }

  /// A session's loop, held against single calls of the functions on its tokens: far beyond what the
  /// references of transformers reach with a session.
  @Test func `every token of a long answer is computed from all before it`() throws {
    let file = try CompiledModels.plan(Self.model, maxTokens: 100)
    let session = try Session(file, threads: 2)
    let answer = try session.answer(Self.request(tokens: 1000))
    #expect(answer.tokens.count == 100 - answer.promptTokens.count)
    let executor = try Executor(file, threads: 2)
    func run(_ name: String, _ inputs: [(name: String, data: TensorData)]) throws -> TensorData {
      try executor.run(#require(executor.function(named: name)), inputs: inputs)[0].data
    }
    let processor = ImageProcessor(session.settings.processor)
    let pixels = TensorData(
      try processor.pixelValues(of: Self.request().picture), shape: [1] + processor.shape)
    let prompt = answer.promptTokens.map { Int64($0) }
    var logits = try run(
      "prefill",
      [
        ("image_features", try run("vision", [("pixel_values", pixels)])),
        ("input_ids", TensorData(prompt, shape: [1, prompt.count])),
      ]
    ).floats()
    let position = try #require(executor.symbol(named: "P"))
    for (index, token) in answer.tokens.dropLast().enumerated() {
      try executor.setSymbol(position, to: prompt.count + index)
      logits += try run("decode", [("input_ids", TensorData([Int64(token)], shape: [1, 1]))])
        .floats()
    }
    #expect(largestDifference(answer.logits, logits) == 0)
  }

  /// `@decode` looks its token up in a smaller weight, which has no row for it.
  @Test func `a request that fails midway leaves the session as it was`() throws {
    let reference = try TransformersReference("gemma-separate-head-three-shards")
    let file = try CompiledModels.plan(reference.model)
    let expected = try Session(file).answer(reference.request)
    try PlanCacheTests.withFolder { folder in
      var parts = try PlanFileParts(path: file.path)
      try parts.edit { try Self.shrinkTable(of: &$0, below: Int(expected.tokens[0])) }
      try Data(try parts.bytes).write(to: URL(filePath: "\(folder)/x.plan"))
      let session = try Session(plan: "\(folder)/x.plan")
      var short = try reference.request
      short.maxNewTokens = 1
      for _ in 0..<2 {
        let error = #expect(throws: ExecutionError.self) { try session.answer(reference.request) }
        #expect(error?.description.contains("is outside a table of") == true)
        let answer = try session.answer(short)
        #expect(answer.tokens == Array(expected.tokens.prefix(1)))
        let logits = Array(expected.logits.prefix(answer.logits.count))
        #expect(largestDifference(answer.logits, logits) == 0)
      }
    }
  }

  private static func shrinkTable(of plan: inout Plan, below rows: Int) throws {
    let (tensors, tables) = (plan.tensors, plan.tensors.map(\.shape))
    try plan.editFunction("decode") { function in
      let step = try #require(function.steps.firstIndex { $0.kernel.hasPrefix("embedding") })
      guard case .tensor(let table) = function.steps[step].operands[0]?.region else { return }
      let other = try #require(
        tensors.indices.first {
          tensors[$0].packing == tensors[table].packing && tables[$0].count == 2
            && tables[$0][1] == tables[table][1] && tables[$0][0] < rows
        })
      function.steps[step].operands[0]?.region = .tensor(other)
      function.steps[step].operands[0]?.shape[0] = Dim(tables[other][0])
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
