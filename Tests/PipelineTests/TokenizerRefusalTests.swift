import Testing

@testable import BadFiles
@testable import Pipeline

/// Files that no tokenizer may be built from: each is refused with one line that names the fault.
struct TokenizerRefusalTests {
  @Test func `the unchanged document is a tokenizer`() throws {
    let model = try TokenizerModel(json: Array(BadTokenizer.document.utf8), idLimit: 100)
    let tokenizer = Tokenizer(try TokenizerTables(model))
    #expect(tokenizer.encode("abab<x>aba?", template: true) == [0, 3, 3, 6, 5, 0])
  }

  @Test(arguments: BadTokenizer.faults)
  func `a tokenizer.json with one fault is refused by name`(fault: BadTokenizer) throws {
    let parts = BadTokenizer.document.split(
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
    let text = BadTokenizer.document.replacing(
      "\"b\": 2", with: "\"é\": 2, \"b\": 6, \"e\\u0301\": 7"
    )
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
