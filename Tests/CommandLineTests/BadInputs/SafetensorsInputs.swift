import Foundation
import Tensors

@testable import BadFiles

/// §2.1: `model.safetensors` and its index.
enum SafetensorsInputs {
  static let all = files + headers + tensors + accepted + checkpoints + index

  /// These bytes as the model's weights.
  private static func weights(
    _ line: String, _ what: String, _ problem: String, _ bytes: [UInt8]
  ) -> BadInput {
    BadInput(line, what, .refused(problem), model: { try $0.write(bytes, to: "model.safetensors") })
  }

  /// A header as the model's weights, with this many bytes of data.
  private static func header(
    _ line: String, _ what: String, _ problem: String, _ text: String, data: Int = 0
  ) -> BadInput {
    weights(line, what, problem, safetensors(text, data: data))
  }

  private static func entry(
    _ line: String, _ what: String, _ problem: String, type: String = "F32", shape: String = "[2]",
    offsets: String = "[0,8]", data: Int = 8
  ) -> BadInput {
    header(line, what, problem, "{\(safetensorsEntry("a", type, shape, offsets))}", data: data)
  }

  static let files: [BadInput] = [
    weights("2.1.1", "0 bytes", "0 bytes are too few", []),
    weights("2.1.1", "7 bytes", "7 bytes are too few", [0, 0, 0, 0, 0, 0, 0]),
    weights("2.1.2", "N = 0", "ends too early", safetensors("", length: 0)),
    weights("2.1.3", "N beyond the file", "cut short", safetensors("{}", length: 50_000_000)),
    weights("2.1.4", "N = 2^64 - 1", "at most 100000000", safetensors("{}", length: .max)),
    weights("2.1.4", "N = 2^63", "at most 100000000", safetensors("{}", length: 1 << 63)),
    weights("2.1.4", "N = 2^63 - 1", "at most 100000000", safetensors("{}", length: 1 << 63 - 1)),
    weights("2.1.5", "N = 10^8 + 1", "at most 100000000", safetensors("{}", length: 100_000_001)),
    BadInput("2.1.5", "N = 10^8 of zeros", .refused("more text")) { folder in
      try folder.copyModel()
      try folder.write(safetensors("{}", length: 100_000_000), to: "model.safetensors")
      try folder.extend("model.safetensors", to: 100_000_008)
      return ["dump", folder.path]
    },
    weights(
      "2.1.6", "0xFF in the header", "not UTF-8",
      safetensors([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D])),
    weights(
      "2.1.6", "an overlong NUL", "not UTF-8",
      safetensors([0x7B, 0x22, 0xC0, 0x80, 0x22, 0x3A, 0x31, 0x7D])),
    weights(
      "2.1.6", "a surrogate's bytes", "not UTF-8",
      safetensors([0x7B, 0x22, 0xED, 0xA0, 0x80, 0x22, 0x3A, 0x31, 0x7D])),
    header("2.1.7", "truncated JSON", "ends too early", "{"),
    header("2.1.7", "an array", "expected an object", "[]"),
    header("2.1.7", "two values", "more text", "{}{}"),
    header("2.1.7", "padding with NUL", "more text", "{}\0\0"),
    header("2.1.7", "a byte order mark", "byte order mark", "\u{FEFF}{}"),
    header("2.1.9", "one byte short", "cut short", "{\(safetensorsEntry())}", data: 7),
    header("2.1.9", "one byte long", "after the last tensor", "{\(safetensorsEntry())}", data: 9),
  ]

