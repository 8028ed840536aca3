extension JSON {
  /// The text of the value: the same value always gives the same text, and reading it back gives
  /// the value. Members keep their order; numbers take the fewest digits that read back exactly.
  /// JSON has no infinities and no NaN: they become `null`.
  ///
  /// - Parameter pretty: one member or element per line, two spaces per level.
  public func encoded(pretty: Bool = false) -> String {
    var writer = Writer(pretty: pretty)
    writer.write(self)
    return String(decoding: writer.text, as: UTF8.self)
  }
}

private struct Writer {
  let pretty: Bool
  /// UTF-8.
  var text: [UInt8] = []
  var level = 0

  init(pretty: Bool) { self.pretty = pretty }

  mutating func write(_ value: JSON) {
    switch value {
    case .null: put("null")
    case .bool(let flag): put(flag ? "true" : "false")
    case .integer(let integer): put("\(integer)")
    case .unsigned(let integer): put("\(integer)")
    case .number(let number): put(number.isFinite ? "\(number)" : "null")
    case .string(let string): write(string)
    case .array(let elements):
      list("[", elements, "]") { $0.write($1) }
    case .object(let members):
      list("{", members, "}") { writer, member in
        writer.write(member.key)
        writer.put(writer.pretty ? ": " : ":")
        writer.write(member.value)
      }
    }
  }

  private mutating func list<Item>(
    _ open: String, _ items: [Item], _ close: String, item: (inout Writer, Item) -> Void
  ) {
    put(open)
    level += 1
    for (index, value) in items.enumerated() {
      if index > 0 { put(",") }
      breakLine()
      item(&self, value)
    }
    level -= 1
    if !items.isEmpty { breakLine() }
    put(close)
  }

  private mutating func breakLine() {
    guard pretty else { return }
    put("\n")
    for _ in 0..<level { put("  ") }
  }

  private mutating func write(_ string: String) {
    put("\"")
    if string.utf8.allSatisfy({ Self.isPlain($0) }) {
      put(string)
    } else {
      for scalar in string.unicodeScalars { put(Self.escaped(scalar)) }
    }
    put("\"")
  }

  private mutating func put(_ piece: String) {
    text.append(contentsOf: piece.utf8)
  }

  /// Whether a byte of UTF-8 belongs to no scalar that is escaped: not to ASCII's, not to one of
  /// the blocks where U+0080–U+009F (lead byte C2) and U+2028–U+2029 (E2) stand.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x7F, 0xC2, 0xE2: false
    default: true
    }
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"": return "\\\""
    case "\\": return "\\\\"
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
      let digits = String(scalar.value, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: return String(scalar)
    }
  }
}
