import Tensors

@testable import Plans

/// About the plan of the bundled SigLIP model.
extension PlanLie {
  static let scoring = [
    PlanLie("texts are longer than @text reads", "symbol N ends at 47, expected 48 or more") {
      try $0.editSymbol("N") { $0.bound = 47 }
    },
    PlanLie(
      "the ids of a text are one number at the end of the arena",
      "@text, input input_ids is i64[1, 1], expected i64[1, N]"
    ) { try $0.edit(input: "input_ids", of: "text") { $0.shape = [1, 1] } },
    PlanLie("the ids of a text lie apart", "@text, input input_ids: elements have gaps") {
      try $0.edit(input: "input_ids", of: "text") { $0.strides = [1, 2] }
    },
    PlanLie("pictures lie apart", "@image, input pixel_values: elements have gaps") {
      try $0.edit(input: "pixel_values", of: "image") { $0.strides[1] = 100_000 }
    },
    PlanLie("rows of a picture are its columns", "@image, input pixel_values is not dense") {
      try $0.edit(input: "pixel_values", of: "image") { $0.strides.swapAt(2, 3) }
    },
    PlanLie("all of an embedding is one number", "@text, output text_embeds is not dense") {
      try $0.edit(output: "text_embeds", of: "text") { $0.strides = [0, 0] }
    },
    PlanLie(
      "embeddings have different sizes", "@text, output text_embeds: projection_size is 7, but"
    ) { try $0.edit(output: "text_embeds", of: "text") { $0.shape[1] = 7 } },
    PlanLie(
      "embeddings are empty", "@image, output image_embeds: projection_size is 0, expected 1 to"
    ) { try $0.edit(output: "image_embeds", of: "image") { $0.shape[1] = 0 } },
    PlanLie(
      "a call scores one text", "@score, output logits_per_image is f32[1, 1], expected f32[1, T]"
    ) { try $0.edit(output: "logits_per_image", of: "score") { $0.shape[1] = 1 } },
    PlanLie("texts have another type", "@score, input text_embeds is i32[T, ") {
      try $0.edit(input: "text_embeds", of: "score") { $0.element = .i32 }
    },
    PlanLie("@image takes other pictures", "@image, input pixel_values is f32[1, 3, ") {
      try $0.edit(input: "pixel_values", of: "image") { $0.shape[3] = 64 }
    },
  ]
}
