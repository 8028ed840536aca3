import Inputs

/// A place in a source text; both count from 1, columns in bytes.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
  public var line: Int
  public var column: Int
  public var description: String { "\(line):\(column)" }
}

/// One or more things wrong with a textual graph, each with its place.
public struct TextError: Error, Sendable, CustomStringConvertible {
  public struct Item: Hashable, Sendable, CustomStringConvertible {
    public let location: SourceLocation
    public let message: String
    /// One line of plain text, whatever names the message holds.
    public var description: String { "\(location): \(message.printable)" }
  }

  public let items: [Item]

  init(_ items: [Item]) { self.items = items }
  init(_ location: SourceLocation, _ message: String) {
    items = [Item(location: location, message: message)]
  }

  /// The first one in full and how many more there are: errors are one line.
  public var description: String {
    let more = items.count > 1 ? " (and \(items.count - 1) more)" : ""
    return "\(items[0])\(more)"
  }
}

/// Splits a textual graph into tokens. Comments run from `//` to the end of the line.
struct Lexer {
  enum Token: Hashable {
    /// A keyword, op, attribute or symbol name, or element type.
    case word(String)
    /// `%name` or `%"any name"`.
    case value(String)
    /// `@name`.
    case global(String)
    /// `"any name"`, of a result.
    case quoted(String)
    /// A number as written, without a sign.
    case number(String)
    case punctuation(Character)
    case arrow
    case end
  }

  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  private var lineStart = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var location: SourceLocation { SourceLocation(line: line, column: position - lineStart + 1) }

  private func peek(_ ahead: Int = 0) -> UInt8? {
    position + ahead < bytes.count ? bytes[position + ahead] : nil
  }

  mutating func skipBlanks() {
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\n"):
        position += 1
        line += 1
        lineStart = position
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"):
        while let byte = peek(), byte != UInt8(ascii: "\n") { position += 1 }
      default: return
      }
    }
  }

  mutating func next() throws -> Token {
    skipBlanks()
    guard let byte = peek() else { return .end }
    switch byte {
    case UInt8(ascii: "%"):
      position += 1
      return .value(try name(after: "%"))
    case UInt8(ascii: "@"):
      position += 1
      return .global(try name(after: "@"))
    case UInt8(ascii: "\""): return .quoted(try quoted())
    case UInt8(ascii: "-") where peek(1) == UInt8(ascii: ">"):
      position += 2
      return .arrow
    case _ where byte.isDigit: return .number(number())
    case _ where byte.isLetter: return .word(text(while: { $0.isLetter || $0.isDigit }))
    case _ where "()[]{},:=<+-*".utf8.contains(byte):
      position += 1
      return .punctuation(Character(UnicodeScalar(byte)))
    default:
      throw TextError(location, "unexpected character \(Self.shown(byte))")
    }
  }

  /// The raw text of a shape after `f32[`, up to and including the closing bracket.
  mutating func shapeText() throws -> String {
    let start = position
    while let byte = peek(), byte != UInt8(ascii: "]") {
      guard byte.isDigit || byte.isLetter || "()+-*_".utf8.contains(byte) else {
        throw TextError(location, "unexpected character \(Self.shown(byte)) in a shape")
      }
      position += 1
    }
    guard peek() != nil else { throw TextError(location, "the shape has no closing ']'") }
    position += 1
    return String(decoding: bytes[start..<position - 1], as: UTF8.self)
  }

  private mutating func name(after sigil: String) throws -> String {
    if peek() == UInt8(ascii: "\"") { return try quoted() }
    let name = text(while: \.isNamePart)
    guard !name.isEmpty else { throw TextError(location, "expected a name after '\(sigil)'") }
    return name
  }

  /// A name in double quotes; `\"` and `\\` are its only escapes.
  private mutating func quoted() throws -> String {
    let start = location
    position += 1
    var content: [UInt8] = []
    while let byte = peek(), byte != UInt8(ascii: "\""), byte >= 0x20 {
      position += 1
      if byte == UInt8(ascii: "\\") {
        guard let escaped = peek(), escaped == byte || escaped == UInt8(ascii: "\"") else {
          throw TextError(location, "expected \\\" or \\\\")
        }
        content.append(escaped)
        position += 1
      } else {
        content.append(byte)
      }
    }
    guard peek() == UInt8(ascii: "\"") else {
      throw TextError(start, "the name has no closing quote")
    }
    position += 1
    guard let name = String(validating: content, as: UTF8.self), !name.isEmpty else {
      throw TextError(start, "expected a name in UTF-8")
    }
    return name
  }

  private mutating func number() -> String {
    var text = text(while: \.isDigit)
    if peek() == UInt8(ascii: "."), let digit = peek(1), digit.isDigit {
      position += 1
      text += "." + self.text(while: \.isDigit)
    }
    if peek() == UInt8(ascii: "e") {
      let signed = peek(1) == UInt8(ascii: "-") || peek(1) == UInt8(ascii: "+")
      if let digit = peek(signed ? 2 : 1), digit.isDigit {
        text += String(decoding: bytes[position..<position + (signed ? 2 : 1)], as: UTF8.self)
        position += signed ? 2 : 1
        text += self.text(while: \.isDigit)
      }
    }
    return text
  }

  private mutating func text(while isPart: (UInt8) -> Bool) -> String {
    let start = position
    while let byte = peek(), isPart(byte) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private static func shown(_ byte: UInt8) -> String {
    (0x21..<0x7F).contains(byte)
      ? "'\(Character(UnicodeScalar(byte)))'" : "0x\(String(byte, radix: 16))"
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { self >= 0x30 && self <= 0x39 }
  fileprivate var isLetter: Bool {
    let lowered = self | 0x20
    return (lowered >= 0x61 && lowered <= 0x7A) || self == UInt8(ascii: "_")
  }
  /// What a name may hold without quotes.
  var isNamePart: Bool { isDigit || isLetter || self == UInt8(ascii: ".") }
}
