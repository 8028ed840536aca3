import IR
import Tensors
import Testing

@testable import Models

@Suite struct BuilderTests {
  func module(_ name: String) throws -> Module { try ParityCase(name).module() }

  /// What a function of the module prints, without the space that lines up columns.
  func text(_ module: Module, _ function: String) -> String {
    module.text(function: function).split(separator: "\n")
      .map { $0.split(separator: " ").joined(separator: " ") }.joined(separator: "\n")
  }

  @Test(arguments: try ParityFixtures.names())
  func `a module is valid and reads back as it prints`(name: String) throws {
    let module = try module(name)
    try Verifier.verify(module)
    let text = module.description
    #expect(try Module.parse(text).description == text)
  }

  @Test func `three functions with the agreed signatures`() throws {
    let module = try module("gemma-many-patches-one-head")
    #expect(module.functions.map(\.name) == ["vision", "prefill", "decode"])
    let heads = module.description.split(separator: "\n").filter { $0.contains("func") }
    #expect(
      heads == [
        "  func @vision(%pixel_values: f32[1x3x80x80]) -> (image_features: f32[1x100x48]) {",
        "  func @prefill(%image_features: f32[1x100x48], %input_ids: i64[1xT]) -> (logits: f32[1x481]) {",
        "  func @decode(%input_ids: i64[1x1]) -> (logits: f32[1x481]) {",
      ])
  }

  @Test func `the sequence bounds symbols and caches`() throws {
    let reference = try ParityCase("gemma-many-patches-one-head")
    let module = try reference.module(maxTokens: 300)
    #expect(module.symbols == [Symbol("T", bound: 300), Symbol("P", bound: 299)])
    let states = module.tensors.filter { $0.kind == .state }
    #expect(states.map(\.name) == ["cache.0.key", "cache.0.value", "cache.1.key", "cache.1.value"])
    #expect(states.allSatisfy { "\($0.type)" == "f32[1x1x300x18]" })
  }

  @Test(arguments: [-1, 0, 102, 1 << 40])
  func `a sequence that holds no image, prompt and answer is refused`(maxTokens: Int) throws {
    let reference = try ParityCase("gemma-many-patches-one-head")
    #expect(throws: PaliGemmaBuilderError.maxTokens(maxTokens, 103...1 << 20)) {
      try reference.module(maxTokens: maxTokens)
    }
  }

  @Test(arguments: [("gemma2-no-softcaps", ElementType.bf16), ("gemma-hub-layout", .f32)])
  func `weights have their canonical names and the checkpoint's element type`(
    name: String, element: ElementType
  ) throws {
    let reference = try ParityCase(name)
    let weights = try reference.module().tensors.filter { $0.kind == .weight }
    let expected = reference.config.expectedTensors.dropLast()
    #expect(weights.map(\.name) == expected.map(\.name))
    #expect(weights.map { $0.type.shape.constants } == expected.map(\.shape))
    #expect(weights.allSatisfy { $0.type.element == element })
  }

  @Test func `a checkpoint of another model is an error, not a crash`() throws {
    var reference = try ParityCase("gemma-hub-layout")
    reference.config.text.layers.append(.full)
    let error = #expect(throws: OpError.self) { try reference.module() }
    #expect(
      error?.description
        == "the module has no tensor %model.language_model.layers.3.input_layernorm.weight")
  }

  @Test func `only decoding steps of sliding layers have a mask`() throws {
    let module = try module("gemma2-layer-types")
    let prefillHasMask = text(module, "prefill").contains("causal_mask")
    #expect(!prefillHasMask)
    let decode = text(module, "decode")
    #expect(
      decode.contains(
        "%window_mask = causal_mask() {queries = 1, keys = P+1, window = 4} : f32[1x(P+1)]"))
    let masked = decode.split(separator: "\n").filter { $0.contains(".masked = add(") }
    #expect(masked.count == 3)
    #expect(masked.first?.contains("layers.1.self_attn.capped") == true)
  }

  @Test func `image places get the features unscaled, other tokens scaled embeddings`() throws {
    let module = try module("gemma-hub-layout")
    #expect(
      text(module, "prefill").contains(
        """
        %image_token = constant() {value = 479, element = i64} : i64[]
        %image_places = equal(%input_ids, %image_token) : bool[1xT]
        %embed_tokens = embedding(%model.language_model.embed_tokens.weight, %input_ids) : f32[1xTx36]
        %embed_tokens.scale = constant() {value = 6.0} : f32[]
        %embed_tokens.scaled = mul(%embed_tokens, %embed_tokens.scale) : f32[1xTx36]
        %image_places.column = reshape(%image_places) {shape = [1, T, 1]} : bool[1xTx1]
        %image_places.mask = broadcast(%image_places.column) {shape = [1, T, 36]} : bool[1xTx36]
        %embeddings = masked_scatter(%embed_tokens.scaled, %image_places.mask, %image_features) : f32[1xTx36]
        """))
  }

  @Test func `an image token beyond the vocabulary is looked up as 0`() throws {
    var reference = try ParityCase("gemma-hub-layout")
    reference.config.imageToken = reference.config.text.vocabularySize
    #expect(
      text(try reference.module(), "prefill").contains(
        "%known_ids = where(%image_places, %stand_in, %input_ids) : i64[1xT]"))
  }

  @Test(arguments: [
    ("gemma-hub-layout", "model.language_model.embed_tokens.weight"),
    ("gemma-separate-head-three-shards", "lm_head.weight"),
  ])
  func `the head is the embedding table unless it has its own`(name: String, head: String) throws {
    #expect(text(try module(name), "decode").contains("%lm_head = matmul(%norm, %\(head))"))
  }
}
