import Tensors
import Testing

@testable import Models

@Suite struct SiglipConfigTests {
  static func read(
    text: String = "{}", vision: String = "{}", top: String = ""
  ) throws -> SiglipConfig {
    let json = """
      {"model_type": "siglip", \(top) "text_config": \(text), "vision_config": \(vision)}
      """
    let directory = try TemporaryDirectory(["config.json": json])
    return try SiglipConfig(directory: directory.path)
  }

  @Test func `absent sections and empty ones are the base model`() throws {
    let directory = try TemporaryDirectory(["config.json": #"{"model_type": "siglip"}"#])
    let config = try SiglipConfig(directory: directory.path)
    #expect(try config == Self.read())
    #expect(config.vision == .siglip)
    #expect(config.vision.patchCount == 196)
    #expect(config.text == .siglip)
    #expect(config.text.positionCount == 64)
  }

  @Test func `fields of both towers are read`() throws {
    let config = try Self.read(
      text: #"""
        {"model_type": "siglip_text_model", "hidden_size": 24, "intermediate_size": 40,
         "num_attention_heads": 3, "num_hidden_layers": 2, "max_position_embeddings": 9,
         "vocab_size": 77, "projection_size": 32, "hidden_act": "gelu", "layer_norm_eps": 1e-5}
        """#,
      vision: #"{"hidden_size": 32, "num_attention_heads": 2, "vision_use_head": true}"#)
    #expect(
      config.text
        == SiglipTextConfig(
          vocabularySize: 77, hiddenSize: 24, intermediateSize: 40, layerCount: 2, headCount: 3,
          positionCount: 9, activation: .gelu, layerNormEpsilon: 1e-5, projectionSize: 32))
    #expect(config.vision.hiddenSize == 32)
  }

  @Test func `without a projection size it is the hidden size`() throws {
    let vision = #"{"hidden_size": 24, "num_attention_heads": 2}"#
    for text in [
      #"{"hidden_size": 24, "num_attention_heads": 2}"#,
      #"{"hidden_size": 24, "num_attention_heads": 2, "projection_size": null}"#,
    ] {
      #expect(try Self.read(text: text, vision: vision).text.projectionSize == 24)
    }
  }

  @Test(arguments: [
    (
      #"{"hidden_size": 10}"#,
      "text_config.hidden_size is 10; it must be a multiple of num_attention_heads, 12"
    ),
    (
      #"{"hidden_size": null}"#,
      "text_config.hidden_size: expected an integer from 1 to 65536, found null"
    ),
    (
      #"{"num_hidden_layers": 0}"#,
      "text_config.num_hidden_layers: expected an integer from 1 to 1024, found 0"
    ),
    (
      #"{"max_position_embeddings": 0}"#,
      "text_config.max_position_embeddings: expected an integer from 1 to 65536, found 0"
    ),
    (
      #"{"vocab_size": "32000"}"#,
      "text_config.vocab_size: expected an integer from 1 to 4194304, found \"32000\""
    ),
    (
      #"{"projection_size": 512}"#,
      "text_config.projection_size is 512; it must be 768, which is vision_config.hidden_size"
    ),
    (
      #"{"hidden_act": "quick_gelu"}"#,
      "text_config.hidden_act is \"quick_gelu\", which is not supported; use gelu or gelu_fast or gelu_new or gelu_pytorch_tanh"
    ),
    (#"{"layer_norm_eps": 0}"#, "text_config.layer_norm_eps: expected a number above 0, found 0"),
    (
      #"{"model_type": "clip_text_model"}"#,
      "text_config.model_type is \"clip_text_model\", which is not supported; use siglip_text_model"
    ),
    (
      #"{"quantization_config": {}}"#,
      "text_config.quantization_config is set, which is not supported; use a checkpoint without it"
    ),
    ("[]", "text_config: expected an object, found an array of 0"),
  ])
  func `a wrong text tower is refused`(text: String, message: String) {
    #expect(Self.message { try Self.read(text: text) } == message)
  }

  @Test(arguments: [
    (
      #"{"vision_use_head": false}"#,
      "vision_config.vision_use_head is false, which is not supported; use true"
    ),
    (#"{"vision_use_head": 1}"#, "vision_config.vision_use_head: expected true or false, found 1"),
    (
      #"{"patch_size": 225}"#,
      "vision_config.patch_size is 225, which is not supported; use at most image_size, 224"
    ),
    (
      #"{"image_size": 0}"#, "vision_config.image_size: expected an integer from 1 to 4096, found 0"
    ),
    (
      #"{"num_channels": 1}"#,
      "vision_config.num_channels: expected an integer from 3 to 3, found 1"
    ),
    (
      #"{"hidden_size": 96}"#,
      "text_config.projection_size is 768; it must be 96, which is vision_config.hidden_size"
    ),
  ])
  func `a wrong image tower is refused`(vision: String, message: String) {
    #expect(Self.message { try Self.read(vision: vision) } == message)
  }

  @Test(arguments: [
    (
      #""architectures": ["SiglipForImageClassification"],"#,
      #"architectures[0] is "SiglipForImageClassification", which is not supported; use SiglipModel"#
    ),
    (
      #""quantization_config": {"bits": 4},"#,
      "quantization_config is set, which is not supported; use a checkpoint without it"
    ),
  ])
  func `another class or a quantised model is refused`(top: String, message: String) {
    #expect(Self.message { try Self.read(top: top) } == message)
  }

  @Test func `the type of a model decides who reads it`() throws {
    func kind(_ config: String) throws -> ModelKind {
      let directory = try TemporaryDirectory(["config.json": config])
      return try ModelKind(folder: ModelFolder(path: directory.path))
    }
    #expect(try kind(#"{"model_type": "siglip"}"#) == .siglip)
    #expect(try kind(#"{"model_type": "paligemma"}"#) == .paligemma)
    #expect(
      Self.message { try kind(#"{"model_type": "siglip2"}"#) } == """
        model_type is "siglip2", which is not supported; use "paligemma" with a text_config of \
        "gemma" or "gemma2" or "siglip"
        """)
  }

  static func message(_ read: () throws -> some Any) -> String? {
    do {
      _ = try read()
      return nil
    } catch {
      return (error as? ConfigError).map { "\($0.problem)" } ?? "\(error)"
    }
  }
}