  static let headers: [BadInput] = [
    entry("2.1.10", "end before begin", "before it begins", offsets: "[8,0]"),
    entry("2.1.11", "the first one not at 0", "leaving a hole", offsets: "[4,12]", data: 12),
    header(
      "2.1.11", "a hole between two", "leaving a hole after 8",
      "{\(safetensorsEntry()),\(safetensorsEntry("b", "F32", "[2]", "[12,20]"))}", data: 20),
    header(
      "2.1.12", "two tensors on the same bytes", "inside another tensor",
      "{\(safetensorsEntry()),\(safetensorsEntry("b", "F32", "[2]", "[0,8]"))}", data: 8),
    entry("2.1.13", "more elements than bytes", "which takes 12", shape: "[3]"),
    entry("2.1.13", "fewer elements than bytes", "which takes 4", shape: "[1]"),
    entry(
      "2.1.14", "extents beyond 2^64", "too many elements", shape: "[4294967296,4294967296,2]"),
    entry(
      "2.1.14", "bits beyond 2^64", "expected an integer from 0", type: "F64",
      shape: "[2305843009213693952]"),
    entry(
      "2.1.15", "0 first", "a.shape[1]", type: "U8",
      shape: "[0,9223372036854775807,9223372036854775807]", offsets: "[0,0]", data: 0),
    entry(
      "2.1.15", "0 last", "a.shape[0]", type: "U8",
      shape: "[9223372036854775807,9223372036854775807,0]", offsets: "[0,0]", data: 0),
    entry("2.1.16", "a negative extent", "found -2", shape: "[-2]"),
    entry("2.1.16", "an extent of 2.0", "found 2.0", shape: "[2.0]"),
    entry("2.1.16", "an extent of 2e0", "found 2.0", shape: "[2e0]"),
    entry("2.1.16", "an extent as text", "found \"2\"", shape: "[\"2\"]"),
    entry("2.1.16", "an extent of true", "found true", shape: "[true]"),
    entry("2.1.16", "an extent of 2^64", "expected an integer", shape: "[18446744073709551616]"),
    entry(
      "2.1.17", "rank 10000", "an array of at most 8", type: "U8",
      shape: "[\(Array(repeating: "1", count: 10_000).joined(separator: ","))]", offsets: "[0,1]",
      data: 1),
    entry("2.1.18", "Q4_0", "\"Q4_0\" is not supported; supported are F64, F32", type: "Q4_0"),
    entry("2.1.18", "f32", "\"f32\" is not supported", type: "f32"),
    entry("2.1.18", "F4", "\"F4\" is not supported", type: "F4", shape: "[16]"),
    entry("2.1.18", "F8_E8M0", "\"F8_E8M0\" is not supported", type: "F8_E8M0", shape: "[8]"),
    entry("2.1.18", "C64", "\"C64\" is not supported", type: "C64", shape: "[1]"),
    entry(
      "2.1.19", "half a byte of F4", "not supported", type: "F4", shape: "[1]", offsets: "[0,1]",
      data: 1),
  ]

