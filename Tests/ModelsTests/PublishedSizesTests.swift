import IR
import Tensors
import Testing

@testable import Models

/// The sizes in which PaliGemma is published, from what their `config.json` says and no more.
@Suite struct PublishedSizesTests {
  struct Size: CustomTestStringConvertible {
    let testDescription: String
    let text: String
    let vision: String
    let projection: Int
    /// What transformers' model with this configuration counts.
    let parameters: Int
    let imageTokens: Int
  }

  static let gemma = """
    "model_type": "gemma", "hidden_size": 2048, "intermediate_size": 16384, \
    "num_attention_heads": 8, "num_hidden_layers": 18, "num_key_value_heads": 1, "vocab_size": 257216
    """

  static func gemma2(
    _ hidden: Int, _ intermediate: Int, layers: Int, heads: Int, keyValueHeads: Int,
    _ rest: String
  ) -> String {
    """
    "model_type": "gemma2", "hidden_size": \(hidden), "intermediate_size": \(intermediate), \
    "num_attention_heads": \(heads), "num_hidden_layers": \(layers), \
    "num_key_value_heads": \(keyValueHeads), "vocab_size": 257216, \(rest)
    """
  }

  static let sizes: [Size] = [
    Size(
      testDescription: "PaliGemma 3B, 224 pixels", text: gemma, vision: "", projection: 2048,
      parameters: 2_923_466_480, imageTokens: 256),
    Size(
      testDescription: "PaliGemma 3B, 448 pixels", text: gemma,
      vision: #", "image_size": 448"#, projection: 2048, parameters: 2_924_351_216,
      imageTokens: 1024),
    Size(
      testDescription: "PaliGemma 3B, 896 pixels", text: gemma,
      vision: #", "image_size": 896"#, projection: 2048, parameters: 2_927_890_160,
      imageTokens: 4096),
    Size(
      testDescription: "PaliGemma 2 3B, 224 pixels",
      text: gemma2(
        2304, 9216, layers: 26, heads: 8, keyValueHeads: 4, #""query_pre_attn_scalar": 256"#),
      vision: "", projection: 2304, parameters: 3_032_242_416, imageTokens: 256),
    Size(
      testDescription: "PaliGemma 2 10B, 448 pixels",
      text: gemma2(
        3584, 14336, layers: 42, heads: 16, keyValueHeads: 8, #""query_pre_attn_scalar": 256"#),
      vision: #", "image_size": 448"#, projection: 3584, parameters: 9_663_523_568,
      imageTokens: 1024),
    Size(
      testDescription: "PaliGemma 2 28B, 896 pixels",
      text: gemma2(
        4608, 36864, layers: 46, heads: 32, keyValueHeads: 16,
        #""head_dim": 128, "query_pre_attn_scalar": 144"#),
      vision: #", "image_size": 896"#, projection: 4608, parameters: 27_654_910_704,
      imageTokens: 4096),
  ]

  @Test(arguments: sizes)
  func `a size is known from its configuration alone`(size: Size) throws {
    let config = try ConfigReadingTests.read(
      """
      {"model_type": "paligemma", "projection_dim": \(size.projection),
       "image_token_index": 257152, "text_config": {\(size.text)},
       "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 1152,
         "intermediate_size": 4304, "num_attention_heads": 16, "num_hidden_layers": 27,
         "patch_size": 14, "projection_dim": \(size.projection), "vision_use_head": false\(size.vision)}}
      """)
    #expect(config.imageTokenCount == size.imageTokens)
    // The head is tied to the embedding, so it is no parameter of its own.
    let tensors = config.expectedTensors.filter { $0.name != PaliGemmaConfig.head }
    #expect(tensors.reduce(0) { $0 + $1.shape.reduce(1, *) } == size.parameters)

    // The graph needs no weight to be read.
    let sources = tensors.map {
      CheckpointResolution.Source(name: $0.name, elementType: .bf16, shape: $0.shape)
    }
    let module = try PaliGemmaBuilder.module(
      config, config.resolve(sources), maxTokens: config.imageTokenCount + 512)
    try Verifier.verify(module)
    let weights = module.tensors.filter { $0.kind == .weight }
    #expect(
      try weights.reduce(0) { try $0 + $1.type.shape.evaluate([:]).reduce(1, *) } == size.parameters
    )
  }
}
