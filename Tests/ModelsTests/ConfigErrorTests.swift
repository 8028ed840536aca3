import Testing

@testable import Models

/// Every wrong file is refused with one line that names the field and says what would be right.
@Suite struct ConfigErrorTests {
  static let small = ConfigReadingTests.small

  @Test(arguments: [
    (
      #"{\#(small), "head_dim": 2.5}"#,
      "text_config.head_dim: expected an integer from 1 to 4096, found 2.5"
    ),
    (
      #"{\#(small), "head_dim": "16"}"#,
      "text_config.head_dim: expected an integer from 1 to 4096, found \"16\""
    ),
    (
      #"{\#(small), "head_dim": true}"#,
      "text_config.head_dim: expected an integer from 1 to 4096, found true"
    ),
    (
      #"{\#(small), "head_dim": null}"#,
      "text_config.head_dim: expected an integer from 1 to 4096, found null"
    ),
    (
      #"{\#(small), "head_dim": 0}"#,
      "text_config.head_dim: expected an integer from 1 to 4096, found 0"
    ),
    (
      #"{\#(small), "head_dim": -1}"#,
      "text_config.head_dim: expected an integer from 1 to 4096, found -1"
    ),
    (
      #"{\#(small), "head_dim": 9223372036854775808}"#,
      "text_config.head_dim: expected an integer from 1 to 4096, found 9223372036854775808"
    ),
    (
      #"{\#(small), "head_dim": 15}"#,
      "text_config.head_dim is 15; it must be a multiple of the halves that RoPE turns, 2"
    ),
    (
      #"{\#(small), "num_attention_heads": 4, "num_key_value_heads": 3}"#,
      "text_config.num_attention_heads is 4; it must be a multiple of num_key_value_heads, 3"
    ),
    (
      #"{"model_type": "gemma2", "hidden_size": 65}"#,
      "text_config.hidden_size is 65; it must be a multiple of num_attention_heads, 8"
    ),
    (
      #"{"hidden_size": 128}"#,
      "projection_dim is 64; it must be 128, which is text_config.hidden_size"
    ),
    (
      #"{\#(small), "num_image_tokens": 5}"#,
      "text_config.num_image_tokens is 5; it must be 196, which is (image_size / patch_size)² of vision_config"
    ),
    (
      #"{\#(small), "eos_token_id": [1, 300000]}"#,
      "text_config.eos_token_id[1] holds the id 300000; it must be below the vocab_size, 256000"
    ),
    (
      #"{\#(small), "rms_norm_eps": 0}"#,
      "text_config.rms_norm_eps: expected a number above 0, found 0"
    ),
    (
      #"{\#(small), "rope_theta": -1}"#,
      "text_config.rope_theta: expected a number above 0, found -1"
    ),
    (
      #"{\#(small), "rope_scaling": {"type": "linear", "factor": 2.0}}"#,
      "text_config.rope_scaling.type is \"linear\", which is not supported; use default"
    ),
    (
      #"{\#(small), "rope_parameters": {"full_attention": {"rope_theta": 3.0}}}"#,
      "text_config.rope_parameters.full_attention is set, which is not supported; use one rope_theta for all layers"
    ),
    (
      #"{\#(small), "rope_parameters": {"partial_rotary_factor": 0.5}}"#,
      "text_config.rope_parameters.partial_rotary_factor is 0.5, which is not supported; use 1"
    ),
    (
      #"{\#(small), "attention_bias": true}"#,
      "text_config.attention_bias is set, which is not supported; use a checkpoint without it"
    ),
    (
      #"{\#(small), "model_type": "llama"}"#,
      "text_config.model_type is \"llama\", which is not supported; use gemma or gemma2"
    ),
    (
      #"{\#(small), "hidden_act": "silu"}"#,
      "text_config.hidden_act is \"silu\", which is not supported; use gelu or gelu_fast or gelu_new or gelu_pytorch_tanh"
    ),
    (
      #"{\#(small), "model_type": "gemma2", "layer_types": ["full_attention"]}"#,
      "text_config.layer_types count is 1; it must be 3, which is num_hidden_layers"
    ),
    (
      #"{"model_type": "gemma2", "hidden_size": 64, "num_hidden_layers": 1, "layer_types": ["chunked"]}"#,
      "text_config.layer_types[0] is \"chunked\", which is not supported; use full_attention or sliding_attention"
    ),
    (
      #"{\#(small), "model_type": "gemma2", "sliding_window": 0}"#,
      "text_config.sliding_window: expected an integer from 1 to 2147483648, found 0"
    ),
    (
      #"{\#(small), "hidden_act": null}"#,
      "text_config.hidden_act: expected a string, found null"
    ),
    (
      #"{\#(small), "layer_types": ["full_attention"]}"#,
      "text_config.layer_types count is 1; it must be 3, which is num_hidden_layers"
    ),
    (
      #"{\#(small), "quantization_config": {"bits": 4}}"#,
      "text_config.quantization_config is set, which is not supported; use a checkpoint without it"
    ),
    (
      #"{\#(small), "bos_token_id": 256000}"#,
      "text_config.bos_token_id holds the id 256000; it must be below the vocab_size, 256000"
    ),
    (
      #"{\#(small), "bos_token_id": -1}"#,
      "text_config.bos_token_id: expected an integer from 0 to 2147483647, found -1"
    ),
    (
      #"{\#(small), "vocab_size": 9, "pad_token_id": 9, "eos_token_id": 8}"#,
      "text_config.pad_token_id holds the id 9; it must be below the vocab_size, 9"
    ),
    (
      #"{\#(small), "vocab_size": 9, "pad_token_id": -10}"#,
      "text_config.pad_token_id: expected an integer from -9 to 2147483647, found -10"
    ),
    (
      #"{\#(small), "model_type": "gemma2", "sliding_window": null}"#,
      "text_config.sliding_window is null, which is not supported; use a number, which layers of sliding_attention need"
    ),
    ("[]", "text_config: expected an object, found an array of 0"),
  ])
  func `a wrong decoder is refused`(text: String, message: String) {
    #expect(Self.message { try ConfigReadingTests.read(text: text) } == message)
  }

