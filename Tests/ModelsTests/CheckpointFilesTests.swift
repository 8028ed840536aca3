import Tensors
import Testing

@testable import Models

@Suite struct CheckpointFilesTests {
  @Test(arguments: try ParityFixtures.names())
  func `every reference checkpoint resolves`(name: String) throws {
    let directory = ParityFixtures.path(name)
    let config = try PaliGemmaConfig(directory: directory)
    let checkpoint = try Checkpoint(directory: directory)
    let resolution = try config.resolve(checkpoint)
    #expect(resolution.sources.count == config.expectedTensors.count)
    #expect(resolution.headIsTied == config.tiesWordEmbeddings)
    for tensor in config.expectedTensors {
      let data = try #require(try resolution.tensor(named: tensor.name, in: checkpoint))
      #expect(data.shape == tensor.shape)
    }
  }

  @Test func `leftovers of old versions are surplus`() throws {
    let directory = ParityFixtures.path("gemma-f16-old-buffers")
    let resolution = try PaliGemmaConfig(directory: directory)
      .resolve(Checkpoint(directory: directory))
    #expect(resolution.surplus.contains("vision_tower.vision_model.embeddings.position_ids"))
    #expect(resolution.surplus.contains("vision_tower.vision_model.head.probe"))
    #expect(
      resolution.surplus.contains(
        "language_model.model.layers.1.self_attn.rotary_emb.inv_freq"))
    #expect(resolution.warning?.hasPrefix("14 tensors of the checkpoint are not used") == true)
  }

  @Test func `a checkpoint of other sizes is refused`() throws {
    let config = try PaliGemmaConfig(directory: ParityFixtures.path("gemma-hub-layout"))
    let other = try Checkpoint(directory: ParityFixtures.path("gemma-f16-old-buffers"))
    let error = #expect(throws: CheckpointMismatch.self) { try config.resolve(other) }
    let name = "language_model.model.embed_tokens.weight"
    #expect(
      error?.problems.contains(.shape(name: name, found: [479, 32], expected: [491, 36])) == true)
  }
}
