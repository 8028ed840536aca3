import JSON
import Tensors

@testable import Plans

/// About the plan of the hub-layout parity checkpoint with `--max-tokens 200`.
extension PlanLie {
  /// What a session would write or read beyond its memory.
  static let memory = [
    PlanLie(
      "the prompt's ids are one number at the end of the arena",
      "@prefill, input input_ids is i64[1, 1], expected i64[1, T]"
    ) { try $0.edit(input: "input_ids", of: "prefill") { $0.shape = [1, 1] } },
    PlanLie(
      "the next token's id is none at the end of the arena",
      "@decode, input input_ids is i64[1, 0], expected i64[1, 1]"
    ) { try $0.edit(input: "input_ids", of: "decode") { $0.shape = [1, 0] } },
    PlanLie("the prompt's ids lie apart", "@prefill, input input_ids: elements have gaps") {
      try $0.edit(input: "input_ids", of: "prefill") { $0.strides = [1, 2] }
    },
    PlanLie("rows of a picture are its columns", "@vision, input pixel_values is not dense") {
      try $0.edit(input: "pixel_values", of: "vision") { $0.strides.swapAt(2, 3) }
    },
    PlanLie("all logits are one", "@decode, output logits is not dense: its strides are [0, 0]") {
      try $0.edit(output: "logits", of: "decode") { $0.strides = [0, 0] }
    },
    PlanLie("all ids are one", "@prefill, input input_ids: elements overlap") {
      try $0.edit(input: "input_ids", of: "prefill") { $0.strides = [0, 0] }
    },
    PlanLie(
      "a picture takes 2^19 places",
      "paligemma.max_tokens: expected an integer from 524291 to 1048576, found 200"
    ) { $0.setSection("image_token_count", .integer(1 << 19)) },
    PlanLie(
      "a picture takes 2^19 places of a long text", "symbol T ends at 200, expected 1048576 or more"
    ) {
      $0.setSection("image_token_count", .integer(1 << 19))
      $0.setSection("max_tokens", .integer(1 << 20))
    },
  ]

