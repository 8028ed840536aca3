import JSON
import Testing

/// What Python's `json` writes beyond the standard.
@Suite struct JSONDialectTests {
  static func parse(_ text: String, _ dialect: JSON.Dialect) throws(JSONError) -> JSON {
    try JSON.parse(Array(text.utf8), limits: .init(bytes: 1 << 20), dialect: dialect)
  }

  @Test func `Python's numbers that are not finite are read as strings of their names`() throws {
    let text =
      #"{"a": NaN, "b": [Infinity,-Infinity , -1], "c": 123456789012345678901234, "NaN": 2}"#
    #expect(
      try Self.parse(text, .python)
        == [
          "a": "NaN", "b": ["Infinity", "-Infinity", -1], "c": 123_456_789_012_345_678_901_234.0,
          "NaN": 2,
        ])
    #expect(try Self.parse("NaN", .python) == "NaN")
    #expect(throws: JSONError.self) { try Self.parse(text, .standard) }
  }

  @Test(arguments: [
    "{\"a\": nan}", "{\"a\": -NaN}", "{\"a\": Inf}", "{\"a\": NaNs}", "{NaN: 1}",
    "{\"a\": +Infinity}",
    "{\"a\": Infinity1}", "[NaN NaN]", "[1e999]", "[NaN",
  ])
  func `no other words are numbers`(text: String) {
    #expect(throws: JSONError.self) { try Self.parse(text, .python) }
  }

  @Test func `a reader that asks for a number gets none`() throws {
    let field = JSONField(try Self.parse("{\"a\": NaN}", .python))
    let error = #expect(throws: JSONError.self) { try field.member("a").double() }
    #expect(error.map { "\($0)" } == "a: expected a number, found \"NaN\"")
  }
}
