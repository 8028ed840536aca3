import Plans
import Tensors

/// The functions of a PaliGemma plan, as a session calls them. S is the number of image tokens, D the
/// decoder's hidden size, V the vocabulary's:
///
/// - `@vision(pixel_values: f32[1×3×height×width]) -> (image_features: f32[1×S×D])`
/// - `@prefill(image_features: f32[1×S×D], input_ids: i64[1×T]) -> (logits: f32[1×V])`
/// - `@decode(input_ids: i64[1×1]) -> (logits: f32[1×V])`, with P positions in the caches
struct SessionInterface: Sendable {
  let plan: PlanInterface
  /// T, the tokens of picture and prompt.
  let promptLength: PlanInterface.Symbol
  /// P, the positions that are in the caches.
  let cachedLength: PlanInterface.Symbol

  let vision: PlanInterface.Function
  let pixels: PlanInterface.InputPort<Float>
  let visionFeatures: PlanInterface.OutputPort<Float>

  let prefill: PlanInterface.Function
  let promptFeatures: PlanInterface.InputPort<Float>
  let promptIDs: PlanInterface.InputPort<Int64>
  let prefillLogits: PlanInterface.OutputPort<Float>

  let decode: PlanInterface.Function
  let tokenID: PlanInterface.InputPort<Int64>
  let decodeLogits: PlanInterface.OutputPort<Float>

  /// - Parameter leastVocabulary: tokens that the vocabulary must have at least.
  init(_ settings: SessionSettings, leastVocabulary: Int) {
    var plan = PlanInterface()
    promptLength = plan.symbol("T", upTo: settings.maxTokens)
    cachedLength = plan.symbol("P", upTo: settings.maxTokens - 1)
    let hidden = plan.size("hidden_size", in: 1...Self.sizeLimit)
    let vocabulary = plan.size("vocab_size", in: leastVocabulary...Int(Int32.max))
    let features: Shape = [1, Dim(settings.imageTokenCount), hidden.dim]
    let logits: Shape = [1, vocabulary.dim]

    vision = plan.function("vision")
    let picture = ImageProcessor.shape(settings.processor).map { Dim($0) }
    pixels = plan.input("pixel_values", of: vision, Float.self, [1] + picture)
    visionFeatures = plan.output("image_features", of: vision, Float.self, features)

    prefill = plan.function("prefill")
    promptFeatures = plan.input("image_features", of: prefill, Float.self, features)
    promptIDs = plan.input("input_ids", of: prefill, Int64.self, [1, promptLength.dim])
    prefillLogits = plan.output("logits", of: prefill, Float.self, logits)

    decode = plan.function("decode")
    tokenID = plan.input("input_ids", of: decode, Int64.self, [1, 1])
    decodeLogits = plan.output("logits", of: decode, Float.self, logits)
    self.plan = plan
  }

  private static let sizeLimit = 1 << 24
}

extension SessionSettings {
  /// One more than the largest id that a prompt or an answer may have. The image token is none of them:
  /// no embedding of it is read.
  func leastVocabulary(_ tokenizer: Tokenizer) -> Int {
    let text = (0..<tokenizer.vocabularySize).last {
      $0 != imageToken && tokenizer.piece(Int32($0)) != nil
    }
    return ([beginToken, text ?? 0] + endTokens).reduce(0, max) + 1
  }
}
