/// Where a text stops being JSON, and why. Found by a plain scanner that only runs when the fast
/// reader has refused a text.
public struct SyntaxFault: Error, Equatable, Sendable {
  /// Bytes from the start of the text.
  public var offset: Int
  public var problem: String

  public init(offset: Int, problem: String) {
    self.offset = offset
    self.problem = problem
  }

  /// A text that the fast reader refuses only because of values beyond its standard, written anew: integers
  /// beyond 64 bits get `.0` behind them, so that they are read as the nearest `Double`, and Python's
  /// `NaN` and `Infinity` become strings. Throws the first fault of any other text.
  static func rewritten(
    _ text: [UInt8], from dialect: JSON.Dialect
  ) throws(SyntaxFault) -> [UInt8] {
    var scanner = SyntaxScanner(text: text, dialect: dialect)
    try scanner.scan()
    guard !scanner.insertions.isEmpty else {
      throw SyntaxFault(offset: text.count, problem: "the text is not acceptable")
    }
    var result: [UInt8] = []
    result.reserveCapacity(text.count + 2 * scanner.insertions.count)
    var done = 0
    for insertion in scanner.insertions {
      result += text[done..<insertion.offset]
      result += insertion.text.utf8
      done = insertion.offset
    }
    return result + text[done...]
  }

  /// The first integer written `-0` in a valid text. `JSON` reads it as 0; formats whose other
  /// readers take it for a fraction must refuse it.
  package static func negativeZero(in text: [UInt8]) -> SyntaxFault? {
    let mayHoldOne = text.withUnsafeBufferPointer { bytes in
      bytes.indices.dropLast().contains {
        bytes[$0] == UInt8(ascii: "-") && bytes[$0 + 1] == UInt8(ascii: "0")
      }
    }
    guard mayHoldOne else { return nil }
    var scanner = SyntaxScanner(text: text, dialect: .standard)
    try? scanner.scan()
    return scanner.negativeZero.map { SyntaxFault(offset: $0, problem: "-0 is no integer") }
  }
}

/// Walks a JSON text with an explicit stack and throws at the first byte that cannot belong to it.
private struct SyntaxScanner {
  let text: [UInt8]
  let dialect: JSON.Dialect
  var position = 0
  /// The closing bytes of the open containers.
  var closers: [UInt8] = []
  /// Whether the innermost container has just been opened: nothing or an item follows, no comma.
  var isFresh = false
  /// Where the first integer `-0` stands.
  var negativeZero: Int?
  /// What makes standard JSON of the text, in its order: `.0` behind integers that fit neither `Int64`
  /// nor `UInt64`, quotes around Python's values that are not finite.
  var insertions: [(offset: Int, text: String)] = []

  init(text: [UInt8], dialect: JSON.Dialect) { (self.text, self.dialect) = (text, dialect) }

  mutating func scan() throws(SyntaxFault) {
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { throw fault("a byte order mark") }
    try scanValue()
    while let closer = closers.last {
      skipSpace()
      if take(closer) {
        closers.removeLast()
        isFresh = false
      } else {
        if !isFresh { try expect(",", or: Character(UnicodeScalar(closer))) }
        try scanItem(isMember: closer == UInt8(ascii: "}"))
      }
    }
    skipSpace()
    if peek != nil { throw fault("more text after the value") }
  }

