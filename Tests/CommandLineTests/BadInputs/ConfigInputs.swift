import Foundation
import Testing

/// §2.5: `config.json`, `preprocessor_config.json`, `generation_config.json` and templates.
enum ConfigInputs {
  static let all = texts + sizes + meanings + processors + generation + harmless

  private static func text(
    _ line: String, _ what: String, _ problem: String, _ bytes: [UInt8]
  ) -> BadInput {
    BadInput(line, what, .refused(problem), model: { try $0.write(bytes, to: "config.json") })
  }

  private static func text(
    _ line: String, _ what: String, _ problem: String, _ text: String
  ) -> BadInput {
    self.text(line, what, problem, Array(text.utf8))
  }

  private static func nest(_ depth: Int) -> String {
    String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
  }

  static let texts: [BadInput] = [
    text("2.5.1", "an empty file", "config.json: ", ""),
    text("2.5.1", "an array", "expected an object", "[]"),
    text("2.5.1", "half an object", "config.json: ", "{\"model_type\": \"pali"),
    text("2.5.1", "a byte order mark", "byte order mark", "\u{FEFF}{}"),
    text("2.5.1", "UTF-16", "config.json: ", Array("{}".utf16.flatMap { [UInt8($0), 0] })),
    text("2.5.1", "a comma too many", "config.json: ", "{\"a\": 1,}"),
    text("2.5.1", "a comment", "config.json: ", "{} // none"),
    text("2.5.1", "NaN", "config.json: ", "{\"a\": NaN}"),
    text("2.5.1", "1e999", "config.json: ", "{\"a\": 1e999}"),
    text("2.5.1", "two values", "more text", "{}{}"),
    config(
      "2.5.2", "a key twice", "twice", "\"head_dim\": 10", "\"head_dim\": 10, \"head_dim\": 12"),
    text("2.5.3", "100000 deep", "nested more than", "{\"a\": \(nest(100_000))}"),
    config(
      "2.5.3", "an integer of 5000 digits", "a number out of range", "\"head_dim\": 10",
      "\"head_dim\": \(String(repeating: "9", count: 5000))"),
    BadInput(
      "2.5.3", "100 MB", .refused("at most 1048576 are read"),
      model: { try $0.extend("config.json", to: 100 << 20) }),
    text("2.5.+", "NUL behind the object", "more text", "{}\0"),
    BadInput(
      "2.5.+", "a config that is a link out", .refused("leads out of the folder"),
      model: { try $0.link("config.json", to: "../secret") }),
    BadInput(
      "2.5.+", "a processor that is a link out", .refused("leads out of the folder"),
      model: { try $0.link("preprocessor_config.json", to: "../secret") }),
    BadInput(
      "2.5.+", "a config that is a pipe", .refused("not a regular file"),
      model: { folder in
        try folder.remove("config.json")
        mkfifo(folder.file("config.json"), 0o600)
      }),
  ]

  /// A part of `config.json` exchanged.
  private static func config(
    _ line: String, _ what: String, _ problem: String, _ old: String, _ new: String
  ) -> BadInput {
    BadInput(line, what, .refused(problem), model: { try $0.replace(old, new, in: "config.json") })
  }

  static let sizes: [BadInput] =
    ["0", "-1", "2.5", "\"2048\"", "true", "9223372036854775808", "1e18", "1000000000000000000"]
    .flatMap { value in
      [
        config(
          "2.5.4", "hidden_size \(value)", "hidden_size", "\"hidden_size\": 36",
          "\"hidden_size\": \(value)"),
        config(
          "2.5.4", "num_attention_heads \(value)", "num_attention_heads",
          "\"num_attention_heads\": 3", "\"num_attention_heads\": \(value)"),
        config(
          "2.5.4", "num_hidden_layers \(value)", "num_hidden_layers", "\"num_hidden_layers\": 3",
          "\"num_hidden_layers\": \(value)"),
        config(
          "2.5.4", "vocab_size \(value)", "vocab_size", "\"vocab_size\": 491",
          "\"vocab_size\": \(value)"),
      ]
    } + [
      config(
        "2.5.4", "intermediate_size null", "intermediate_size", "\"intermediate_size\": 62",
        "\"intermediate_size\": null"),
      config(
        "2.5.5", "heads that do not divide", "must be a multiple of num_attention_heads",
        "\"num_attention_heads\": 5", "\"num_attention_heads\": 4"),
      config(
        "2.5.5", "groups of heads that do not divide", "must be a multiple of num_key_value_heads",
        "\"num_key_value_heads\": 1", "\"num_key_value_heads\": 2"),
      config(
        "2.5.5", "an odd head", "the halves that RoPE turns", "\"head_dim\": 10", "\"head_dim\": 11"
      ),
      config(
        "2.5.6", "a layer too many in the config", "is missing", "\"num_hidden_layers\": 3",
        "\"num_hidden_layers\": 4"),
      config(
        "2.5.6", "a layer too few in the config", "is beyond", "\"num_hidden_layers\": 3",
        "\"num_hidden_layers\": 2"),
      config(
        "2.5.7", "fewer rows than tokens", "instead of [2, 36]", "\"vocab_size\": 491",
        "\"vocab_size\": 2"),
      config(
        "2.5.7", "an image token that is none", "no special token", "\"image_token_index\": 479",
        "\"image_token_index\": 478"),
      config(
        "2.5.7", "an end token beyond the head", "holds the id 491", "\"eos_token_id\": 1",
        "\"eos_token_id\": 491"),
      config(
        "2.5.7", "a first token beyond the table", "bos_token_id", "\"head_dim\": 10",
        "\"head_dim\": 10, \"bos_token_id\": 5000"),
      config(
        "2.5.8", "patches of 0", "patch_size", "\"patch_size\": 14", "\"patch_size\": 0"),
      config(
        "2.5.8", "a picture that patches do not fill and the processor does not make",
        "vision tower takes 57×57",
        "\"image_size\": 56", "\"image_size\": 57"),
      config(
        "2.5.8", "another number of image tokens", "num_image_tokens", "\"num_image_tokens\": 16",
        "\"num_image_tokens\": 17"),
    ]

