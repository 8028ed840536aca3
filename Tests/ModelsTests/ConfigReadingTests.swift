import Testing

@testable import Models

@Suite struct ConfigReadingTests {
  /// Reads the two sections inside an otherwise sound file whose decoder is 64 wide.
  static func read(
    text: String = "{}", vision: String = "{}", top: String = ""
  ) throws -> PaliGemmaConfig {
    let json = """
      {"model_type": "paligemma", "projection_dim": 64, \(top)
       "text_config": \(text), "vision_config": \(vision)}
      """
    return try read(json)
  }

  static func read(_ json: String) throws -> PaliGemmaConfig {
    let directory = try TemporaryDirectory(["config.json": json])
    return try PaliGemmaConfig(directory: directory.path)
  }

  static let small = #""hidden_size": 64, "num_hidden_layers": 3"#

  @Test func `an absent section is the 3B model`() throws {
    let config = try Self.read(#"{"model_type": "paligemma"}"#)
    #expect(config.vision == .paliGemma)
    #expect(config.text == .paliGemma)
    #expect(config.imageToken == 256_000)
    #expect(config.imageTokenCount == 256)
    #expect(config.tiesWordEmbeddings)
    #expect(config.endTokens == [1])
  }

  @Test func `an empty section takes the defaults of its own class`() throws {
    let gemma = try Self.read(text: #"{"hidden_size": 64}"#)
    #expect(gemma.vision == .siglip)
    #expect(gemma.vision.patchCount == 196)
    #expect(gemma.text.layerCount == 28)
    #expect(gemma.text.headSize == 256)
    #expect(gemma.text.keyValueHeadCount == 16)
    let gemma2 = try Self.read(text: #"{"model_type": "gemma2", "hidden_size": 64}"#)
    #expect(gemma2.text.layerCount == 26)
    #expect(gemma2.text.groupSize == 2)
    #expect(gemma2.text.attentionScale == 1.0 / 16)
    #expect(gemma2.text.attentionSoftcap == 50)
    #expect(gemma2.text.finalSoftcap == 30)
    #expect((0..<3).map(gemma2.text.window(ofLayer:)) == [4096, nil, 4096])
  }

  @Test func `the score scale is the head size for Gemma and a field for Gemma 2`() throws {
    let gemma = #"{\#(Self.small), "head_dim": 16, "query_pre_attn_scalar": 4}"#
    #expect(try Self.read(text: gemma).text.attentionScale == 0.25)
    let gemma2 = #"{\#(Self.small), "model_type": "gemma2", "query_pre_attn_scalar": 4}"#
    #expect(try Self.read(text: gemma2).text.attentionScale == 0.5)
  }

  @Test(arguments: [
    ("", 10_000), (#""rope_theta": 5"#, 5), (#""rope_parameters": {"rope_theta": 7.0}"#, 7),
    (#""rope_theta": 5, "rope_parameters": {"rope_type": "default", "rope_theta": 7}"#, 7),
    (#""rope_theta": 5, "rope_parameters": {"rope_type": "default"}"#, 5),
    (#""rope_theta": 5, "rope_scaling": null, "rope_parameters": null"#, 5),
    (#""rope_scaling": {"type": "default", "rope_theta": 9}, "rope_parameters": {}"#, 9),
  ])
  func `the rotary base comes from the newest spelling`(fields: String, theta: Double) throws {
    let comma = fields.isEmpty ? "" : ", "
    #expect(try Self.read(text: "{\(Self.small)\(comma)\(fields)}").text.ropeTheta == theta)
  }

  @Test(arguments: [
    (#"{"model_type": "gemma", \#(small), "hidden_act": "gelu"}"#, Activation.geluTanh),
    (#"{\#(small), "hidden_act": "gelu_new", "hidden_activation": "silu"}"#, .geluTanh),
    (#"{"model_type": "gemma2", \#(small), "hidden_activation": "gelu"}"#, .gelu),
    (#"{"model_type": "gemma2", \#(small), "hidden_act": "gelu"}"#, .geluTanh),
  ])
  func `the legacy gelu of Gemma means the tanh form`(text: String, activation: Activation) throws {
    #expect(try Self.read(text: text).text.activation == activation)
  }

  @Test func `layer types replace the alternation and null takes features away`() throws {
    let config = try Self.read(
      text: """
        {"model_type": "gemma2", \(Self.small), "sliding_window": 9,
         "layer_types": ["full_attention", "sliding_attention", "full_attention"],
         "attn_logit_softcapping": null, "final_logit_softcapping": null}
        """)
    #expect((0..<3).map(config.text.window(ofLayer:)) == [nil, 9, nil])
    #expect(config.text.attentionSoftcap == nil)
    #expect(config.text.finalSoftcap == nil)
  }

  @Test func `no window is needed where no layer slides`() throws {
    let config = try Self.read(
      text: #"""
        {"model_type": "gemma2", "hidden_size": 64, "num_hidden_layers": 1, "sliding_window": null,
         "layer_types": ["full_attention"], "pad_token_id": -1, "bos_token_id": null}
        """#)
    #expect(config.text.window(ofLayer: 0) == nil)
  }

  @Test(
    arguments: [
      (
        #"{"eos_token_id": 1, "bos_token_id": 2, "pad_token_id": 0, "cache_implementation": "dynamic"}"#,
        []
      ),
      (#"{"do_sample": false, "temperature": 1.0, "top_k": 50, "top_p": 1, "num_beams": 1}"#, []),
      (#"{"suppress_tokens": null, "bad_words_ids": [], "repetition_penalty": 1.0}"#, []),
      (
        #"{"suppress_tokens": [5], "repetition_penalty": 1.2, "temperature": 0.7, "do_sample": true}"#,
        ["do_sample", "temperature", "repetition_penalty", "suppress_tokens"]
      ),
      (#"{"num_beams": 3, "top_k": "many"}"#, ["top_k", "num_beams"]),
    ] as [(String, [String])])
  func `settings for choosing tokens that are not applied are named`(
    generation: String, names: [String]
  ) throws {
    let directory = try TemporaryDirectory([
      "config.json": #"{"model_type": "paligemma"}"#, "generation_config.json": generation,
    ])
    #expect(try PaliGemmaConfig(directory: directory.path).unappliedSettings == names)
  }

  @Test func `fields at the top level lose to the nested ones`() throws {
    let config = try Self.read(
      text: #"{\#(Self.small), "vocab_size": 99}"#,
      top: #""hidden_size": 2048, "vocab_size": 257152, "image_token_id": 98,"#)
    #expect(config.text.hiddenSize == 64)
    #expect(config.text.vocabularySize == 99)
    #expect(config.imageToken == 98)
  }

  @Test(arguments: [
    ("", #"{\#(small)}"#, [1]), (#""eos_token_id": 5,"#, #"{\#(small), "eos_token_id": 6}"#, [5]),
    (#""eos_token_id": null,"#, #"{\#(small), "eos_token_id": [6, 7]}"#, [6, 7]),
    ("", #"{\#(small), "eos_token_id": null}"#, []),
  ])
  func `end tokens come from the outermost place`(
    top: String, text: String, tokens: [Int]
  ) throws {
    #expect(try Self.read(text: text, top: top).endTokens == tokens)
  }
}