  /// One element or member.
  private mutating func scanItem(isMember: Bool) throws(SyntaxFault) {
    if isMember {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw fault("expected a key in quotes") }
      try scanString()
      skipSpace()
      try expect(":")
    }
    try scanValue()
  }

  /// A scalar or the opening bracket of a container.
  private mutating func scanValue() throws(SyntaxFault) {
    skipSpace()
    isFresh = false
    if dialect == .python, takeNotFinite() { return }
    switch peek {
    case UInt8(ascii: "["): open(closer: "]")
    case UInt8(ascii: "{"): open(closer: "}")
    case UInt8(ascii: "\""): try scanString()
    case UInt8(ascii: "t"): try scanWord("true")
    case UInt8(ascii: "f"): try scanWord("false")
    case UInt8(ascii: "n"): try scanWord("null")
    case UInt8(ascii: "-"): try scanNumber()
    case _ where isDigit: try scanNumber()
    default: throw fault("expected a value")
    }
  }

  /// Takes one of Python's words for numbers that are not finite.
  private mutating func takeNotFinite() -> Bool {
    let words = ["NaN", "Infinity", "-Infinity"]
    guard let word = words.first(where: { text[position...].starts(with: $0.utf8) }) else {
      return false
    }
    insertions.append((position, "\""))
    position += word.utf8.count
    insertions.append((position, "\""))
    return true
  }

  private mutating func open(closer: Unicode.Scalar) {
    position += 1
    closers.append(UInt8(ascii: closer))
    isFresh = true
  }

  private mutating func scanWord(_ word: StaticString) throws(SyntaxFault) {
    let start = position
    for index in 0..<word.utf8CodeUnitCount where !take(word.utf8Start[index]) {
      throw fault("expected a value", at: start)
    }
  }

  /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, then its range.
  private mutating func scanNumber() throws(SyntaxFault) {
    let start = position
    _ = take(UInt8(ascii: "-"))
    if take(UInt8(ascii: "0")) {
      if isDigit { throw fault("a number with a leading zero", at: start) }
    } else {
      try scanDigits()
    }
    var isInteger = true
    if take(UInt8(ascii: ".")) {
      isInteger = false
      try scanDigits()
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isInteger = false
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try scanDigits()
    }
    let digits = String(decoding: text[start..<position], as: UTF8.self)
    if isInteger, digits == "-0" { negativeZero = negativeZero ?? start }
    if isInteger, Int64(digits) != nil || UInt64(digits) != nil { return }
    guard Double(digits)?.isFinite == true else { throw fault("a number out of range", at: start) }
    if isInteger { insertions.append((position, ".0")) }
  }

  private mutating func scanDigits() throws(SyntaxFault) {
    guard isDigit else { throw fault("expected a digit") }
    while isDigit { position += 1 }
  }

  private mutating func scanString() throws(SyntaxFault) {
    let start = position
    position += 1
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return
      case UInt8(ascii: "\\"): try scanEscape()
      case 0..<0x20: throw fault("a control character in a string")
      case 0x80...: try scanMultibyte()
      default: position += 1
      }
    }
    throw fault("a string without end", at: start)
  }

  private mutating func scanEscape() throws(SyntaxFault) {
    let start = position
    position += 1
    if take(UInt8(ascii: "u")) {
      let unit = try scanHexadecimal()
      guard 0xD800...0xDFFF ~= unit else { return }
      guard unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")),
        0xDC00...0xDFFF ~= (try scanHexadecimal())
      else { throw fault("half of a surrogate pair", at: start) }
    } else if let byte = peek, "\"\\/bfnrt".utf8.contains(byte) {
      position += 1
    } else {
      throw fault("an unknown escape", at: start)
    }
  }

  private mutating func scanHexadecimal() throws(SyntaxFault) -> Int {
    var value = 0
    for _ in 0..<4 {
      guard let digit = peek.flatMap({ Character(UnicodeScalar($0)).hexDigitValue }) else {
        throw fault("expected four hexadecimal digits")
      }
      value = value * 16 + digit
      position += 1
    }
    return value
  }

  /// One UTF-8 sequence of two to four bytes.
  private mutating func scanMultibyte() throws(SyntaxFault) {
    for length in 2...4 where position + length <= text.count {
      let sequence = text[position..<position + length]
      if let scalars = String(validating: sequence, as: UTF8.self)?.unicodeScalars,
        scalars.count == 1
      {
        position += length
        return
      }
    }
    throw fault("bytes that are not UTF-8")
  }

  private var peek: UInt8? { position < text.count ? text[position] : nil }

  private var isDigit: Bool { peek.map { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ?? false }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    position += 1
    return true
  }

  private mutating func expect(
    _ byte: Unicode.Scalar, or other: Character? = nil
  ) throws(SyntaxFault) {
    guard take(UInt8(ascii: byte)) else {
      throw fault("expected '\(byte)'" + (other.map { " or '\($0)'" } ?? ""))
    }
  }

  private mutating func skipSpace() {
    while let byte = peek, [0x20, 0x0A, 0x0D, 0x09].contains(byte) { position += 1 }
  }

  private func fault(_ problem: String, at offset: Int? = nil) -> SyntaxFault {
    let isAtEnd = offset == nil && position >= text.count
    return SyntaxFault(
      offset: offset ?? position, problem: isAtEnd ? "the text ends too early" : problem)
  }
}
