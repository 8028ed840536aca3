import Tensors
import Testing

@testable import Models

@Suite struct CheckpointResolutionTests {
  typealias Source = CheckpointResolution.Source

  static let config = PaliGemmaConfig(
    vision: VisionConfig(
      hiddenSize: 6, intermediateSize: 5, layerCount: 1, headCount: 2, imageSize: 8, patchSize: 4,
      activation: .geluTanh, layerNormEpsilon: 1e-6),
    text: TextConfig(
      architecture: .gemma2, vocabularySize: 11, hiddenSize: 7, intermediateSize: 9, headCount: 3,
      keyValueHeadCount: 1, headSize: 4, activation: .geluTanh, rmsNormEpsilon: 1e-6,
      ropeTheta: 10_000, queryPreAttentionScalar: 4, attentionSoftcap: 50, finalSoftcap: 30,
      slidingWindow: 4, layers: [.sliding]),
    imageToken: 10, tiesWordEmbeddings: true, endTokens: [1])

  static let head = "lm_head.weight"
  static let embedding = "model.language_model.embed_tokens.weight"

  /// The whole checkpoint with a separate head.
  static var sources: [Source] {
    config.expectedTensors.map { Source(name: $0.name, elementType: .f32, shape: $0.shape) }
  }

  static func resolve(
    _ config: PaliGemmaConfig = config, _ change: (inout [Source]) -> Void
  ) throws -> CheckpointResolution {
    var sources = sources
    change(&sources)
    return try config.resolve(sources)
  }

  static func message(
    _ config: PaliGemmaConfig = config, _ change: (inout [Source]) -> Void
  ) -> String? {
    do {
      _ = try resolve(config, change)
      return nil
    } catch {
      return "\(error)"
    }
  }

  static func named(_ name: String) -> (Source) -> Bool { { $0.name == name } }

  @Test func `shapes follow from the configuration`() {
    let shapes = Dictionary(
      uniqueKeysWithValues: Self.config.expectedTensors.map { ($0.name, $0.shape) })
    #expect(shapes.count == 37)
    #expect(shapes["model.vision_tower.embeddings.patch_embedding.weight"] == [6, 3, 4, 4])
    #expect(shapes["model.vision_tower.embeddings.position_embedding.weight"] == [4, 6])
    #expect(shapes["model.vision_tower.encoder.layers.0.mlp.fc2.weight"] == [6, 5])
    #expect(shapes["model.multi_modal_projector.linear.weight"] == [7, 6])
    #expect(shapes["model.language_model.layers.0.self_attn.q_proj.weight"] == [12, 7])
    #expect(shapes["model.language_model.layers.0.self_attn.v_proj.weight"] == [4, 7])
    #expect(shapes["model.language_model.layers.0.self_attn.o_proj.weight"] == [7, 12])
    #expect(shapes[Self.head] == [11, 7])
  }

  @Test func `the head is its own tensor where there is one and tied else`() throws {
    let separate = try Self.resolve { _ in }
    #expect(!separate.headIsTied)
    #expect(separate.sources[Self.head]?.name == Self.head)
    let tied = try Self.resolve { $0.removeAll(where: Self.named(Self.head)) }
    #expect(tied.headIsTied)
    #expect(tied.sources[Self.head]?.name == Self.embedding)
    let headOnly = try Self.resolve { $0.removeAll(where: Self.named(Self.embedding)) }
    #expect(headOnly.headIsTied)
    #expect(headOnly.sources[Self.embedding]?.name == Self.head)
  }

  @Test func `a head cannot stand for the embedding when the two are not tied`() {
    var config = Self.config
    config.tiesWordEmbeddings = false
    #expect(
      Self.message(config) { $0.removeAll(where: Self.named(Self.embedding)) } == """
        1 tensor does not fit config.json: \(Self.embedding) is missing; \
        take config.json and weights from the same model
        """)
  }

  @Test func `all misfits are named at once in the spelling of the file`() {
    let message = Self.message { sources in
      for index in sources.indices {
        sources[index].name.replace("model.language_model.", with: "language_model.model.")
      }
      sources.removeAll { $0.name.hasSuffix("up_proj.weight") }
      for index in sources.indices where sources[index].name.hasSuffix("down_proj.weight") {
        sources[index].shape = [9, 7]
      }
      for index in sources.indices where sources[index].name.hasSuffix("model.norm.weight") {
        sources[index].elementType = .i64
      }
    }
    #expect(
      message == """
        3 tensors do not fit config.json: \
        language_model.model.layers.0.mlp.up_proj.weight is missing, \
        language_model.model.layers.0.mlp.down_proj.weight is [9, 7] instead of [7, 9], \
        language_model.model.norm.weight is I64 instead of F64, F32, F16 or BF16; \
        take config.json and weights from the same model
        """)
  }

  @Test func `a long list of misfits is cut`() {
    let message = Self.message { $0.removeAll() }
    #expect(message?.contains("36 tensors do not fit config.json") == true)
    #expect(message?.contains(", and 6 more; take") == true)
  }

  @Test func `one tensor under two names is refused`() {
    let name = "language_model.model.norm.weight"
    let message = Self.message {
      $0.append(Source(name: name, elementType: .f32, shape: [7]))
    }
    #expect(message?.contains("model.language_model.norm.weight is there again as \(name)") == true)
  }

  @Test func `a layer beyond the count is refused`() {
    let name = "model.language_model.layers.1.mlp.up_proj.weight"
    let message = Self.message {
      $0.append(Source(name: name, elementType: .f32, shape: [9, 7]))
    }
    #expect(message?.contains("\(name) is beyond text_config.num_hidden_layers = 1") == true)
  }

  @Test func `surplus tensors are listed and warned about`() throws {
    #expect(try Self.resolve { _ in }.warning == nil)
    let extra = [
      "model.language_model.layers.0.self_attn.rotary_emb.inv_freq",
      "vision_tower.head.probe\u{1B}",
    ]
    let resolution = try Self.resolve {
      $0 += extra.map { Source(name: $0, elementType: .i64, shape: [1]) }
    }
    #expect(resolution.surplus == extra)
    #expect(
      resolution.warning == "2 tensors of the checkpoint are not used, the first is \(extra[0])")
  }
}
