import Foundation
import Testing

@testable import BadFiles

/// §2.4: `tokenizer.model`, `tokenizer.json` and text to encode.
enum TokenizerInputs {
  static let all = binaries + documents + files + prompts

  /// The model with `tokenizer.model` alone.
  private static func binary(
    _ line: String, _ what: String, _ problem: String, _ bytes: [UInt8]
  ) -> BadInput {
    BadInput(
      line, what, .refused(problem),
      model: { folder in
        try folder.remove("tokenizer.json")
        try folder.write(bytes, to: "tokenizer.model")
      })
  }

  private static func binary(_ line: String, _ name: String) -> BadInput {
    guard let file = SentencePieceFile.faults.first(where: { $0.name == name }) else {
      preconditionFailure("a tokenizer.model named \(name)")
    }
    return binary(line, name, file.message, file.bytes)
  }

  static let binaries: [BadInput] =
    [
      binary("2.4.1", "an empty file", "tokenizer.model: ", []),
      binary("2.4.1", "garbage", "tokenizer.model: byte ", [UInt8](repeating: 0xFF, count: 40)),
      binary(
        "2.4.1", "a truncated file", "tokenizer.model: ",
        Array(SentencePieceFile().bytes.dropLast(3))),
      binary("2.4.1", "a piece beyond the file", "tokenizer.model: byte ", [0x0A, 0x05, 0x61]),
      binary(
        "2.4.1", "a piece of 2^63 bytes", "tokenizer.model: byte ",
        [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
    ]
    + [
      "2.4.2": ["no unknown piece", "two unknown pieces"],
      "2.4.3": ["a piece twice", "an empty piece", "a piece with NUL"],
      "2.4.4": ["a piece of 200 kB"],
      "2.4.5": [
        "bytes without byte pieces", "a byte piece without byte fallback",
        "256 byte pieces, one misspelt",
      ],
      "2.4.6": ["a score that is NaN", "an infinite score"],
      "2.4.7": ["a piece that is no UTF-8"],
      "2.4.8": ["a piece of no type", "an unknown model type", "no model type"],
      "2.4.9": ["a character map"],
      "2.4.20": ["a unigram model", "no pieces"],
      "2.4.+": ["white space as suffix", "an unused piece"],
    ].sorted { $0.key < $1.key }.flatMap { line, names in names.map { binary(line, $0) } }

  /// The model with this `tokenizer.json`.
  private static func json(
    _ line: String, _ what: String, _ problem: String, _ text: String
  ) -> BadInput {
    BadInput(
      line, what, .refused(problem), model: { try $0.write(text, to: "tokenizer.json") })
  }

  private static func json(_ line: String, _ name: String) -> BadInput {
    guard let fault = BadTokenizer.faults.first(where: { $0.name == name }) else {
      preconditionFailure("a tokenizer.json named \(name)")
    }
    // Ids end at this model's embedding, not at that of the table.
    let new = fault.new.replacingOccurrences(of: "100", with: "491")
    let message = fault.message.replacingOccurrences(of: "below 100", with: "below 491")
    let parts = BadTokenizer.document.split(
      separator: fault.old, maxSplits: 1, omittingEmptySubsequences: false)
    return json(line, name, message, parts.joined(separator: new))
  }

  static let documents: [BadInput] = [
    "2.4.11": ["another version", "no version"],
    "2.4.12": [
      "another model", "another normalizer", "another pre-tokenizer", "another decoder",
      "another post-processor",
    ],
    "2.4.13": [
      "a merge of one part", "a merge of three parts", "two spellings of merges",
      "a merge of no pieces", "a merge to no piece",
    ],
    "2.4.14": [
      "two pieces with one id", "a negative id", "an id as text", "an id that is no integer",
    ],
    "2.4.15": ["a huge id", "an id beyond the embedding"],
    "2.4.16": ["the same piece twice"],
    "2.4.17": [
      "an added token elsewhere", "a gap before an added token", "an added id out of range",
      "an empty added token", "an endless added token", "an added token twice",
    ],
    "2.4.18": ["a regular expression"],
    "2.4.22": ["an empty pattern", "a growing replacement"],
    "2.4.23": ["an unknown template token", "a template id out of range"],
    "2.4.+": ["dropout", "ignored merges", "an inverted split", "a flag that is none"],
  ].sorted { $0.key < $1.key }.flatMap { line, names in names.map { json(line, $0) } }

  private static func edited(_ old: String, _ new: String) -> String {
    BadTokenizer.document.replacingOccurrences(of: old, with: new)
  }

  static let files: [BadInput] = [
    json("2.4.11", "an empty document", "tokenizer.json: ", ""),
    json("2.4.11", "half a document", "tokenizer.json: ", "{"),
    json("2.4.11", "an array", "tokenizer.json: ", "[]"),
    json("2.4.11", "a byte order mark", "byte order mark", "\u{FEFF}" + BadTokenizer.document),
    json("2.4.12", "a model of words", "WordLevel", edited("\"BPE\"", "\"WordLevel\"")),
    json(
      "2.4.16", "pieces that differ in composition", "<bos>",
      edited("\"b\": 2", "\"é\": 2, \"b\": 6, \"e\\u0301\": 7").replacingOccurrences(
        of: "\"id\": 6", with: "\"id\": 8")),
    json(
      "2.4.17", "a million added tokens", "added_tokens",
      edited(
        "\"added_tokens\": [",
        "\"added_tokens\": ["
          + (0..<200_000).map { "{\"id\": \($0), \"content\": \"t\($0)\"}," }.joined())),
    json(
      "2.4.19", "normalizers nested 300 deep", "nested",
      edited(
        "\"normalizer\": {",
        "\"normalizer\": "
          + String(repeating: "{\"type\": \"Sequence\", \"normalizers\": [", count: 300) + "{")),
    json(
      "2.4.20", "an empty vocabulary", "tokenizer.json: ",
      edited("{\"<unk>\": 0, \"a\": 1, \"b\": 2, \"ab\": 3, \"▁\": 4, \"aba\": 5}", "{}")),
    json(
      "2.4.21", "a character map that is no base64", "Precompiled",
      edited(
        "{\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"▁\"}",
        "{\"type\": \"Precompiled\", \"precompiled_charsmap\": \"%%\"}")),
    json(
      "2.4.22", "30 rules that double", "String: a is not supported",
      edited(
        "{\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"▁\"}",
        "{\"type\": \"Sequence\", \"normalizers\": ["
          + Array(
            repeating:
              "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"aa\"}",
            count: 30
          ).joined(separator: ",") + "]}")),
    BadInput(
      "2.4.10", "a tokenizer larger than the embedding", .refused("must be below"),
      model: { folder in
        try folder.copyModel("Tests/Fixtures/parity/gemma-f16-old-buffers")
        try folder.replace("<image>", "<other>", in: "tokenizer.json")
        try folder.replace(
          "\"image_token_index\": 479", "\"image_token_index\": 480", in: "config.json")
      }),
    BadInput(
      "2.4.+", "a tokenizer that is a link out", .refused("leads out of the folder"),
      model: { try $0.link("tokenizer.json", to: "../secret") }),
    BadInput(
      "2.4.+", "a tokenizer that is a link to a pipe outside", .refused("leads out of the folder"),
      model: { try $0.link("tokenizer.json", to: "../pipe") }),
    BadInput(
      "2.4.+", "a tokenizer whose link leads to nothing", .refused("No such file"),
      model: { try $0.link("tokenizer.json", to: "gone") }),
    BadInput(
      "2.4.+", "a tokenizer that is a pipe", .refused("not a regular file"),
      model: { folder in
        try folder.remove("tokenizer.json")
        mkfifo(folder.file("tokenizer.json"), 0o600)
      }),
  ]

  private static func prompt(
    _ line: String, _ what: String, _ verdict: BadInput.Verdict, _ text: String
  ) -> BadInput {
    BadInput(line, what, verdict) { folder in
      let path = try folder.write(try PictureInputs.fixture("rgb8.png"), to: "x.png")
      return [
        "run", try CompiledPlans.picture.get(), "--image", path, "--max-new-tokens", "1", "--json",
        "--prompt", text,
      ]
    }
  }

  static let prompts: [BadInput] = [
    prompt("2.4.24", "no text", .accepted("prompt_tokens"), ""),
    prompt(
      "2.4.24", "120000 times one letter", .refused("--max-tokens"),
      String(repeating: "a", count: 120_000)),
    prompt(
      "2.4.24", "120000 spaces", .refused("--max-tokens"), String(repeating: " ", count: 120_000)),
    prompt(
      "2.4.25", "what is no character", .accepted("prompt_tokens"), "\u{FFFF}\u{FFFD}\u{202E}"),
    prompt("2.4.25", "joined emoji", .accepted("prompt_tokens"), "👩‍👩‍👧‍👦"),
    prompt(
      "2.4.25", "10000 combining marks", .refused("--max-tokens"),
      "a" + String(repeating: "\u{301}", count: 10_000)),
    prompt(
      "2.4.26", "special tokens in a prompt", .accepted("prompt_tokens"), "<eos><bos><loc0033>"),
    prompt(
      "2.4.27", "more tokens than there is room for", .refused("200"),
      String(repeating: "a b ", count: 200)),
  ]
}
