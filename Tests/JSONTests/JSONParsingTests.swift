import JSON
import Testing

@Suite struct JSONParsingTests {
  static func parse(_ text: String) throws(JSONError) -> JSON {
    try JSON.parse(text, limits: .init(bytes: 1 << 20))
  }

  @Test(
    arguments: [
      ("null", .null),
      (" \t\r\ntrue\n", true),
      ("false", false),
      ("0", 0),
      ("-0", 0),
      ("9223372036854775807", .integer(Int64.max)),
      ("-9223372036854775808", .integer(Int64.min)),
      ("9223372036854775808", .unsigned(1 << 63)),
      ("18446744073709551615", .unsigned(UInt64.max)),
      ("18446744073709551616", 0x1p64),
      ("-9223372036854775809", -0x1p63),
      ("1000000000000000019884624838656", 1e30),
      (
        "[1,123456789012345678901234567890,-99999999999999999999]",
        [1, 1.2345678901234568e29, -1e20]
      ),
      ("2.0", 2.0),
      ("2e0", 2.0),
      ("1e308", 1e308),
      ("1e-999", 0.0),
      ("5e-324", .number(.leastNonzeroMagnitude)),
      (#""""#, ""),
      (#""a\u0000\n\"\\\/\ud83d\ude00""#, "a\0\n\"\\/😀"),
      (#""<image>▁😀""#, "<image>▁😀"),
      ("[]", []),
      ("{}", [:]),
      ("[1,[2,[]],{}]", [1, [2, []], [:]]),
      (#"{"b":1,"a":{"":null}}"#, ["b": 1, "a": ["": nil]]),
    ] as [(String, JSON)])
  func `reads values exactly and in order`(text: String, value: JSON) throws {
    #expect(try Self.parse(text) == value)
  }

  @Test func `an integer is not the equal number`() throws {
    #expect(try Self.parse("2") != Self.parse("2.0"))
  }

  @Test func `canonically equivalent keys are two keys`() throws {
    let value = try Self.parse("{\"\u{E9}\":1,\"e\u{301}\":2}")
    #expect(value["\u{E9}"] == 1)
    #expect(value["e\u{301}"] == 2)
  }

  @Test(arguments: [
    ("", 0, "ends too early"),
    ("  ", 2, "ends too early"),
    ("{", 1, "ends too early"),
    ("[1,2", 4, "ends too early"),
    ("\u{FEFF}{}", 0, "byte order mark"),
    ("[1,]", 3, "expected a value"),
    (#"{"a":1,}"#, 7, "expected a key"),
    (#"{"a" 1}"#, 5, "expected ':'"),
    (#"{"a":1 "b":2}"#, 7, "expected ',' or '}'"),
    ("[1 2]", 3, "expected ',' or ']'"),
    ("{1:2}", 1, "expected a key"),
    ("{} {}", 3, "more text"),
    ("{}\0", 2, "more text"),
    ("{}\0\0\0\0", 2, "more text"),
    ("[1}", 2, "expected ',' or ']'"),
    ("// note\n{}", 0, "expected a value"),
    ("NaN", 0, "expected a value"),
    ("[Infinity]", 1, "expected a value"),
    ("[-Infinity]", 2, "expected a digit"),
    ("nul", 0, "expected a value"),
    ("truex", 4, "more text"),
    ("[1e999]", 1, "out of range"),
    ("-1e999", 0, "out of range"),
    ("[18446744073709551616, 1e999]", 23, "out of range"),
    ("[18446744073709551616,]", 22, "expected a value"),
    (String(repeating: "9", count: 5000), 0, "out of range"),
    ("01", 0, "leading zero"),
    ("[-01]", 1, "leading zero"),
    ("1.", 2, "ends too early"),
    ("[1.]", 3, "expected a digit"),
    ("[.5]", 1, "expected a value"),
    ("[+1]", 1, "expected a value"),
    ("0x10", 1, "more text"),
    ("'a'", 0, "expected a value"),
    (#""abc"#, 0, "string without end"),
    ("\"a\nb\"", 2, "control character"),
    ("\"a\0b\"", 2, "control character"),
    (#""\x""#, 1, "unknown escape"),
    (#""\u12g4""#, 5, "four hexadecimal digits"),
    (#""a\ud800""#, 2, "surrogate"),
    (#""a\udc00""#, 2, "surrogate"),
    (#""a\ud800\ud800""#, 2, "surrogate"),
    (#"{"\udfff":1}"#, 2, "surrogate"),
  ])
  func `names the byte where a text stops being JSON`(
    text: String, offset: Int, problem: String
  ) throws {
    let error = #expect(throws: JSONError.self) { try Self.parse(text) }
    guard case .malformed(let fault) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(fault.offset == offset)
    #expect(fault.problem.contains(problem))
  }

  @Test(
    arguments: [
      [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x96], [0x80],
    ] as [[UInt8]])
  func `bytes that are not UTF-8 are refused, never repaired`(bytes: [UInt8]) {
    let text = Array("[\"a".utf8) + bytes + Array("\"]".utf8)
    #expect(
      throws: JSONError.malformed(SyntaxFault(offset: 3, problem: "bytes that are not UTF-8"))
    ) {
      try JSON.parse(text, limits: .init(bytes: 100))
    }
  }

  @Test func `UTF-16 is refused`() {
    let text = "{}".utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    #expect(throws: JSONError.self) { try JSON.parse(text, limits: .init(bytes: 100)) }
  }

  @Test(arguments: [
    (#"{"a":1,"a":1}"#, "a", ""),
    (#"{"\u0061":1,"a":2}"#, "a", ""),
    (#"{"x":[0,{"y":{"k":1,"j":2,"k":3}}]}"#, "k", "x[1].y"),
  ])
  func `equal keys are refused by name and place`(text: String, key: String, path: String) {
    #expect(throws: JSONError.duplicateKey(key, path: path)) { try Self.parse(text) }
  }

  @Test func `many keys differ and one repeats`() throws {
    let members = (0..<5000).map { "\"key\($0)\":\($0)" }
    let text = "{" + members.joined(separator: ",")
    guard case .object(let read) = try Self.parse(text + "}") else {
      Issue.record("no object")
      return
    }
    #expect(read.count == 5000)
    #expect(read[4999] == JSON.Member("key4999", 4999))
    #expect(throws: JSONError.duplicateKey("key17", path: "")) {
      try Self.parse(text + ",\"key17\":0}")
    }
  }

  @Test func `depth is capped`() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + "0" + String(repeating: "]", count: depth)
    }
    #expect(throws: Never.self) { try Self.parse(nested(64)) }
    #expect(throws: JSONError.tooDeep(limit: 64)) { try Self.parse(nested(65)) }
    #expect(throws: JSONError.tooDeep(limit: 64)) { try Self.parse(nested(100_000)) }
    #expect(throws: JSONError.self) { try Self.parse(String(repeating: "{\"a\":", count: 100_000)) }
  }

  @Test func `size is capped`() {
    #expect(throws: JSONError.tooLarge(bytes: 3, limit: 2)) {
      try JSON.parse("[1]", limits: .init(bytes: 2))
    }
  }

  @Test func `the number of values is capped`() throws {
    #expect(try JSON.parse("[1,{\"a\":2}]", limits: .init(bytes: 99, values: 5)) == [1, ["a": 2]])
    #expect(throws: JSONError.tooManyValues(limit: 4)) {
      try JSON.parse("[1,{\"a\":2}]", limits: .init(bytes: 99, values: 4))
    }
  }

  @Test(arguments: ["/dev/zero", "/", "/nonexistent/file.json", "", "a\0b"])
  func `only regular files are read`(path: String) {
    #expect(throws: JSONError.self) { try JSON.parse(path: path, limits: .init(bytes: 100)) }
  }
}
