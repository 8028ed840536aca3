import JSON
import Testing

@testable import Pipeline

/// Files that no tokenizer may be built from: each is refused with one line that names the fault.
struct TokenizerRefusalTests {
  /// A change to `document` and a part of the message it must lead to.
  struct Fault: CustomTestStringConvertible {
    let name: String
    let old: String
    let new: String
    let message: String

    init(_ name: String, _ old: String, _ new: String, _ message: String) {
      (self.name, self.old, self.new, self.message) = (name, old, new, message)
    }

    var testDescription: String { name }
  }

  static let document = """
    {"version": "1.0", "truncation": null, "padding": null,
     "added_tokens": [
      {"id": 0, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false,
       "normalized": false, "special": true},
      {"id": 6, "content": "<x>", "single_word": false, "lstrip": false, "rstrip": false,
       "normalized": true, "special": false}],
     "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
     "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious",
      "invert": false},
     "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<unk>", "type_id": 0}},
       {"Sequence": {"id": "A", "type_id": 0}}],
      "pair": [], "special_tokens": {"<unk>": {"id": "<unk>", "ids": [0], "tokens": ["<unk>"]}}},
     "decoder": {"type": "Sequence", "decoders": [
      {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
      {"type": "Fuse"}]},
     "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>",
      "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": true,
      "byte_fallback": true, "ignore_merges": false,
      "vocab": {"<unk>": 0, "a": 1, "b": 2, "ab": 3, "▁": 4, "aba": 5},
      "merges": [["a", "b"], ["ab", "a"]]}}
    """

  static let faults: [Fault] = [
    Fault("another version", "\"1.0\"", "\"2.0\"", "version: 2.0"),
    Fault("no version", "\"version\": \"1.0\",", "", "version"),
    Fault("another model", "\"BPE\"", "\"Unigram\"", "model.type: Unigram"),
    Fault("dropout", "\"dropout\": null", "\"dropout\": 0.1", "model.dropout"),
    Fault("a subword prefix", "_prefix\": null", "_prefix\": \"##\"", "continuing_subword_prefix"),
    Fault("a word suffix", "_suffix\": null", "_suffix\": \"</w>\"", "end_of_word_suffix"),
    Fault("ignored merges", "merges\": false", "merges\": true", "ignore_merges"),
    Fault("no unknown token", "token\": \"<unk>\"", "token\": \"<no>\"", "unk_token"),
    Fault(
      "another normalizer", "{\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}",
      "{\"type\": \"NFKC\", \"pattern\": {\"String\": \" \"}", "NFKC"),
    Fault(
      "a regular expression", "\"String\": \" \"}, \"cont", "\"Regex\": \"(a+)+$\"}, \"cont",
      "String"),
    Fault(
      "an empty pattern", "\"String\": \" \"}, \"cont", "\"String\": \"\"}, \"cont",
      "pattern.String"),
    Fault("a growing replacement", "\"content\": \"▁\"", "\"content\": \"▁▁\"", "content: ▁▁"),
    Fault("another pre-tokenizer", "\"Split\"", "\"ByteLevel\"", "ByteLevel"),
    Fault("another split", "MergedWithPrevious", "Removed", "Removed"),
    Fault("an inverted split", "\"invert\": false", "\"invert\": true", "invert"),
    Fault("another decoder", "\"type\": \"Fuse\"", "\"type\": \"Strip\"", "Strip"),
    Fault("another post-processor", "TemplateProcessing", "RobertaProcessing", "RobertaProcessing"),
    Fault("an unknown template token", "\"<unk>\": {\"id\"", "\"<u>\": {\"id\"", "special_tokens"),
    Fault("a template id out of range", "\"ids\": [0]", "\"ids\": [9999]", "ids[0]"),
    Fault("a merge of one part", "\"ab\", \"a\"]", "\"ab\"]", "merges[1]"),
    Fault("a merge of three parts", "\"ab\", \"a\"]", "\"a\", \"b\", \"a\"]", "merges[1]"),
    Fault("two spellings of merges", "[\"ab\", \"a\"]", "\"ab a\"", "merges[1]"),
    Fault("a merge of no pieces", "\"ab\", \"a\"]", "\"ab\", \"c\"]", "merges[1]"),
    Fault("a merge to no piece", "\"ab\", \"a\"]", "\"a\", \"a\"]", "merges[1]"),
    Fault("two pieces with one id", "\"b\": 2", "\"b\": 1", "two pieces have the id"),
    Fault("the same piece twice", "\"b\": 2", "\"a\": 2", "twice"),
    Fault("a negative id", "\"b\": 2", "\"b\": -1", "not an integer"),
    Fault("an id that is no integer", "\"b\": 2", "\"b\": 2.0", "not an integer"),
    Fault("an id as text", "\"b\": 2", "\"b\": \"2\"", "not an integer"),
    Fault("an id beyond the embedding", "\"b\": 2", "\"b\": 100", "not an integer below 100"),
    Fault("a huge id", "\"b\": 2", "\"b\": 4000000000", "not an integer"),
    Fault("an added token elsewhere", "\"id\": 0", "\"id\": 1", "expected 0"),
    Fault("a gap before an added token", "\"id\": 6", "\"id\": 7", "expected 6"),
    Fault("an added id out of range", "\"id\": 6", "\"id\": 4294967296", "added_tokens[1].id"),
    Fault("an empty added token", "\"<x>\"", "\"\"", "added_tokens[1].content"),
    Fault(
      "an endless added token", "\"<x>\"", "\"\(String(repeating: "x", count: 257))\"",
      "added_tokens[1].content"),
    Fault("an added token twice", "\"<x>\"", "\"<unk>\"", "listed twice"),
    Fault("a flag that is none", "\"normalized\": true", "\"normalized\": 1", "normalized"),
  ]