  @Test(arguments: [
    (
      #"{"hidden_size": 10, "num_attention_heads": 4}"#,
      "vision_config.hidden_size is 10; it must be a multiple of num_attention_heads, 4"
    ),
    (
      #"{"image_size": 15}"#,
      "vision_config.patch_size is 16, which is not supported; use at most image_size, 15"
    ),
    (
      #"{"patch_size": 0}"#,
      "vision_config.patch_size: expected an integer from 1 to 1024, found 0"
    ),
    (
      #"{"num_image_tokens": 195}"#,
      "vision_config.num_image_tokens is 195; it must be 196, which is (image_size / patch_size)²"
    ),
    (
      #"{"quantization_config": {}}"#,
      "vision_config.quantization_config is set, which is not supported; use a checkpoint without it"
    ),
    (
      #"{"num_channels": 1}"#,
      "vision_config.num_channels: expected an integer from 3 to 3, found 1"
    ),
    (
      #"{"model_type": "clip_vision_model"}"#,
      "vision_config.model_type is \"clip_vision_model\", which is not supported; use siglip_vision_model"
    ),
  ])
  func `a wrong tower is refused`(vision: String, message: String) {
    let small = "{\(Self.small)}"
    #expect(Self.message { try ConfigReadingTests.read(text: small, vision: vision) } == message)
  }

  @Test(arguments: [
    (
      #"{"model_type": "llava\u001b"}"#,
      #"model_type is "llava\u{1b}", which is not supported; use "paligemma" with a text_config of "gemma" or "gemma2""#
    ),
    (
      "{}",
      #"model_type is absent, which is not supported; use "paligemma" with a text_config of "gemma" or "gemma2""#
    ),
    (
      #"{"model_type": "paligemma", "architectures": ["PaliGemmaModel", 7]}"#,
      "architectures[1]: expected a string, found 7"
    ),
    (
      #"{"model_type": "paligemma", "quantization_config": {"quant_method": "bitsandbytes"}}"#,
      #"quantization_config.quant_method is "bitsandbytes", which is not supported; use the checkpoint it was made from, with compile --weights int8 or int4"#
    ),
    (
      #"{"model_type": "paligemma", "transformers_weights": "a.safetensors"}"#,
      "transformers_weights is set, which is not supported; use a checkpoint without it, whose weights are in model.safetensors"
    ),
    (
      #"{"model_type": "paligemma", "quantization_config": {}}"#,
      "quantization_config is set, which is not supported; use a checkpoint without it"
    ),
    (
      #"{"model_type": "paligemma", "image_token_index": -1}"#,
      "image_token_index: expected an integer from 0 to 2147483647, found -1"
    ),
    (
      #"{"model_type": "paligemma", "image_token_index": 7, "image_token_id": 8}"#,
      "image_token_id is 8; it must be 7, which is image_token_index"
    ),
    (
      #"{"model_type": "paligemma", "tie_word_embeddings": 1}"#,
      "tie_word_embeddings: expected true or false, found 1"
    ),
  ])
  func `a wrong model is refused`(json: String, message: String) {
    #expect(Self.message { try ConfigReadingTests.read(json) } == message)
  }

  /// What the reader says, without the path of the file.
  static func message(_ read: () throws -> PaliGemmaConfig) -> String? {
    do {
      _ = try read()
      return nil
    } catch let error as ConfigError {
      return "\(error.problem)"
    } catch {
      return "\(error)"
    }
  }
}