  /// A field of the decoder.
  private static func field(
    _ line: String, _ what: String, _ problem: String, _ field: String
  ) -> BadInput {
    config(line, what, problem, "\"head_dim\": 10", "\"head_dim\": 10, \(field)")
  }

  static let meanings: [BadInput] = [
    field("2.5.9", "a base of 0", "rope_theta", "\"rope_theta\": 0"),
    field("2.5.9", "a base below 0", "rope_theta", "\"rope_theta\": -1"),
    field("2.5.9", "a base of NaN", "config.json", "\"rope_theta\": NaN"),
    field(
      "2.5.9", "scaled positions", "rope_scaling.type is \"linear\"",
      "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 0}"),
    field("2.5.10", "an epsilon of 0", "rms_norm_eps", "\"rms_norm_eps\": 0"),
    field("2.5.10", "an epsilon below 0", "rms_norm_eps", "\"rms_norm_eps\": -1e-6"),
    config(
      "2.5.11", "an unknown model", "model_type is \"llava\"", "\"paligemma\"", "\"llava\""),
    config(
      "2.5.11", "an unknown decoder", "model_type is \"llama\"", "\"gemma\"", "\"llama\""),
    BadInput(
      "2.5.11", "somebody's own class", .accepted("3 functions"),
      model: {
        try $0.replace(
          "\"PaliGemmaForConditionalGeneration\"", "\"FSDPMyPaliGemma\"", in: "config.json")
      }),
    config(
      "2.5.15", "quantised weights by the name of the method", "quant_method is \"awq\"",
      "\"image_token_index\"",
      "\"quantization_config\": {\"quant_method\": \"awq\"}, \"image_token_index\""),
    config(
      "2.5.+", "weights in a file of another name", "transformers_weights is set",
      "\"image_token_index\"",
      "\"transformers_weights\": \"other.safetensors\", \"image_token_index\""),
    BadInput(
      "2.5.+", "numbers of Python that are not finite, where none is read",
      .accepted("3 functions"),
      model: {
        try $0.replace(
          "\"image_token_index\"",
          "\"initializer_range\": NaN, \"a\": [Infinity, -Infinity], \"image_token_index\"",
          in: "config.json")
      }),
    field(
      "2.5.12", "an unknown activation", "hidden_act is \"swoosh\"", "\"hidden_act\": \"swoosh\""),
    field(
      "2.5.15", "quantised weights", "quantization_config is set",
      "\"quantization_config\": {\"bits\": 4}"),
    BadInput(
      "2.5.13", "another torch_dtype", .accepted("3 functions"),
      model: { try $0.replace("\"float32\"", "\"float64\"", in: "config.json") }),
    BadInput(
      "2.5.14", "an embedding that is not tied and no head", .accepted("3 functions"),
      model: {
        try $0.replace(
          "\"image_token_index\"", "\"tie_word_embeddings\": false, \"image_token_index\"",
          in: "config.json")
      }),
    BadInput(
      "2.5.14", "neither embedding nor head", .refused("embed_tokens.weight is missing"),
      model: { folder in
        try SafetensorsInputs.changeWeights(folder) { text, _ in
          text = text.replacingOccurrences(of: "embed_tokens", with: "embed_smoking")
        }
      }),
    BadInput(
      "2.5.17", "a context of 2^31", .accepted("3 functions"),
      model: {
        try $0.replace(
          "\"head_dim\": 10", "\"head_dim\": 10, \"max_position_embeddings\": 2147483648",
          in: "config.json")
      }),
    BadInput("2.5.17", "a window of 0", .refused("sliding_window: expected")) { folder in
      try folder.copyModel("Tests/Fixtures/parity/gemma2-layer-types")
      try folder.replace("\"sliding_window\": 4", "\"sliding_window\": 0", in: "config.json")
      return ["compile", folder.path, "-o", folder.output("x.plan")]
    },
    BadInput(
      "2.5.17", "caches beyond the memory there is",
      .refused("bytes of memory"), environment: ["PALIGRAPH_MEMORY_LIMIT": "1000000"]
    ) { folder in
      try folder.copyModel()
      let plan = folder.file("long.plan")
      let compile = try CommandLineProcess.run(
        ["compile", folder.path, "-o", plan, "--max-tokens", "2000", "--quiet"])
      try #require(compile.status == 0, "\(compile.errors)")
      return ["run", plan, "--image", folder.file("picture.png")]
    },
    BadInput("2.5.17", "a sequence of 2^20 + 1 tokens", .misused("--max-tokens")) { folder in
      try folder.copyModel()
      return ["compile", folder.path, "-o", folder.output("x.plan"), "--max-tokens", "1048577"]
    },
  ]
}
