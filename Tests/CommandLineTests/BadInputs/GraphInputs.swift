import Foundation

/// §2.7: textual graphs.
enum GraphInputs {
  static let all = texts + depths + numbers + definitions + others

  private static func graph(
    _ line: String, _ what: String, _ verdict: BadInput.Verdict, _ text: String,
    environment: [String: String] = [:]
  ) -> BadInput {
    BadInput(line, what, verdict, environment: environment) { folder in
      ["compile", try folder.write(text, to: "m.pg"), "-o", folder.output("x.plan")]
    }
  }

  private static func refused(_ line: String, _ what: String, _ problem: String, _ text: String)
    -> BadInput
  {
    graph(line, what, .refused(problem), text)
  }

  /// A module around these lines.
  private static func module(_ body: String) -> String { "module @m {\n\(body)\n}\n" }

  /// A function that negates, around these operations on `%x : f32[2]`, the last of which is `%y`.
  private static func function(_ operations: String, result: String = "f32[2]") -> String {
    module("func @main(%x: f32[2]) -> (y: \(result)) {\n\(operations)\nreturn %y\n}")
  }

  private static let negation = "%y = neg(%x) : f32[2]"

  static let texts: [BadInput] = [
    refused("2.7.1", "an empty file", "m.pg:1:1: expected 'module'", ""),
    refused("2.7.1", "NUL", "m.pg:1:1", "\0\0\0"),
    BadInput(
      "2.7.1", "bytes that are no UTF-8", .refused("m.pg"), file: "m.pg",
      Array("module @m { // ".utf8) + [0xFF, 0xFE] + Array("\n}".utf8)),
    refused("2.7.1", "a byte order mark", "m.pg:1:1", "\u{FEFF}" + function(negation)),
    graph(
      "2.7.1", "lines that end as on Windows", .accepted("1 function"),
      function(negation).replacingOccurrences(of: "\n", with: "\r\n")),
    refused("2.7.8", "a string without an end", "m.pg", module("weight %\"w : f32[2]")),
    refused("2.7.8", "a module without an end", "expected", "module @m {"),
    refused("2.7.8", "an unknown escape", "m.pg", module(#"weight %"\q" : f32[2]"#)),
    refused("2.7.8", "a surrogate as an escape", "m.pg", module(#"weight %"\u{D800}" : f32[2]"#)),
  ]

  static let depths: [BadInput] = [
    refused(
      "2.7.2", "100000 parentheses in a size", "m.pg:",
      module("weight %w : f32[\(String(repeating: "(", count: 100_000))2]")),
    refused(
      "2.7.2", "100000 brackets in a list", "m.pg:",
      function("%y = transpose(%x) {perm = \(String(repeating: "[", count: 100_000))} : f32[2]")),
    refused(
      "2.7.2", "100000 braces", "m.pg:", "module @m " + String(repeating: "{", count: 100_000)),
    refused(
      "2.7.3", "a name of 1 MB", "m.pg:3:1: expected ':'",
      module("weight %\(String(repeating: "w", count: 1 << 20))")),
    BadInput("2.7.3", "more than 64 MB", .refused("larger than 67108864 bytes")) { folder in
      let path = try folder.write("module @m {", to: "m.pg")
      try folder.extend("m.pg", to: 100 << 20)
      return ["compile", path, "-o", folder.output("x.plan")]
    },
    refused(
      "2.7.3", "200000 operands", "m.pg:",
      function(
        "%y = concat(\(Array(repeating: "%x", count: 200_000).joined(separator: ", "))) {axis = 0} : f32[400000]"
      )),
    refused(
      "2.7.3", "4 MB on one line", "m.pg:",
      function(String(repeating: "%y = neg(%x) : f32[2] ", count: 200_000))),
    refused(
      "2.7.7", "an extent of -1", "m.pg:2:", module("weight %w : f32[-1]")),
    refused(
      "2.7.7", "extents beyond 2^64", "too many elements",
      module("weight %w : f32[281474976710656x281474976710656]")),
    refused(
      "2.7.7", "rank 10000", "m.pg:2:",
      module("weight %w : f32[\(Array(repeating: "1", count: 10_000).joined(separator: "x"))]")),
  ]

  private static func constant(_ value: String, _ type: String = "f32[]") -> String {
    function("%c = constant() {value = \(value)} : \(type)\n%y = mul(%x, %c) : f32[2]")
  }

  static let numbers: [BadInput] = [
    refused("2.7.4", "2^63", "m.pg:", constant("9223372036854775808", "i64[]")),
    refused("2.7.4", "-2^63 - 1", "m.pg:", constant("-9223372036854775809", "i64[]")),
    refused("2.7.4", "1e400", "m.pg:", constant("1e400")),
    refused("2.7.4", "a hexadecimal number", "m.pg:", constant("0x1p3")),
    refused("2.7.4", "NaN with a payload", "m.pg:", constant("nan(0x5)")),
    refused(
      "2.7.4", "2^64 as an extent", "too large", module("weight %w : f32[18446744073709551616]")),
    refused(
      "2.7.6", "more elements than the shape", "m.pg:",
      module("buffer %b : f32[2] {value = [1.0, 2.0, 3.0]}")),
    refused(
      "2.7.6", "fewer elements than the shape", "m.pg:",
      module("buffer %b : f32[2] {value = [1.0]}")),
    refused(
      "2.7.6", "2^40 equal elements", "would be more than 1073741824 bytes",
      module("weight %w : f32[1048576x1048576] {value = splat(1.0)}")),
    refused(
      "2.7.6", "2^60 equal elements", "m.pg:2:",
      module("weight %w : f32[1099511627776x1048576] {value = splat(1.0)}")),
    graph(
      "2.7.10", "numbers where a comma is the point", .accepted("1 function"), constant("0.5"),
      environment: ["LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"]),
  ]

  static let definitions: [BadInput] = [
    refused(
      "2.7.5", "a name twice", "defined twice", module("weight %w : f32[1]\nweight %w : f32[1]")),
    refused(
      "2.7.5", "use before definition", "is not defined",
      function("%y = neg(%z) : f32[2]\n%z = neg(%x) : f32[2]")),
    refused(
      "2.7.5", "another type", "expected f32[2]",
      function("%y = neg(%x) : f32[3]", result: "f32[3]")),
    refused("2.7.5", "too few operands", "is missing", function("%y = add(%x) : f32[2]")),
    refused("2.7.5", "too many operands", "m.pg:", function("%y = neg(%x, %x) : f32[2]")),
    refused(
      "2.7.5", "an unknown operation", "unknown operation 'frob'",
      function("%y = frob(%x) : f32[2]")),
    refused(
      "2.7.5", "an unknown attribute", "has no attribute 'eps'",
      function("%y = neg(%x) {eps = 1} : f32[2]")),
    refused(
      "2.7.5", "several errors at once", "(and 2 more)",
      function(
        "%a = neg(%x) : f32[3]\n%b = neg(%x) : f32[4]\n%c = neg(%x) : f32[5]\n%y = neg(%x) : f32[2]"
      )),
    refused(
      "2.7.9", "a value that needs itself", "is not defined", function("%y = neg(%y) : f32[2]")),
    refused(
      "2.7.9", "a function that calls itself", "unknown operation 'main'",
      function("%y = main(%x) : f32[2]")),
    refused(
      "2.7.+", "two functions of one name", "m.pg:",
      function(negation).replacingOccurrences(
        of: "}\n}", with: "}\nfunc @main(%x: f32[2]) -> (y: f32[2]) { return %x }\n}")),
    refused(
      "2.7.+", "an unknown symbol", "symbol 'T' is not defined",
      module("func @f(%x: f32[T]) -> (f32[T]) { return %x }")),
    refused(
      "2.7.+", "a symbol without room", "m.pg:",
      module("symbol T <= 0\nfunc @f(%x: f32[T]) -> (f32[T]) { return %x }")),
    refused(
      "2.7.+", "a symbol of 2^63", "m.pg:",
      module(
        "symbol T <= 9223372036854775807\nfunc @f(%x: f32[TxTxT]) -> (f32[TxTxT]) { return %x }")),
    refused(
      "2.7.+", "division by nothing", "m.pg:",
      function("%y = slice(%x) {axis = 0, start = 0, end = 2, step = 0} : f32[2]")),
    refused(
      "2.7.+", "2^50 bytes of memory", "it asks for",
      module(
        "func @f(%x: f32[1048576x1048576x256]) -> (y: f32[1048576x1048576x256]) { %y = neg(%x) : f32[1048576x1048576x256] return %y }"
      )),
  ]

  static let others: [BadInput] = [
    BadInput("2.7.12", "a pass on a wrong module", .refused("is not defined")) { folder in
      ["pass", "canonicalize", try folder.write(function("%y = neg(%z) : f32[2]"), to: "m.pg")]
    },
    BadInput("2.7.12", "validation of a wrong module", .refused("is not defined")) { folder in
      ["verify", try folder.write(function("%y = neg(%z) : f32[2]"), to: "m.pg")]
    },
  ]
}
