import JSON
import Testing

@testable import Pipeline

struct SamplerTests {
  @Test func `temperature, top-k and top-p leave what transformers' warpers leave`() throws {
    for field in try TokenizerFixtures.json("sampling.json").elements() {
      let settings = try SamplerSettings(
        temperature: field.member("temperature").double(), topK: field.member("top_k").int(),
        topP: field.member("top_p").double())
      let logits = try field.member("logits").elements().map { Float(try $0.double()) }
      var sampler = Sampler(settings)
      _ = try sampler.next(logits.span)
      let candidates = sampler.candidates.sorted { $0.id < $1.id }
      #expect(try candidates.map(\.id) == TokenizerFixtures.ids(field.member("kept")))
      let total = candidates.reduce(0) { $0 + $1.weight }
      let expected = try field.member("probabilities").elements().map { try $0.double() }
      for (candidate, probability) in zip(candidates, expected) {
        #expect(abs(candidate.weight / total - probability) < 1e-6)
      }
    }
  }

  /// What remains must weigh more than 1 − topP, not as much: transformers drops a token whose cumulative
  /// probability, from the least probable one, is at most 1 − topP.
  @Test(
    arguments: [
      ([0, 0], 0.5, [0]), ([0, 0, 0, 0], 0.75, [0, 1, 2]), ([0, 0, 0, 0], 0.5, [0, 1]),
      ([0, 0, 0, 0], 0.25, [0]), ([0, 0, 0, 0], 0, [0]), ([0, 0], 0.75, [0, 1]),
    ] as [([Float], Double, [Int32])])
  func `top-p stops where the rest weighs exactly as much as may be dropped`(
    logits: [Float], topP: Double, kept: [Int32]
  ) throws {
    var sampler = Sampler(try SamplerSettings(temperature: 1, topP: topP))
    _ = try sampler.next(logits.span)
    #expect(sampler.candidates.map(\.id) == kept)
  }

  @Test(
    arguments: [
      ([0, 3, 1], 1), ([2, 2, 2], 0), ([-.infinity, -5, -5], 1), ([.nan, -1, .nan], 1),
      ([.nan, .infinity, 7], 1), ([-0.0, 0.0], 0), ([-Float.greatestFiniteMagnitude], 0),
    ] as [([Float], Int32)])
  func `greedy choice is the largest logit, of equal ones the first`(
    logits: [Float], expected: Int32
  ) throws {
    var greedy = Sampler(.greedy)
    #expect(try greedy.next(logits.span) == expected)
    var sharp = Sampler(try SamplerSettings(temperature: 1, topK: 1))
    let distinct = Set(logits.filter { $0 == logits[Int(expected)] }).count == 1
    if distinct, logits.count(where: { $0 == logits[Int(expected)] }) == 1 {
      #expect(try sharp.next(logits.span) == expected)
    }
  }

  @Test(arguments: [[], [.nan, .nan], [-.infinity]] as [[Float]])
  func `without a usable logit there is no token`(logits: [Float]) {
    for temperature in [0, 1] {
      #expect(throws: SamplerError.noLogit) {
        var sampler = Sampler(try SamplerSettings(temperature: Double(temperature)))
        _ = try sampler.next(logits.span)
      }
    }
  }

  @Test(
    arguments: [
      (-1, 0, 1), (.nan, 0, 1), (.infinity, 0, 1), (1, -1, 1), (1, 0, -0.1), (1, 0, 1.5),
      (1, 0, .nan),
    ] as [(Double, Int, Double)])
  func `settings out of range are refused`(temperature: Double, topK: Int, topP: Double) {
    #expect(throws: SamplerError.self) {
      try SamplerSettings(temperature: temperature, topK: topK, topP: topP)
    }
  }

  @Test func `all tokens stay unless said otherwise`() throws {
    let settings = try SamplerSettings(temperature: 0.5)
    #expect(try settings == SamplerSettings(temperature: 0.5, topK: 0, topP: 1, seed: 0))
  }

  @Test func `candidates keep their memory from step to step`() throws {
    var sampler = Sampler(try SamplerSettings(temperature: 1, topP: 0.5))
    _ = try sampler.next([Float](repeating: 0, count: 1000).span)
    let capacity = sampler.candidates.capacity
    #expect(capacity >= 1000)
    _ = try sampler.next(([9, 0, 0] as [Float]).span)
    #expect(sampler.candidates.count == 1)
    #expect(sampler.candidates.capacity == capacity)
  }

  @Test func `a seed fixes the tokens, and they follow the probabilities`() throws {
    let logits: [Float] = [1, 0, 2, -.infinity, .nan, -1]
    func draw(seed: UInt64) throws -> [Int32] {
      var sampler = Sampler(try SamplerSettings(temperature: 1, seed: seed))
      return try (0..<4000).map { _ in try sampler.next(logits.span) }
    }
    let tokens = try draw(seed: 1)
    #expect(try tokens == draw(seed: 1))
    #expect(try tokens != draw(seed: 2))
    let counts = (0..<6).map { id in Double(tokens.count { $0 == id }) / 4000 }
    for (count, expected) in zip(counts, [0.2369, 0.0871, 0.6439, 0, 0, 0.0321]) {
      #expect(abs(count - expected) < 0.03)
    }
  }

  @Test func `the generator is SplitMix64`() {
    var random = SplitMix64(seed: 1_234_567)
    let numbers = (0..<3).map { _ in random.next() }
    #expect(
      numbers == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
  }

  @Test(arguments: [1e-300, 1e300] as [Double])
  func `extreme temperatures stay finite`(temperature: Double) throws {
    var sampler = Sampler(try SamplerSettings(temperature: temperature, topP: 0.5))
    let token = try sampler.next(([1, 2, 3] as [Float]).span)
    #expect((0..<3).contains(token))
    if temperature < 1 { #expect(token == 2) }
  }
}
