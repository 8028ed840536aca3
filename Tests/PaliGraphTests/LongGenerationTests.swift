import Compiler
import Foundation
import PaliGraph
import Runtime
import Tensors
import Testing

/// Texts as long as a plan has room for.
@Suite struct LongGenerationTests {
  static let names = ["gemma-hub-layout", "gemma2-window-crossed-while-decoding"]

  /// The last slot of the caches is written in the last step.
  @Test(arguments: names)
  func `the last steps with room equal those of transformers`(name: String) throws {
    let reference = try TransformersReference(name)
    let long = try SafetensorsFile(
      path: CompiledModels.root.appending(path: "Tests/Fixtures/parity/long/\(name).safetensors")
        .path)
    let tokens = try #require(long.tensor(named: "tokens").integers())
    let steps = try #require(long.tensor(named: "steps").integers()).map { Int($0) }
    let expected = try long.tensor(named: "logits").floats()
    let prompt = try reference.integers("input_ids").map { Int64($0) }
    let room = prompt.count + tokens.count - 1
    let executor = try Executor(
      CompiledModels.plan(reference.model, dtype: .f32, maxTokens: room), threads: 2)
    let pixels = TensorData(try reference.floats("pixel_values"), shape: try pixelShape(executor))
    let vision = try #require(executor.function(named: "vision"))
    let prefill = try #require(executor.function(named: "prefill"))
    let decode = try #require(executor.function(named: "decode"))
    let features = try executor.run(vision, inputs: [("pixel_values", pixels)])[0].data
    _ = try executor.run(
      prefill,
      inputs: [
        ("image_features", features), ("input_ids", TensorData(prompt, shape: [1, prompt.count])),
      ])
    let position = try #require(executor.symbol(named: "P"))
    var worst: Float = 0
    for step in 1..<tokens.count {
      try executor.setSymbol(position, to: prompt.count + step - 1)
      let ids = TensorData([tokens[step - 1]], shape: [1, 1])
      let logits = try executor.run(decode, inputs: [("input_ids", ids)])[0].data.floats()
      guard let row = steps.firstIndex(of: step) else { continue }
      try #require(expected.count >= (row + 1) * logits.count)
      let wanted = expected[row * logits.count..<(row + 1) * logits.count]
      worst = max(worst, largestDifference(logits, Array(wanted)))
    }
    #expect(worst < 1e-4)
    #expect(throws: ExecutionError.self) { try executor.setSymbol(position, to: room) }
  }

  private func pixelShape(_ executor: Executor) throws -> [Int] {
    let vision = try #require(executor.file.plan.functions.first { $0.name == "vision" })
    return try #require(vision.inputs[0].view.shape.constants)
  }

  /// However many tokens are asked for, as many come as there is room for, and they are the same.
  @Test(arguments: names, [1, 10, 23])
  func `a plan with less room ends the text early`(name: String, room: Int) throws {
    let reference = try TransformersReference(name)
    let prompt = try reference.integers("input_ids").count
    let session = try Session(
      CompiledModels.plan(reference.model, dtype: .f32, maxTokens: prompt + room))
    var request = try reference.request
    request.maxNewTokens = 1000
    let answer = try session.answer(request)
    #expect(answer.tokens.map(Int.init) == Array(try reference.integers("tokens").prefix(room)))
    #expect(answer.finishReason.rawValue == "length")
  }
}