  static let tensors: [BadInput] = [
    header(
      "2.1.20", "a name twice", "\"a\" twice", "{\(safetensorsEntry()),\(safetensorsEntry())}",
      data: 8),
    header(
      "2.1.20", "a name twice with two types", "\"a\" twice",
      "{\(safetensorsEntry()),\(safetensorsEntry("a", "I32"))}", data: 8),
    header(
      "2.1.21", "a field twice", "twice",
      #"{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}"#, data: 1),
    header("2.1.21", "metadata twice", "twice", #"{"__metadata__":{},"__metadata__":{}}"#),
    header(
      "2.1.21", "no type", "a.dtype is missing", #"{"a":{"shape":[1],"data_offsets":[0,1]}}"#,
      data: 1),
    header(
      "2.1.21", "no shape", "a.shape is missing",
      #"{"a":{"dtype":"U8","data_offsets":[0,1]}}"#, data: 1),
    header(
      "2.1.21", "no offsets", "a.data_offsets is missing", #"{"a":{"dtype":"U8","shape":[1]}}"#,
      data: 1),
    header("2.1.22", "metadata that is a number", "found 1", #"{"__metadata__":{"a":1}}"#),
    header(
      "2.1.22", "metadata nested 200 deep", "nested more than",
      "{\"__metadata__\":{\"a\":\(nest(200))}}"),
    header("2.1.24", "100000 deep", "model.safetensors", "{\"a\":\(nest(100_000))}"),
    weights("2.1.25", "600000 empty tensors", "more than 4194304 values", manyTensors),
    header(
      "2.1.25", "65537 empty tensors", "more than 65536 tensors",
      "{\((0...65_536).map { safetensorsEntry("\($0)", "U8", "[0]", "[0,0]") }.joined(separator: ","))}"
    ),
    header(
      "2.1.27", "a lone surrogate", "surrogate",
      #"{"\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: 1),
    header(
      "2.1.+", "an extent of -0", "-0 is no integer",
      "{\(safetensorsEntry("a", "U8", "[-0]", "[0,0]"))}"),
    header("2.1.+", "a tensor of null", "expected an object", #"{"a":null}"#),
    entry("2.1.+", "one offset", "expected two offsets", offsets: "[0]"),
    header(
      "2.1.+", "an extent of NaN", "model.safetensors",
      "{\(safetensorsEntry("a", "F32", "[NaN]"))}", data: 8),
  ]

  private static func nest(_ depth: Int) -> String {
    String(repeating: "[", count: depth) + "0" + String(repeating: "]", count: depth)
  }

  private static let manyTensors = safetensors(
    "{\((0..<600_000).map { safetensorsEntry("\($0)", "U8", "[0]", "[0,0]") }.joined(separator: ","))}"
  )

  /// The model's own weights with their header, and their data, changed.
  private static func model(
    _ line: String, _ what: String, _ says: String = "1 function",
    change: @escaping @Sendable (inout String, inout [UInt8]) -> Void
  ) -> BadInput {
    BadInput(line, what, .accepted(says), model: { try changeWeights($0, change) })
  }

  static func changeWeights(
    _ folder: BadInputFolder, _ change: (inout String, inout [UInt8]) -> Void
  ) throws {
    let file = try SafetensorsFile(path: folder.file("model.safetensors"))
    var text = String(decoding: file.header, as: UTF8.self).trimmingCharacters(in: .whitespaces)
    var data = Array(try folder.bytes("model.safetensors").dropFirst(8 + file.header.count))
    change(&text, &data)
    let length = UInt64(text.utf8.count)
    try folder.write(
      withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array(text.utf8) + data,
      to: "model.safetensors")
  }

  /// A tensor of one byte, or some, that nothing reads, behind all others.
  static func surplus(
    _ name: String, type: String = "U8", bytes: [UInt8] = [7]
  ) -> @Sendable (inout String, inout [UInt8]) -> Void {
    { text, data in
      let entry = safetensorsEntry(
        name, type, "[\(bytes.count)]", "[\(data.count),\(data.count + bytes.count)]")
      text = "\(text.dropLast()),\(entry)}"
      data += bytes
    }
  }

  static let accepted: [BadInput] = [
    model("2.1.8", "white space in front", "3 functions") { text, _ in text = " \n" + text },
    model("2.1.8", "white space behind", "3 functions") { text, _ in text += " \t\n " },
    model("2.1.23", "a field that nobody knows", "3 functions") { text, _ in
      text = text.replacingOccurrences(of: "\"dtype\":", with: "\"new\":{\"x\":[1]},\"dtype\":")
    },
    model("2.1.27", "a name without characters", "is not used: ", change: surplus("")),
    model("2.1.27", "a name that is a path", "is not used: ../../x", change: surplus("../../x")),
    model("2.1.27", "NUL in a name", #"is not used: a\u{0}b"#, change: surplus(#"a\u0000b"#)),
    model(
      "2.1.27", "a terminal's commands in a name", #"is not used: \u{1b}[2J\u{a}"#,
      change: surplus(#"\u001b[2J\n"#)),
    model(
      "2.1.27", "a name of 1 MB", "is not used: xxx",
      change: surplus(String(repeating: "x", count: 1 << 20))),
    model("2.1.27", "names that differ in composition", "2 tensors of the checkpoint") {
      text, data in
      surplus("\u{E9}")(&text, &data)
      surplus("e\u{301}")(&text, &data)
    },
    model("2.1.28", "NaN and Inf", "3 functions") { _, data in
      data.replaceSubrange(0..<8, with: [0, 0, 0xC0, 0x7F, 0, 0, 0x80, 0x7F])
    },
    model(
      "2.1.28", "a truth value of 2", "1 tensor of the checkpoint",
      change: surplus("b", type: "BOOL", bytes: [2])),
  ]

  static let checkpoints: [BadInput] = [
    BadInput("2.1.26", "unaligned tensors and header", .accepted(expectedAnswer)) { folder in
      try folder.copyModel()
      try changeWeights(folder, shift)
      // The plan is the same, as the answer shows.
      return [
        "run", folder.path, "--image", folder.file("picture.png"), "--max-new-tokens", "24",
        "--prompt", "caption en",
      ]
    },
    BadInput("2.1.30", "a matrix of another shape", .refused("instead of [64, 36]")) { folder in
      try folder.copyModel()
      try folder.replace(
        "\"intermediate_size\": 62", "\"intermediate_size\": 64", in: "config.json")
      return ["compile", folder.path, "-o", folder.output("x.plan")]
    },
    BadInput("2.1.30", "a matrix of integers", .refused("instead of F64, F32, F16 or BF16")) {
      folder in
      try folder.copyModel()
      try changeWeights(folder) { text, _ in
        text = text.replacingOccurrences(of: "\"F32\"", with: "\"I32\"")
      }
      return ["compile", folder.path, "-o", folder.output("x.plan")]
    },
  ]

  static let expectedAnswer = (try? PictureRunTests.expected()) ?? "the expected answer"

  /// One byte in front of all tensors, and a header of an odd number of bytes.
  private static func shift(_ text: inout String, _ data: inout [UInt8]) {
    text = text.replacing(/"data_offsets":\[(\d+),(\d+)\]/) { match in
      "\"data_offsets\":[\((Int(match.1) ?? 0) + 1),\((Int(match.2) ?? 0) + 1)]"
    }
    text = "{\(safetensorsEntry("__pad.x", "U8", "[1]", "[0,1]")),\(text.dropFirst())"
    data = [9] + data
    if text.utf8.count % 2 == 0 { text += " " }
  }
}
