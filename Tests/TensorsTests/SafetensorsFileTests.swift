import Tensors
import Testing

@testable import BadFiles

@Suite struct SafetensorsFileTests {
  @Test func `entries come in the order of their bytes`() throws {
    let header = """
      {\(safetensorsEntry("b", "U8", "[3]", "[8,11]")),"__metadata__":{"z":"1","a":"2"},
      \(safetensorsEntry("a", "I64", "[]", "[0,8]"))}
      """
    try withTemporaryFile(bytes: safetensors(header, data: 11)) { path in
      let file = try SafetensorsFile(path: path)
      #expect(file.entries.map(\.name) == ["a", "b"])
      #expect(file.metadata == [.init("z", "1"), .init("a", "2")])
      #expect(file.metadata("a") == "2")
      #expect(try file.tensor(named: "a").integers() == [0x0706_0504_0302_0100])
      #expect(try file.tensor(named: "b").integers() == [8, 9, 10])
      #expect(file.entry(named: "c") == nil)
      #expect(throws: SafetensorsError(path: path, problem: .noSuchTensor("c"))) {
        try file.tensor(named: "c")
      }
    }
  }

  /// Headers that are valid, with the size of the data they describe.
  @Test(arguments: [
    ("{}", 0),
    (" \n {} \t", 0),
    ("{\"__metadata__\":{}}", 0),
    ("{\"__metadata__\":null}", 0),
    ("{\(safetensorsEntry())}", 8),
    ("{\(safetensorsEntry("a", "F32", "[0,4]", "[0,0]"))}", 0),
    (
      "{\(safetensorsEntry("a", "F32", "[0]", "[0,0]")),\(safetensorsEntry("b", "U8", "[1]", "[0,1]"))}",
      1
    ),
    (
      "{\(safetensorsEntry("a", "U8", "[1]", "[0,1]")),\(safetensorsEntry("b", "F32", "[1]", "[1,5]"))}",
      5
    ),
    (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":{"x":[1]}}}"#, 1),
    ("{\(safetensorsEntry("", "U8", "[1]", "[0,1]"))}", 1),
    ("{\(safetensorsEntry(",-0,", "U8", "[1]", "[0,1]"))}", 1),
    ("{\(safetensorsEntry("../../x", "U8", "[1]", "[0,1]"))}", 1),
    (
      "{\(safetensorsEntry("\u{E9}", "U8", "[1]", "[0,1]")),\(safetensorsEntry("e\u{301}", "U8", "[1]", "[1,2]"))}",
      2
    ),
    ("{\(safetensorsEntry("a", "U8", "[1,1,1,1,1,1,1,1]", "[0,1]"))}", 1),
  ])
  func `valid headers are accepted`(header: String, data: Int) throws {
    try withTemporaryFile(bytes: safetensors(header, data: data)) { path in
      #expect(throws: Never.self) { try SafetensorsFile(path: path) }
    }
  }

  /// Headers that no file may have, the size of the data, and a part of the message.
  @Test(arguments: [
    ("", 0, "ends too early"),
    ("{", 0, "ends too early"),
    ("[]", 0, "expected an object"),
    ("{}{}", 0, "more text"),
    ("{}\0\0", 0, "more text"),
    ("\u{FEFF}{}", 0, "byte order mark"),
    ("{}", 1, "1 bytes after the last tensor"),
    ("{\(safetensorsEntry())}", 7, "cut short"),
    ("{\(safetensorsEntry())}", 9, "1 bytes after the last tensor"),
    ("{\(safetensorsEntry("a", "F32", "[2]", "[8,0]"))}", 8, "ends at 0, before it begins at 8"),
    ("{\(safetensorsEntry("a", "F32", "[2]", "[4,12]"))}", 12, "leaving a hole after 0"),
    (
      "{\(safetensorsEntry()),\(safetensorsEntry("b", "F32", "[2]", "[12,20]"))}", 20,
      "leaving a hole after 8"
    ),
    (
      "{\(safetensorsEntry()),\(safetensorsEntry("b", "F32", "[2]", "[0,8]"))}", 8,
      "inside another tensor"
    ),
    (
      "{\(safetensorsEntry()),\(safetensorsEntry("b", "F32", "[2]", "[4,12]"))}", 12,
      "inside another tensor"
    ),
    ("{\(safetensorsEntry("a", "F32", "[3]"))}", 8, "8 bytes for f32[3], which takes 12"),
    ("{\(safetensorsEntry("a", "F32", "[1]"))}", 8, "8 bytes for f32[1], which takes 4"),
    ("{\(safetensorsEntry("a", "F32", "[]"))}", 8, "8 bytes for f32[], which takes 4"),
    ("{\(safetensorsEntry("a", "F32", "[4294967296,4294967296,2]"))}", 8, "too many elements"),
    ("{\(safetensorsEntry("a", "F64", "[2305843009213693952]"))}", 8, "expected an integer from 0"),
    (
      "{\(safetensorsEntry("a", "U8", "[0,9223372036854775807,9223372036854775807]", "[0,0]"))}", 0,
      "a.shape[1]"
    ),
    (
      "{\(safetensorsEntry("a", "U8", "[9223372036854775807,9223372036854775807,0]", "[0,0]"))}", 0,
      "a.shape[0]"
    ),
    (
      "{\(safetensorsEntry("a", "U8", "[0,1099511627776,1099511627776]", "[0,0]"))}", 0,
      "too many elements"
    ),
    ("{\(safetensorsEntry("a", "F32", "[-2]"))}", 8, "found -2"),
    ("{\(safetensorsEntry("-0", "U8", "[-0]", "[0,0]"))}", 0, "-0 is no integer"),
    ("{\(safetensorsEntry("a", "F32", "[2.0]"))}", 8, "found 2.0"),
    ("{\(safetensorsEntry("a", "F32", "[2e0]"))}", 8, "found 2.0"),
    ("{\(safetensorsEntry("a", "F32", "[\"2\"]"))}", 8, "found \"2\""),
    ("{\(safetensorsEntry("a", "F32", "[true]"))}", 8, "found true"),
    (
      "{\(safetensorsEntry("a", "F32", "[18446744073709551616]"))}", 8, "expected an integer from 0"
    ),
    ("{\(safetensorsEntry("a", "F32", "[18446744073709551615]"))}", 8, "expected an integer"),
    ("{\(safetensorsEntry("a", "F32", "2"))}", 8, "expected an array"),
    (
      "{\(safetensorsEntry("a", "U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"))}", 1, "an array of at most 8"
    ),
    ("{\(safetensorsEntry("a", "F32", "[2]", "[0]"))}", 8, "expected two offsets"),
    ("{\(safetensorsEntry("a", "F32", "[2]", "[0,8,9]"))}", 8, "an array of at most 2"),
    ("{\(safetensorsEntry("a", "F32", "[2]", "[-8,0]"))}", 8, "found -8"),
    (
      "{\(safetensorsEntry("a", "F32", "[2]", "[0,9223372036854775807]"))}", 8,
      "expected an integer"
    ),
    (
      "{\(safetensorsEntry("a", "F32", "[2]", "[9223372036854775800,9223372036854775807]"))}", 8,
      "expected"
    ),
    ("{\(safetensorsEntry("a", "Q4_0"))}", 8, "\"Q4_0\" is not supported; supported are F64, F32"),
    ("{\(safetensorsEntry("a", "f32"))}", 8, "\"f32\" is not supported"),
    ("{\(safetensorsEntry("a", "F4", "[16]"))}", 8, "\"F4\" is not supported"),
    ("{\(safetensorsEntry("a", "F4", "[1]"))}", 8, "\"F4\" is not supported"),
    ("{\(safetensorsEntry("a", "F8_E8M0", "[8]"))}", 8, "\"F8_E8M0\" is not supported"),
    ("{\(safetensorsEntry("a", "C64", "[1]"))}", 8, "\"C64\" is not supported"),
    ("{\(safetensorsEntry()),\(safetensorsEntry())}", 8, "has the key \"a\" twice"),
    ("{\(safetensorsEntry()),\(safetensorsEntry("a", "I32"))}", 8, "has the key \"a\" twice"),
    (#"{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}"#, 1, "twice"),
    (#"{"__metadata__":{},"__metadata__":{}}"#, 0, "twice"),
    (#"{"a":{"shape":[1],"data_offsets":[0,1]}}"#, 1, "a.dtype is missing"),
    (#"{"a":{"dtype":"U8","data_offsets":[0,1]}}"#, 1, "a.shape is missing"),
    (#"{"a":{"dtype":"U8","shape":[1]}}"#, 1, "a.data_offsets is missing"),
    (#"{"a":null}"#, 0, "expected an object"),
    (#"{"__metadata__":{"a":1}}"#, 0, "__metadata__.a: expected a string, found 1"),
    (#"{"__metadata__":[]}"#, 0, "expected an object"),
    (#"{"\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1, "surrogate"),
    (#"{"a":\#(String(repeating: "[", count: 100_000))"#, 0, "safetensors header"),
    (
      #"{"a":\#(String(repeating: "[", count: 200))0\#(String(repeating: "]", count: 200))}"#, 0,
      "nested"
    ),
  ])
  func `wrong headers are refused with the reason`(
    header: String, data: Int, reason: String
  ) throws {
    try expectRefusal(of: safetensors(header, data: data), reason: reason)
  }

  /// Whole files that are wrong before the header's text matters.
  @Test(
    arguments: [
      ([], "0 bytes are too few"),
      ([0, 0, 0, 0, 0, 0, 0], "7 bytes are too few"),
      (safetensors("", length: 0), "ends too early"),
      (safetensors("{}", length: 3), "a header of 3 bytes in a file of 10"),
      (safetensors("{}", length: 100_000_000), "cut short"),
      (safetensors("{}", length: 100_000_001), "at most 100000000"),
      (safetensors("{}", length: 1 << 63), "at most 100000000"),
      (safetensors("{}", length: (1 << 63) - 1), "at most 100000000"),
      (safetensors("{}", length: UInt64.max), "at most 100000000"),
      (safetensors([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]), "not UTF-8"),
      (safetensors([0x7B, 0x22, 0xC0, 0x80, 0x22, 0x3A, 0x31, 0x7D]), "not UTF-8"),
      (safetensors([0x7B, 0x22, 0xED, 0xA0, 0x80, 0x22, 0x3A, 0x31, 0x7D]), "not UTF-8"),
    ] as [([UInt8], String)])
  func `wrong files are refused with the reason`(bytes: [UInt8], reason: String) throws {
    try expectRefusal(of: bytes, reason: reason)
  }

  @Test func `names are escaped in messages`() throws {
    let name = #"a\u001b[2J\n"#
    try expectRefusal(
      of: safetensors("{\(safetensorsEntry(name, "F33"))}", data: 8),
      reason: #"tensor "a\u{1b}[2J\u{a}""#
    )
  }

  @Test func `the number of tensors is capped`() throws {
    let entries = (0...SafetensorsFile.tensorLimit).map {
      safetensorsEntry("\($0)", "U8", "[0]", "[0,0]")
    }
    try expectRefusal(
      of: safetensors("{\(entries.joined(separator: ","))}"), reason: "more than 65536 tensors")
  }

  /// The header's object, members, keys and numbers are 14 values beside those of `more`.
  @Test func `the number of values in a header is capped`() throws {
    func header(_ count: Int) -> String {
      let zeros = String(repeating: "0,", count: count - 15)
      return #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"more":[\#(zeros)0]}}"#
    }
    let entries = try withTemporaryFile(bytes: safetensors(header(1 << 22))) { path in
      try SafetensorsFile(path: path).entries
    }
    #expect(entries.count == 1)
    try expectRefusal(of: safetensors(header(1 << 22 + 1)), reason: "more than 4194304 values")
  }

  @Test func `every truncation of a file is refused`() throws {
    let bytes = safetensors("{\(safetensorsEntry())}", data: 8)
    for count in bytes.indices {
      try expectRefusal(of: Array(bytes[..<count]), reason: "/file: ")
    }
  }

  func expectRefusal(of bytes: [UInt8], reason: String) throws {
    try withTemporaryFile(bytes: bytes) { path in
      let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
      let message = error?.description ?? ""
      #expect(message.hasPrefix("\(path): "))
      #expect(message.contains(reason))
      #expect(!message.utf8.contains { $0 < 0x20 })
    }
  }
}