  @Test func `the unchanged document is a tokenizer`() throws {
    let model = try TokenizerModel(json: Array(Self.document.utf8), idLimit: 100)
    let tokenizer = Tokenizer(try TokenizerTables(model))
    #expect(tokenizer.encode("abab<x>aba?", template: true) == [0, 3, 3, 6, 5, 0])
  }

  @Test(arguments: faults)
  func `a tokenizer.json with one fault is refused by name`(fault: Fault) throws {
    let parts = Self.document.split(
      separator: fault.old, maxSplits: 1, omittingEmptySubsequences: false)
    try #require(parts.count == 2)
    let text = Array("\(parts[0])\(fault.new)\(parts[1])".utf8)
    try expectRefusal(naming: fault.message) { try TokenizerModel(json: text, idLimit: 100) }
  }

  @Test(arguments: ["", "{", "[]", "{}", "\u{FEFF}{}", "null", "{\"version\": \"1.0\"}"])
  func `what is no tokenizer.json at all is refused`(text: String) throws {
    try expectRefusal { try TokenizerModel(json: Array(text.utf8), idLimit: 100) }
  }

  @Test func `a directory without tokenizer files is refused`() throws {
    try expectRefusal(naming: "no tokenizer.json") {
      try TokenizerModel.read(directory: TokenizerFixtures.directory)
    }
  }

  @Test func `pieces that only differ in composition are two pieces`() throws {
    let text = Self.document.replacing("\"b\": 2", with: "\"é\": 2, \"b\": 6, \"e\\u0301\": 7")
      .replacing("\"id\": 6", with: "\"id\": 8")
    let model = try TokenizerModel(json: Array(text.utf8), idLimit: 100)
    let tokenizer = Tokenizer(try TokenizerTables(model))
    #expect(tokenizer.encode("é") == [2])
    #expect(tokenizer.id(ofPiece: "e\u{301}") == 7)
  }
}

/// Expects an error with a one-line description that holds `part`.
func expectRefusal<Result>(
  naming part: String = "", _ body: () throws -> Result,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  do {
    _ = try body()
    Issue.record("accepted", sourceLocation: sourceLocation)
  } catch {
    let line = "\(error)"
    #expect(line.contains(part), sourceLocation: sourceLocation)
    #expect(!line.contains("\n") && line.utf8.count < 600, sourceLocation: sourceLocation)
  }
}
