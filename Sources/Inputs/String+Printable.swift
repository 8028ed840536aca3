extension String {
  /// The text on one line, safe to print: control characters, invisible formatting and line
  /// separators are written as `\u{…}`, bytes of a path that are not UTF-8 as `\x…`, a long text is cut
  /// after 500 characters.
  public var printable: String {
    var result = ""
    for (index, scalar) in unicodeScalars.enumerated() {
      guard index < 500 else { return result + "…" }
      result.append(scalar, escapedIf: scalar.isUnsafeInLine)
    }
    return result
  }

  /// The text on one line, safe to print and whole: `printable` without its limit.
  public var printableLine: String { escaped { $0.isUnsafeInLine } }

  /// The text with its line breaks and tabs, safe to print on a terminal: other control characters,
  /// and those that change the direction of what follows, are written as `\u{…}`.
  public var printableText: String {
    escaped {
      $0.isControl && $0 != "\n" && $0 != "\t" || $0.changesDirection || $0.pathByte != nil
    }
  }

  private func escaped(_ isUnsafe: (Unicode.Scalar) -> Bool) -> String {
    guard unicodeScalars.contains(where: isUnsafe) else { return self }
    var result = ""
    for scalar in unicodeScalars { result.append(scalar, escapedIf: isUnsafe(scalar)) }
    return result
  }

  private mutating func append(_ scalar: Unicode.Scalar, escapedIf isUnsafe: Bool) {
    if let byte = scalar.pathByte {
      self += "\\x\(String(byte, radix: 16))"
    } else if isUnsafe {
      self += "\\u{\(String(scalar.value, radix: 16))}"
    } else {
      unicodeScalars.append(scalar)
    }
  }
}

extension Unicode.Scalar {
  fileprivate var isControl: Bool { properties.generalCategory == .control }

  /// Embeddings, overrides and isolates of the bidirectional algorithm.
  fileprivate var changesDirection: Bool {
    (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
  }

  fileprivate var isUnsafeInLine: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
    default: false
    }
  }
}
