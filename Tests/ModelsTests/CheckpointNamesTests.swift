import Testing

@testable import Models

@Suite struct CheckpointNamesTests {
  @Test(arguments: [
    ("vision_tower.vision_model.post_layernorm.bias", "model.vision_tower.post_layernorm.bias"),
    ("model.vision_tower.vision_model.encoder.x", "model.vision_tower.encoder.x"),
    ("model.vision_tower.encoder.x", "model.vision_tower.encoder.x"),
    ("vision_tower.encoder.x", "model.vision_tower.encoder.x"),
    ("multi_modal_projector.linear.bias", "model.multi_modal_projector.linear.bias"),
    ("language_model.model.norm.weight", "model.language_model.norm.weight"),
    ("model.language_model.norm.weight", "model.language_model.norm.weight"),
    ("language_model.norm.weight", "model.language_model.norm.weight"),
    ("language_model.lm_head.weight", "lm_head.weight"),
    ("lm_head.weight", "lm_head.weight"),
    ("optimizer.step", nil),
    ("language_model.norm.we\u{301}ight", nil),
  ])
  func `every layout leads to one name`(name: String, canonical: String?) {
    #expect(CheckpointScheme.paliGemma.canonical(name) == canonical)
  }

  @Test func `an absent tensor is spelled as its neighbours are`() {
    let names = CheckpointNames(
      ["language_model.model.embed_tokens.weight", "vision_tower.x"], in: .paliGemma)
    #expect(
      names.spelling(of: "model.language_model.norm.weight") == "language_model.model.norm.weight")
    #expect(names.spelling(of: "model.vision_tower.y") == "vision_tower.y")
    #expect(names.spelling(of: "model.multi_modal_projector.z") == "model.multi_modal_projector.z")
  }
}