  static let session =
    memory + [
      PlanLie("texts are longer than @prefill reads", "symbol T ends at 200, expected 201 or more")
      {
        $0.setSection("max_tokens", 201)
      },
      PlanLie("texts are longer than @decode remembers", "symbol P ends at 5, expected 199 or more")
      { try $0.editSymbol("P") { $0.bound = 5 } },
      PlanLie(
        "there is no room for an answer", "paligemma.max_tokens: expected an integer from 19 to"
      ) {
        $0.setSection("max_tokens", 18)
      },
      PlanLie(
        "a picture takes no place", "paligemma.image_token_count: expected an integer from 1 to"
      ) {
        $0.setSection("image_token_count", 0)
      },
      PlanLie(
        "a picture takes a place more than it has features",
        "@prefill, input image_features is f32[1, 16, 36], expected f32[1, 17, hidden_size]"
      ) { $0.setSection("image_token_count", 17) },
      PlanLie(
        "@vision takes pictures of another size than the processor makes",
        "@vision, input pixel_values is f32[1, 3, 56, 56], expected f32[1, 3, 56, 57]"
      ) {
        $0.setSection(
          "processor",
          ["size": ["height": 56, "width": 57], "image_mean": 0.5, "image_std": 0.5])
      },
      PlanLie(
        "@vision takes larger pictures than the processor makes",
        "@vision, input pixel_values is f32[1, 3, 64, 56], expected f32[1, 3, 56, 56]"
      ) { try $0.edit(input: "pixel_values", of: "vision") { $0.shape[2] = 64 } },
      PlanLie(
        "features have another size for @prefill",
        "@vision, output image_features: hidden_size is 36, but 37 in @prefill, input image_features"
      ) { try $0.edit(input: "image_features", of: "prefill") { $0.shape[2] = 37 } },
      PlanLie(
        "features have no size", "@vision, output image_features: hidden_size is 0, expected 1 to"
      ) { try $0.edit(output: "image_features", of: "vision") { $0.shape[2] = 0 } },
      PlanLie(
        "there is no vocabulary", "@prefill, output logits: vocab_size is 0, expected 491 to"
      ) {
        try $0.edit(output: "logits", of: "prefill") { $0.shape[1] = 0 }
        try $0.edit(output: "logits", of: "decode") { $0.shape[1] = 0 }
      },
      PlanLie(
        "the vocabulary is smaller than the tokenizer's",
        "@prefill, output logits: vocab_size is 490, expected 491 to"
      ) {
        try $0.edit(output: "logits", of: "prefill") { $0.shape[1] = 490 }
        try $0.edit(output: "logits", of: "decode") { $0.shape[1] = 490 }
      },
      PlanLie(
        "an end token is beyond the vocabulary",
        "@prefill, output logits: vocab_size is 491, expected 492 to"
      ) { $0.setSection("end_tokens", [1, 491]) },
      PlanLie(
        "the first token's vocabulary is another",
        "@decode, output logits: vocab_size is 500, but 491 in @prefill, output logits"
      ) { try $0.edit(output: "logits", of: "decode") { $0.shape[1] = 500 } },
      PlanLie(
        "the vocabulary grows with the text",
        "@prefill, output logits is f32[1, 500*T], expected f32[1, vocab_size]"
      ) { plan in
        try plan.edit(output: "logits", of: "prefill") {
          $0.shape[1] = try Dim(500) * Dim(symbol: "T")
        }
      },
      PlanLie(
        "a symbol is called as the vocabulary",
        "@prefill, output logits is f32[1, vocab_size], expected f32[1, vocab_size]"
      ) { plan in
        plan.symbols.append(PlanSymbol(name: "vocab_size", bound: 500))
        try plan.edit(output: "logits", of: "prefill") { $0.shape[1] = Dim(symbol: "vocab_size") }
      },
      PlanLie(
        "the ids of a prompt are a square",
        "@prefill, input input_ids is i64[1, T*T], expected i64[1, T]"
      ) { plan in
        try plan.edit(input: "input_ids", of: "prefill") {
          $0.shape[1] = try Dim(symbol: "T") * Dim(symbol: "T")
        }
      },
      PlanLie(
        "the ids of a prompt have one axis",
        "@prefill, input input_ids is i64[T], expected i64[1, T]"
      ) {
        try $0.edit(input: "input_ids", of: "prefill") { $0.shape.removeFirst() }
      },
      PlanLie(
        "ids are of another type", "@decode, input input_ids is i32[1, 1], expected i64[1, 1]"
      ) { try $0.edit(input: "input_ids", of: "decode") { $0.element = .i32 } },
      PlanLie(
        "features are of another type",
        "@prefill, input image_features is bf16[1, 16, 36], expected f32[1, 16, hidden_size]"
      ) { try $0.edit(input: "image_features", of: "prefill") { $0.element = .bf16 } },
      PlanLie("a function has another name", "it has no function @decode") {
        try $0.editFunction("decode") { $0.name = "step" }
      },
      PlanLie("an input has another name", "@decode has no input input_ids") {
        try $0.editFunction("decode") { $0.inputs[0].name = "ids" }
      },
      PlanLie("an input is missing", "@decode has no input input_ids") {
        try $0.editFunction("decode") { $0.inputs = [] }
      },
      PlanLie(
        "there is an input more", "@prefill has 3 inputs, expected image_features, input_ids"
      ) { try $0.editFunction("prefill") { $0.inputs.append(.init(name: "more", $0.inputs[0])) } },
      PlanLie("there is an output more", "@decode has 2 outputs, expected logits") {
        try $0.editFunction("decode") { $0.outputs.append(.init(name: "more", $0.outputs[0])) }
      },
      PlanLie("there is no output", "@vision has no output image_features") {
        try $0.editFunction("vision") { $0.outputs = [] }
      },
      PlanLie("a symbol has another name", "it has no symbol P") {
        try $0.editSymbol("P") { $0.name = "p" }
      },
    ]
}
