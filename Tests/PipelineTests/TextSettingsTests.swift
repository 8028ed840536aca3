import Foundation
import JSON
import Testing

@testable import Pipeline

/// How texts become rows of ids for SigLIP; `Tools/references/mini_siglip.py` wrote the references.
@Suite struct TextSettingsTests {
  static let directory = TokenizerFixtures.tests + "/../../Examples/mini-siglip"

  static func tokenizer() throws -> Tokenizer { try TokenizerFixtures.fromJSON(directory) }

  /// Reads a `tokenizer_config.json` beside a file that stands for the tokenizer's own.
  static func read(_ config: String?, beside name: String = "tokenizer.json") throws -> TextSettings
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data().write(to: folder.appending(path: name))
    if let config {
      try Data(config.utf8).write(to: folder.appending(path: "tokenizer_config.json"))
    }
    return try TokenizerConfig(directory: folder.path)
      .textSettings(tokenizer(), positionCount: 48)
  }

  @Test func `ids equal those of transformers under every setting`() throws {
    let path = TokenizerFixtures.tests + "/../Fixtures/mini-siglip.json"
    let reference = JSONField(try JSON.parse(path: path, limits: JSON.Limits(bytes: 1 << 20)))
    let cases = try reference.member("tokenizers").elements()
    #expect(cases.count == 8)
    let tokenizer = try Self.tokenizer()
    for field in cases {
      let config = try #require(try field.member("config").value).encoded()
      let ids = try Self.read(config).ids(of: "a red circle", tokenizer)
      #expect(try ids == TokenizerFixtures.ids(field.member("ids")).map { Int($0) }, "\(config)")
    }
  }

  @Test(
    arguments: [
      (nil, 48, [1]), ("{}", 48, [1]), (#"{"model_max_length": 1e30}"#, 48, [1]),
      (#"{"model_max_length": 1000000000000000019884624838656}"#, 48, [1]),
      (#"{"model_max_length": null, "pad_token": null}"#, 48, [1]),
    ] as [(String?, Int, [Int])])
  func `without a limit a row is as long as the tower reads`(
    config: String?, length: Int, suffix: [Int]
  ) throws {
    let settings = try Self.read(config)
    #expect(
      settings
        == TextSettings(
          length: length, padToken: 0, padsLeft: false, prefix: [], suffix: suffix))
  }

  /// What transformers does with a `tokenizer.model` needs another library than it does otherwise.
  @Test(
    arguments: [
      (#"{"add_bos_token": true, "add_eos_token": true}"#, [2], [1]),
      (#"{"add_bos_token": false, "add_eos_token": true}"#, [], [1]),
      (#"{"add_bos_token": true, "add_eos_token": false, "bos_token": "<unk>"}"#, [3], []),
      ("{}", [], [1]),
    ] as [(String, [Int], [Int])])
  func `beside a tokenizer.model the flags say what stands around a text`(
    config: String, prefix: [Int], suffix: [Int]
  ) throws {
    let settings = try Self.read(config, beside: "tokenizer.model")
    #expect(settings.prefix == prefix && settings.suffix == suffix)
  }

  @Test(arguments: [
    (#"{"model_max_length": 64}"#, "model_max_length: 64 tokens are more than the text tower's"),
    (#"{"model_max_length": 0}"#, "model_max_length: expected an integer from 1 to 65536, found 0"),
    (#"{"model_max_length": 4.5}"#, "model_max_length: expected an integer"),
    (#"{"model_max_length": "48"}"#, "model_max_length: expected a number, found \"48\""),
    (#"{"pad_token": "[PAD]"}"#, "pad_token: the tokenizer has no [PAD]"),
    (#"{"pad_token": 0}"#, "pad_token: expected a string, found 0"),
    (#"{"pad_token": {"content": "[PAD]"}}"#, "pad_token.content: the tokenizer has no [PAD]"),
    (#"{"padding_side": "both"}"#, "padding_side: expected \"left\" or \"right\""),
    (
      #"{"tokenizer_class": "SiglipTokenizer"}"#,
      "tokenizer_class: SiglipTokenizer is not supported"
    ),
    (#"{"tokenizer_class": "Siglip2Tokenizer"}"#, "tokenizer_class: Siglip2Tokenizer is not"),
    ("[]", "expected an object"), ("{", "not valid JSON"),
  ])
  func `a wrong setting is refused by name`(config: String, problem: String) {
    let error = #expect(throws: TokenizerError.self) { try Self.read(config) }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("tokenizer_config.json: ") && text.contains(problem), "\(text)")
    #expect(!text.contains("\n"))
  }

  @Test func `a text that fills the row is whole and a longer one refused`() throws {
    let tokenizer = try Self.tokenizer()
    let settings = try Self.read(#"{"model_max_length": 4}"#)
    #expect(try settings.ids(of: "a red circle", tokenizer) == [516, 406, 380, 1])
    #expect(throws: ScoringError.textTooLong("a red circle.", tokens: 5, limit: 4)) {
      try settings.ids(of: "a red circle.", tokenizer)
    }
  }

  @Test func `settings read back as they are written`() throws {
    let settings = TextSettings(
      length: 7, padToken: 3, padsLeft: true, prefix: [2], suffix: [1, 4])
    #expect(try TextSettings(json: JSONField(settings.json)) == settings)
  }
}
