import Plans
import Tensors

/// The functions of a SigLIP plan, as a scoring session calls them. D is the size of the embeddings:
///
/// - `@image(pixel_values: f32[1×3×height×width]) -> (image_embeds: f32[1×D])`
/// - `@text(input_ids: i64[1×N]) -> (text_embeds: f32[1×D])`
/// - `@score(image_embeds: f32[1×D], text_embeds: f32[T×D]) -> (logits_per_image: f32[1×T])`
struct ScoringInterface: Sendable {
  let plan: PlanInterface
  /// N, the tokens of a text.
  let tokenCount: PlanInterface.Symbol
  /// T, the texts that are scored together.
  let textCount: PlanInterface.Symbol

  let image: PlanInterface.Function
  let pixels: PlanInterface.InputPort<Float>
  let imageEmbedding: PlanInterface.OutputPort<Float>

  let text: PlanInterface.Function
  let ids: PlanInterface.InputPort<Int64>
  let textEmbedding: PlanInterface.OutputPort<Float>

  let score: PlanInterface.Function
  let scoredImage: PlanInterface.InputPort<Float>
  let scoredTexts: PlanInterface.InputPort<Float>
  let logits: PlanInterface.OutputPort<Float>

  init(_ settings: ScoringSettings) {
    var plan = PlanInterface()
    tokenCount = plan.symbol("N", upTo: settings.text.length)
    textCount = plan.symbol("T", upTo: 1)
    let size = plan.size("projection_size", in: 1...Self.sizeLimit)

    image = plan.function("image")
    let picture = ImageProcessor.shape(settings.processor).map { Dim($0) }
    pixels = plan.input("pixel_values", of: image, Float.self, [1] + picture)
    imageEmbedding = plan.output("image_embeds", of: image, Float.self, [1, size.dim])

    text = plan.function("text")
    ids = plan.input("input_ids", of: text, Int64.self, [1, tokenCount.dim])
    textEmbedding = plan.output("text_embeds", of: text, Float.self, [1, size.dim])

    score = plan.function("score")
    scoredImage = plan.input("image_embeds", of: score, Float.self, [1, size.dim])
    scoredTexts = plan.input("text_embeds", of: score, Float.self, [textCount.dim, size.dim])
    logits = plan.output("logits_per_image", of: score, Float.self, [1, textCount.dim])
    self.plan = plan
  }

  private static let sizeLimit = 1 << 24
}
