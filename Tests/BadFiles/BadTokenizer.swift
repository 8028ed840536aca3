/// A change to `document` and a part of the message it must lead to.
struct BadTokenizer: Sendable, CustomStringConvertible {
  let name: String
  let old: String
  let new: String
  let message: String

  init(_ name: String, _ old: String, _ new: String, _ message: String) {
    (self.name, self.old, self.new, self.message) = (name, old, new, message)
  }

  var description: String { name }
}

extension BadTokenizer {
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

  static let faults: [BadTokenizer] = [
    BadTokenizer("another version", "\"1.0\"", "\"2.0\"", "version: 2.0"),
    BadTokenizer("no version", "\"version\": \"1.0\",", "", "version"),
    BadTokenizer("another model", "\"BPE\"", "\"Unigram\"", "model.type: Unigram"),
    BadTokenizer("dropout", "\"dropout\": null", "\"dropout\": 0.1", "model.dropout"),
    BadTokenizer(
      "a subword prefix", "_prefix\": null", "_prefix\": \"##\"", "continuing_subword_prefix"),
    BadTokenizer("a word suffix", "_suffix\": null", "_suffix\": \"</w>\"", "end_of_word_suffix"),
    BadTokenizer("ignored merges", "merges\": false", "merges\": true", "ignore_merges"),
    BadTokenizer("no unknown token", "token\": \"<unk>\"", "token\": \"<no>\"", "unk_token"),
    BadTokenizer(
      "another normalizer", "{\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}",
      "{\"type\": \"NFKC\", \"pattern\": {\"String\": \" \"}", "NFKC"),
    BadTokenizer(
      "a regular expression", "\"String\": \" \"}, \"cont", "\"Regex\": \"(a+)+$\"}, \"cont",
      "String"),
    BadTokenizer(
      "an empty pattern", "\"String\": \" \"}, \"cont", "\"String\": \"\"}, \"cont",
      "pattern.String"),
    BadTokenizer(
      "a growing replacement", "\"content\": \"▁\"", "\"content\": \"▁▁\"", "content: ▁▁"),
    BadTokenizer("another pre-tokenizer", "\"Split\"", "\"ByteLevel\"", "ByteLevel"),
    BadTokenizer("another split", "MergedWithPrevious", "Removed", "Removed"),
    BadTokenizer("an inverted split", "\"invert\": false", "\"invert\": true", "invert"),
    BadTokenizer("another decoder", "\"type\": \"Fuse\"", "\"type\": \"Strip\"", "Strip"),
    BadTokenizer(
      "a decoder of another mark", "\"String\": \"▁\"}, \"content\": \" \"",
      "\"String\": \"_\"}, \"content\": \" \"", "pattern.String"),
    BadTokenizer(
      "another post-processor", "TemplateProcessing", "RobertaProcessing", "RobertaProcessing"),
    BadTokenizer(
      "an unknown template token", "\"<unk>\": {\"id\"", "\"<u>\": {\"id\"", "special_tokens"),
    BadTokenizer("a template id out of range", "\"ids\": [0]", "\"ids\": [9999]", "ids[0]"),
    BadTokenizer("the first template id that is none", "\"ids\": [0]", "\"ids\": [100]", "ids[0]"),
    BadTokenizer("a merge of one part", "\"ab\", \"a\"]", "\"ab\"]", "merges[1]"),
    BadTokenizer("a merge of three parts", "\"ab\", \"a\"]", "\"a\", \"b\", \"a\"]", "merges[1]"),
    BadTokenizer("two spellings of merges", "[\"ab\", \"a\"]", "\"ab a\"", "merges[1]"),
    BadTokenizer("a merge of no pieces", "\"ab\", \"a\"]", "\"ab\", \"c\"]", "merges[1]"),
    BadTokenizer("a merge to no piece", "\"ab\", \"a\"]", "\"a\", \"a\"]", "merges[1]"),
    BadTokenizer("two pieces with one id", "\"b\": 2", "\"b\": 1", "two pieces have the id"),
    BadTokenizer("the same piece twice", "\"b\": 2", "\"a\": 2", "twice"),
    BadTokenizer("a negative id", "\"b\": 2", "\"b\": -1", "not an integer"),
    BadTokenizer("an id that is no integer", "\"b\": 2", "\"b\": 2.0", "not an integer"),
    BadTokenizer("an id as text", "\"b\": 2", "\"b\": \"2\"", "not an integer"),
    BadTokenizer(
      "an id beyond the embedding", "\"b\": 2", "\"b\": 100", "not an integer below 100"),
    BadTokenizer("a huge id", "\"b\": 2", "\"b\": 4000000000", "not an integer"),
    BadTokenizer("an added token elsewhere", "\"id\": 0", "\"id\": 1", "expected 0"),
    BadTokenizer("a gap before an added token", "\"id\": 6", "\"id\": 7", "expected 6"),
    BadTokenizer(
      "an added id out of range", "\"id\": 6", "\"id\": 4294967296", "added_tokens[1].id"),
    BadTokenizer("an empty added token", "\"<x>\"", "\"\"", "added_tokens[1].content"),
    BadTokenizer(
      "an endless added token", "\"<x>\"", "\"\(String(repeating: "x", count: 257))\"",
      "added_tokens[1].content"),
    BadTokenizer("an added token twice", "\"<x>\"", "\"<unk>\"", "listed twice"),
    BadTokenizer("a flag that is none", "\"normalized\": true", "\"normalized\": 1", "normalized"),
  ]
}
