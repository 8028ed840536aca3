import Compiler
import Foundation
import PaliGraph
import Pipeline
import Tensors
import Testing

/// The bundled SigLIP model, from pictures and texts to probabilities, against transformers in f32;
/// `Tools/references/mini_siglip.py` wrote the references.
@Suite struct ScoringTests {
  static let model = "Examples/mini-siglip"

  struct Reference {
    let pictures: [String]
    let texts: [String]
    private let tensors: SafetensorsFile

    init() throws {
      let fixtures = CompiledModels.root.appending(path: "Tests/Fixtures")
      let data = try Data(contentsOf: fixtures.appending(path: "mini-siglip.json"))
      let names = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      pictures = try #require(names["pictures"] as? [String])
      texts = try #require(names["texts"] as? [String])
      tensors = try SafetensorsFile(
        path: fixtures.appending(path: "mini-siglip.safetensors").path)
    }

    func floats(_ name: String) throws -> [Float] { try tensors.tensor(named: name).floats() }

    /// A row of `logits_per_image` or `image_embeds`.
    func row(_ index: Int, of name: String) throws -> [Float] {
      let values = try floats(name)
      let width = values.count / pictures.count
      return Array(values[index * width..<(index + 1) * width])
    }

    func ids() throws -> [Int] {
      try #require(tensors.tensor(named: "input_ids").integers()).map { Int($0) }
    }
  }

  static func session(_ dtype: PassContext.DType = .auto, threads: Int? = nil) throws
    -> ScoringSession
  {
    try ScoringSession(CompiledModels.plan(model, dtype: dtype), threads: threads)
  }

  static func picture(_ name: String) throws -> RGBImage {
    try CompiledModels.picture("Examples/pictures/\(name)")
  }

  /// The weights are bf16, which `auto` keeps.
  @Test(arguments: [PassContext.DType.f32, .auto])
  func `ids, embeddings and logits equal those of transformers`(dtype: PassContext.DType) throws {
    let reference = try Reference()
    let session = try Self.session(dtype)
    let ids = try reference.texts.flatMap {
      try session.settings.text.ids(of: $0, session.tokenizer)
    }
    #expect(try ids == reference.ids())
    #expect(reference.pictures.count == 3 && reference.texts.count == 4)
    for (index, name) in reference.pictures.enumerated() {
      let result = try session.score(Self.picture(name), texts: reference.texts)
      let embedding = try reference.row(index, of: "image_embeds")
      #expect(largestDifference(result.imageEmbedding, embedding) < 1e-4, "\(name)")
      let texts = try reference.floats("text_embeds")
      #expect(largestDifference(result.textEmbeddings.flatMap { $0 }, texts) < 1e-4)
      let logits = try reference.row(index, of: "logits_per_image")
      #expect(largestDifference(result.scores.map(\.logit), logits) < 1e-4, "\(name)")
    }
  }

  @Test func `scores come in the order of the texts and rank them as transformers does`() throws {
    let reference = try Reference()
    let session = try Self.session()
    for (index, name) in reference.pictures.enumerated() {
      let scores = try session.score(Self.picture(name), texts: reference.texts).scores
      #expect(scores.map(\.text) == reference.texts)
      let logits = try reference.row(index, of: "logits_per_image")
      let ranking = logits.indices.sorted { logits[$0] > logits[$1] }
      #expect(scores.indices.sorted { scores[$0].probability > scores[$1].probability } == ranking)
      #expect(ranking.first == index, "each picture's own caption is the best")
      for score in scores {
        #expect(abs(score.probability - 1 / (1 + exp(-Double(score.logit)))) < 1e-12)
      }
    }
  }

  /// More texts than one call of `@score` takes.
  @Test func `any number of texts is scored`() throws {
    let session = try Self.session()
    let picture = try Self.picture("circles.png")
    let texts = (0..<258).map { $0.isMultiple(of: 2) ? "a blue circle" : "a red star" }
    let scores = try session.score(picture, texts: texts).scores
    #expect(scores.map(\.text) == texts)
    let pair = try session.score(picture, texts: Array(texts.prefix(2))).scores
    try #require(pair.count == 2)
    #expect(Set(scores.map(\.logit)) == Set(pair.map(\.logit)))
    #expect(
      zip(texts, scores).allSatisfy { $1.logit == ($0 == texts[0] ? pair[0] : pair[1]).logit })
  }

  @Test(arguments: [2, 3])
  func `any number of threads gives the same bits`(threads: Int) throws {
    let texts = ["a red circle", "two rings on a grey background"]
    let picture = try Self.picture("night.jpg")
    let expected = try Self.session(threads: 1).score(picture, texts: texts)
    let found = try Self.session(threads: threads).score(picture, texts: texts)
    #expect(found.scores == expected.scores)
    #expect(found.imageEmbedding == expected.imageEmbedding)
  }

  @Test func `no text and a text that is too long are refused`() throws {
    let session = try Self.session()
    let picture = try Self.picture("circles.png")
    #expect(throws: ScoringError.noText) { try session.score(picture, texts: []) }
    let long = String(repeating: "x ", count: 60)
    let error = #expect(throws: ScoringError.self) {
      try session.score(picture, texts: ["a ring", long])
    }
    #expect(error?.description.contains("takes 121 tokens, more than the model's 48") == true)
  }

  @Test func `a plan of another kind is refused by name`() throws {
    let paliGemma = try CompiledModels.plan(SessionTests.model)
    let error = #expect(throws: PlanFileError.self) { try ScoringSession(paliGemma) }
    #expect(error?.problem.contains("it is no SigLIP model") == true)
    let siglip = try CompiledModels.plan(Self.model)
    #expect(ScoringSession.opens(siglip) && !ScoringSession.opens(paliGemma))
    #expect(throws: PlanFileError.self) { try Session(siglip) }
  }
}
