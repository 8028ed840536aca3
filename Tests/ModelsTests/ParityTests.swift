import Testing

/// The textbook graph in the reference interpreter against transformers: the proof that builder and
/// IR mean the same model.
@Suite struct ParityTests {
  @Test(arguments: try ParityFixtures.names())
  func `image features, logits and greedy tokens equal those of transformers`(name: String) throws {
    let reference = try ParityCase(name)
    let found = try reference.deviation(of: reference.module())
    #expect(found.features < 1e-4 && found.logits < 1e-4 && found.wrongTokens == [])
  }
}
