/// A `data:` URL (RFC 2397): `data:[media type][;base64],data`. The media type plays no part: the bytes say
/// what they are.
enum DataURL {
  /// What follows `data:`; nil for other names.
  static func body(of name: String) -> Substring.UTF8View? {
    let scheme = "data:"
    guard name.prefix(scheme.utf8.count).lowercased() == scheme else { return nil }
    return name.utf8.dropFirst(scheme.utf8.count)
  }

  /// The bytes that the URL holds; nil where there is no comma, or the encoding is damaged.
  static func bytes(_ body: Substring.UTF8View) -> [UInt8]? {
    guard let comma = body.firstIndex(of: UInt8(ascii: ",")),
      let data = percentDecoded(body[body.index(after: comma)...])
    else { return nil }
    let isBase64 =
      String(decoding: body[..<comma], as: UTF8.self).lowercased()
      .split(separator: ";").last?.filter { $0 != " " } == "base64"
    return isBase64 ? base64Decoded(data) : data
  }

  private static func percentDecoded(_ text: Substring.UTF8View) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
        let value = UInt8(digits, radix: 16)
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return bytes
  }

  /// Standard and URL-safe digits (RFC 4648) with or without padding; ASCII white space is skipped.
  private static func base64Decoded(_ text: [UInt8]) -> [UInt8]? {
    var digits = text.filter { !($0 == 0x20 || (0x09...0x0D).contains($0)) }
    if digits.count % 4 == 0 {
      for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
    }
    guard digits.count % 4 != 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 4 * 3 + 2)
    var bits: UInt32 = 0
    for (index, digit) in digits.enumerated() {
      guard let value = value(ofDigit: digit) else { return nil }
      bits = bits << 6 | value
      // Digit 1 of four completes the first byte, digit 2 the second, digit 3 the third.
      if index % 4 > 0 {
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(6 - 2 * (index % 4))))
      }
    }
    return bytes
  }

  private static func value(ofDigit digit: UInt8) -> UInt32? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit) - 0x41
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit) - 0x61 + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit) - 0x30 + 52
    case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
