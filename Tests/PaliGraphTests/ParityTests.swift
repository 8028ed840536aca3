import Compiler
import PaliGraph
import Runtime
import Tensors
import Testing

/// A compiled checkpoint, from picture and prompt to text, against transformers in f32.
@Suite struct ParityTests {
  /// `auto` stores bf16 checkpoints as they are, so the same bound holds for them. It rounds f16
  /// ones, which are left to the tests of rounding.
  static let dtypes = [PassContext.DType.f32, .auto]

  @Test(arguments: try CompiledModels.parityNames(), dtypes)
  func `logits, tokens and text equal those of transformers`(
    name: String, dtype: PassContext.DType
  ) throws {
    let reference = try TransformersReference(name)
    if dtype == .auto, reference.checkpointDType == "f16" { return }
    let session = try Session(CompiledModels.plan(reference.model, dtype: dtype))
    let result = try session.answer(reference.request)
    #expect(try result.promptTokens.map(Int.init) == reference.integers("input_ids"))
    #expect(try result.tokens.map(Int.init) == reference.integers("tokens"))
    #expect(result.text == reference.text)
    #expect(result.finishReason.rawValue == reference.finishReason)
    let difference = try largestDifference(result.logits, reference.floats("logits"))
    #expect(difference < 1e-4)
  }

  @Test(arguments: try CompiledModels.parityNames())
  func `pixel values are those of transformers, image features within 1e-4`(name: String) throws {
    let reference = try TransformersReference(name)
    let file = try CompiledModels.plan(reference.model, dtype: .f32)
    let session = try Session(file)
    let pixels = try ImageProcessor(session.settings.processor).pixelValues(of: reference.picture)
    #expect(try pixels == reference.floats("pixel_values"))

    let executor = try Executor(file)
    let vision = try #require(executor.function(named: "vision"))
    let shape = [1] + ImageProcessor(session.settings.processor).shape
    let features = try executor.run(
      vision, inputs: [("pixel_values", TensorData(pixels, shape: shape))])[0].data.floats()
    let difference = try largestDifference(features, reference.floats("image_features"))
    #expect(difference < 1e-4)
  }

  /// Weights that were f32 or f16 are rounded to 8 significant bits; what that does to logits of
  /// order 10 stays below what transformers' own bf16 runs do to them.
  @Test(arguments: ["gemma-hub-layout", "gemma2-layer-types", "gemma-f16-old-buffers"])
  func `a checkpoint rounded to bf16 stays close`(name: String) throws {
    let reference = try TransformersReference(name)
    let session = try Session(CompiledModels.plan(reference.model, dtype: .bf16))
    var request = try reference.request
    request.maxNewTokens = 1
    let logits = try session.answer(request).logits
    let expected = try Array(reference.floats("logits").prefix(logits.count))
    let difference = largestDifference(logits, expected)
    #expect(difference < 0.1 && difference > 0)
  }
}
