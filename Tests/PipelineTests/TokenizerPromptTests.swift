import Inputs
import JSON
import Testing

@testable import Pipeline

struct TokenizerPromptTests {
  /// The multilingual tokenizer with the tokens that the processor adds, two places per picture.
  static func builder() throws -> PromptBuilder {
    var model = try TokenizerModel.read(directory: TokenizerFixtures.multilingual)
    try model.addPaliGemmaTokens()
    return try PromptBuilder(
      tokenizer: Tokenizer(TokenizerTables(model)), imageTokenID: 2080, beginTokenID: 2,
      tokensPerPicture: 2)
  }

  @Test func `prompts become the ids that PaliGemmaProcessor gives`() throws {
    let builder = try Self.builder()
    let reference = try TokenizerFixtures.json("prompts.json")
    #expect(try reference.member("image_id").int() == Int(builder.imageTokenID))
    #expect(try reference.member("image_tokens").int() == builder.tokensPerPicture)
    for field in try reference.member("cases").elements() {
      let prompt = try field.member("prompt").string()
      let ids = try builder.ids(prompt: prompt, pictures: field.member("pictures").int())
      #expect(try ids == TokenizerFixtures.ids(field.member("ids")), "\(prompt.printable)")
    }
  }

  @Test(arguments: [("<image>caption", 2), ("<image><image>", 1), ("a <image>", 0)])
  func `a prompt with places needs one per picture`(prompt: String, pictures: Int) throws {
    let builder = try Self.builder()
    #expect(throws: PromptError.self) { try builder.ids(prompt: prompt, pictures: pictures) }
  }

  @Test func `plain text never adds places or special tokens`() throws {
    let builder = try Self.builder()
    let ids = try builder.ids(prompt: "<image><eos><loc0001>", specialTokens: .plainText)
    #expect(ids.count { $0 == 2080 } == 2)
    #expect(ids.count { $0 == 1 } == 0)
    #expect(ids.contains(2001))
    #expect(builder.tokenizer.decode(ids) == "<image><eos><loc0001>\n")
  }

  @Test func `the places of a picture have a usable length`() throws {
    var model = try TokenizerModel.read(directory: TokenizerFixtures.multilingual)
    try model.addPaliGemmaTokens()
    let tokenizer = Tokenizer(try TokenizerTables(model))
    let error = #expect(throws: PromptError.self) {
      try PromptBuilder(
        tokenizer: tokenizer, imageTokenID: 2080, beginTokenID: 2, tokensPerPicture: 1 << 26)
    }
    #expect(error == .placesTooLong(count: 1 << 26, bytes: "<image>".utf8.count))
  }

  @Test(arguments: [(2079, 2), (2080, 40), (1 << 30, 2), (-1, 2), (2080, -5)])
  func `ids of the configuration must be special tokens`(image: Int32, begin: Int32) throws {
    let tokenizer = try TokenizerFixtures.fromJSON(TokenizerFixtures.multilingual)
    #expect(throws: PromptError.self) {
      try PromptBuilder(
        tokenizer: tokenizer, imageTokenID: image, beginTokenID: begin, tokensPerPicture: 2)
    }
  }
}
