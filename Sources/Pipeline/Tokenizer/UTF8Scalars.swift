/// Bytes that a UTF-8 sequence beginning with `byte` takes. 1 for bytes that begin none.
func utf8Length(leading byte: UInt8) -> Int {
  switch byte {
  case 0xC2...0xDF: 2
  case 0xE0...0xEF: 3
  case 0xF0...0xF4: 4
  default: 1
  }
}

/// The scalar value at the start of valid UTF-8; nil for an empty text.
func firstScalar(of text: ArraySlice<UInt8>) -> Unicode.Scalar? {
  var decoder = UTF8()
  var bytes = text.makeIterator()
  guard case .scalarValue(let scalar) = decoder.decode(&bytes) else { return nil }
  return scalar
}

/// The scalar value at the end of valid UTF-8; nil for an empty text.
func lastScalar(of text: ArraySlice<UInt8>) -> Unicode.Scalar? {
  let start = text.lastIndex { $0 & 0xC0 != 0x80 }
  return start.flatMap { firstScalar(of: text[$0...]) }
}

extension Unicode.Scalar {
  /// White space as regular expressions' `\s` has it: the property White_Space.
  var isSpace: Bool { properties.isWhitespace }

  /// A word character as regular expressions' `\w` has it (Unicode TR 18, annex C).
  var isWordCharacter: Bool {
    if properties.isAlphabetic || properties.isJoinControl { return true }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
      return true
    default:
      return false
    }
  }
}
