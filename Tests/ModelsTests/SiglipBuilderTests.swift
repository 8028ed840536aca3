import Foundation
import IR
import Tensors
import Testing

@testable import Models

@Suite struct SiglipBuilderTests {
  typealias Source = CheckpointResolution.Source

  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  static let mini = root.appending(path: "Examples/mini-siglip").path

  /// The sources of a whole checkpoint.
  static func sources(_ config: SiglipConfig, _ element: ElementType = .f32) -> [Source] {
    config.expectedTensors.map { Source(name: $0.name, elementType: element, shape: $0.shape) }
  }

  static func signatures(_ module: Module) -> [String] {
    module.description.split(separator: "\n").filter { $0.contains("func") }
      .map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// `config.json` of google/siglip-base-patch16-224, which says little, and one with all sizes.
  static let published: [(config: String, parameters: Int, signatures: [String])] = [
    (
      """
      {"architectures": ["SiglipModel"], "initializer_factor": 1.0, "model_type": "siglip",
       "text_config": {"model_type": "siglip_text_model"}, "torch_dtype": "float32",
       "transformers_version": "4.37.0.dev0", "vision_config": {"model_type": "siglip_vision_model"}}
      """, 203_155_970,
      [
        "func @image(%pixel_values: f32[1x3x224x224]) -> (image_embeds: f32[1x768]) {",
        "func @text(%input_ids: i64[1xN]) -> (text_embeds: f32[1x768]) {",
        "func @score(%image_embeds: f32[1x768], %text_embeds: f32[Tx768]) -> (logits_per_image: f32[1xT]) {",
      ]
    ),
    (
      """
      {"model_type": "siglip",
       "text_config": {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27,
        "num_attention_heads": 16, "vocab_size": 256000, "projection_size": 1152},
       "vision_config": {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27,
        "num_attention_heads": 16, "patch_size": 14}}
      """, 1_135_463_602,
      [
        "func @image(%pixel_values: f32[1x3x224x224]) -> (image_embeds: f32[1x1152]) {",
        "func @text(%input_ids: i64[1xN]) -> (text_embeds: f32[1x1152]) {",
        "func @score(%image_embeds: f32[1x1152], %text_embeds: f32[Tx1152]) -> (logits_per_image: f32[1xT]) {",
      ]
    ),
  ]

  @Test(arguments: published)
  func `a published size has transformers' parameters and builds`(
    json: String, parameters: Int, signatures: [String]
  ) throws {
    let directory = try TemporaryDirectory(["config.json": json])
    let config = try SiglipConfig(directory: directory.path)
    #expect(config.expectedTensors.reduce(0) { $0 + $1.shape.reduce(1, *) } == parameters)
    let module = try SiglipBuilder.module(config, config.resolve(Self.sources(config)))
    try Verifier.verify(module)
    #expect(Self.signatures(module) == signatures)
    #expect(module.symbols == [Symbol("N", bound: 64), Symbol("T", bound: 256)])
  }

  @Test func `the bundled model is valid and reads back as it prints`() throws {
    let config = try SiglipConfig(directory: Self.mini)
    let resolution = try config.resolve(Checkpoint(directory: Self.mini))
    #expect(resolution.surplus.isEmpty)
    let module = try SiglipBuilder.module(config, resolution)
    try Verifier.verify(module)
    #expect(try Module.parse(module.description).description == module.description)
    let weights = module.tensors.filter { $0.kind == .weight }
    #expect(weights.allSatisfy { $0.type.element == .bf16 })
    #expect(weights.map(\.name) == config.expectedTensors.map(\.name))
  }

  @Test func `what is missing, misshapen or too much is one error`() throws {
    let config = try SiglipConfig(directory: Self.mini)
    var sources = Self.sources(config).filter { $0.name != "vision_model.head.probe" }
    sources[0].shape = [1]
    sources.append(
      Source(name: "text_model.encoder.layers.3.mlp.fc1.bias", elementType: .f32, shape: [384]))
    let error = #expect(throws: CheckpointMismatch.self) { try config.resolve(sources) }
    #expect(
      error?.description == """
        3 tensors do not fit config.json: text_model.encoder.layers.3.mlp.fc1.bias is beyond \
        text_config.num_hidden_layers = 3, vision_model.embeddings.patch_embedding.weight is [1] \
        instead of [128, 3, 12, 12], vision_model.head.probe is missing; take config.json and \
        weights from the same model
        """)
  }

  /// The textbook graph in the reference interpreter, for pictures of a side.
  static func interpreter(side: Int) throws -> Interpreter {
    var config = try SiglipConfig(directory: mini)
    config.vision.imageSize = side
    let checkpoint = try Checkpoint(directory: mini)
    let resolution = try config.resolve(checkpoint)
    return try Interpreter(SiglipBuilder.module(config, resolution)) { tensor in
      HostTensor(try #require(try resolution.tensor(named: tensor.name, in: checkpoint)))
    }
  }

  static func reference(_ name: String) throws -> HostTensor {
    let path = root.appending(path: "Tests/Fixtures/mini-siglip.safetensors").path
    return HostTensor(try SafetensorsFile(path: path).tensor(named: name))
  }

  /// 100 pixels are eight patches of 12 and four pixels that no patch covers.
  @Test(arguments: [(96, "pattern_embeds"), (100, "pattern_embeds.100")])
  func `embeddings of pictures equal those of transformers`(side: Int, name: String) throws {
    var interpreter = try Self.interpreter(side: side)
    let count = 3 * side * side
    let pattern = (0..<count).map { index -> Double in Double(index * 7919 % 256) / 128 - 1 }
    let pixels = HostTensor(.f32, [1, 3, side, side], pattern)
    let image = try interpreter.run("image", [pixels])[0]
    #expect(try Self.difference(image, Self.reference(name)) < 1e-5)
  }

  @Test func `embeddings of texts and logits equal those of transformers`() throws {
    var interpreter = try Self.interpreter(side: 96)
    let ids = try Self.reference("input_ids")
    let row = HostTensor(.i64, [1, 48], Array(ids.values.suffix(48)))
    let text = try interpreter.run("text", [row])[0]
    let texts = try Self.reference("text_embeds")
    #expect(
      Self.difference(text, HostTensor(.f32, [1, 128], Array(texts.values.suffix(128)))) < 1e-5)

    let images = try Self.reference("image_embeds")
    let first = HostTensor(.f32, [1, 128], Array(images.values.prefix(128)))
    let logits = try interpreter.run("score", [first, texts])[0]
    let expected = try Self.reference("logits_per_image").values.prefix(4)
    #expect(Self.difference(logits, HostTensor(.f32, [1, 4], Array(expected))) < 1e-4)
  }

  /// Infinite when shapes differ or something is not a number.
  private static func difference(_ a: HostTensor, _ b: HostTensor) -> Double {
    guard a.shape == b.shape else { return .infinity }
    return zip(a.values, b.values).reduce(0) { largest, pair in
      let difference = abs(pair.0 - pair.1)
      return difference.isNaN ? .infinity : max(largest, difference)
    }
  }
}
