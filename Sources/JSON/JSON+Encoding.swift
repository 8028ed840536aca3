extension JSON {
  /// The text of the value: the same value always gives the same text, and reading it back gives
  /// the value. Members keep their order; numbers take the fewest digits that read back exactly.
  /// JSON has no infinities and no NaN: they become `null`.
  ///
  /// - Parameter pretty: one member or element per line, two spaces per level.
  public func encoded(pretty: Bool = false) -> String {
    var writer = Writer(pretty: pretty)
    writer.write(self)
    return writer.text
  }
}

private struct Writer {
  let pretty: Bool
  var text = ""
  var level = 0

  init(pretty: Bool) { self.pretty = pretty }

  mutating func write(_ value: JSON) {
    switch value {
    case .null: text += "null"
    case .bool(let flag): text += flag ? "true" : "false"
    case .integer(let integer): text += "\(integer)"
    case .unsigned(let integer): text += "\(integer)"
    case .number(let number): text += number.isFinite ? "\(number)" : "null"
    case .string(let string): write(string)
    case .array(let elements):
      list("[", elements, "]") { $0.write($1) }
    case .object(let members):
      list("{", members, "}") { writer, member in
        writer.write(member.key)
        writer.text += writer.pretty ? ": " : ":"
        writer.write(member.value)
      }
    }
  }

  private mutating func list<Item>(
    _ open: String, _ items: [Item], _ close: String, item: (inout Writer, Item) -> Void
  ) {
    text += open
    level += 1
    for (index, value) in items.enumerated() {
      if index > 0 { text += "," }
      breakLine()
      item(&self, value)
    }
    level -= 1
    if !items.isEmpty { breakLine() }
    text += close
  }

  private mutating func breakLine() {
    guard pretty else { return }
    text += "\n" + String(repeating: "  ", count: level)
  }

  private mutating func write(_ string: String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
