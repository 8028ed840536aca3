import CKernels
import Compiler
import PaliGraph
import Runtime
import Tensors
import Testing

/// How far the bundled model's answers are apart on this CPU's instruction sets.
@Suite struct InstructionSetTests {
  /// The logits of the first token of a caption.
  private static func logits(_ session: Session, _ isa: InstructionSet) throws -> [Float] {
    let executor = try Executor(session.file, threads: 2, isa: isa)
    func run(_ name: String, _ inputs: [(name: String, data: TensorData)]) throws -> TensorData {
      try executor.run(#require(executor.function(named: name)), inputs: inputs)[0].data
    }
    let settings = session.settings
    let processor = ImageProcessor(settings.processor)
    let pixels = try processor.pixelValues(
      of: CompiledModels.picture("Examples/pictures/circles.png"))
    let ids = try PromptBuilder(
      tokenizer: session.tokenizer, imageTokenID: Int32(settings.imageToken),
      beginTokenID: Int32(settings.beginToken), tokensPerPicture: settings.imageTokenCount
    ).ids(prompt: "caption en").map { Int64($0) }
    let features = try run(
      "vision", [("pixel_values", TensorData(pixels, shape: [1] + processor.shape))])
    return try run(
      "prefill",
      [("image_features", features), ("input_ids", TensorData(ids, shape: [1, ids.count]))]
    ).floats()
  }

  /// A product with int8 weights has the same bits everywhere, but what lies between two products has
  /// not, and an activation between two steps is then rounded to either. That costs about as much as the
  /// rounding of activations itself, 0.4 % of the logits' range here.
  @Test(arguments: [(PassContext.DType.f32, Float(1e-5)), (.int8, 0.02)])
  func `answers differ between instruction sets by no more than their rounding`(
    dtype: PassContext.DType, limit: Float
  ) throws {
    let session = try Session(CompiledModels.plan("Examples/mini-paligemma", dtype: dtype))
    let sets = [InstructionSet.scalar, .avx2, .avx512, .avx512BF16].filter {
      pg_isa_is_supported($0)
    }
    let results = try sets.map { try Self.logits(session, $0) }
    let range = try #require(results[0].max()) - #require(results[0].min())
    for (isa, result) in zip(sets, results) {
      #expect(largestDifference(result, results[0]) <= limit * range, "\(isa)")
    }
  }
}
