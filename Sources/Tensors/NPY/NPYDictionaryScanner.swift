/// Reads the one kind of Python literal that npy headers consist of: a dictionary with exactly the
/// keys `descr`, `fortran_order` and `shape`, in any order.
struct NPYDictionaryScanner {
  struct Fields {
    var descr: String
    var isFortranOrder: Bool
    var shape: [Int]
  }

  private let text: [UInt8]
  private var position = 0

  init(text: [UInt8]) { self.text = text }

  mutating func scan() throws -> Fields {
    var descr: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try expect("{")
    while !take("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where descr == nil: descr = try string()
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = try truth()
      case "shape" where shape == nil: shape = try tuple()
      default: throw fault("the key '\(key)'")
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard position == text.count else { throw fault("more text after the dictionary") }
    guard let descr, let isFortranOrder, let shape else {
      throw fault("the keys descr, fortran_order and shape are not all there")
    }
    return Fields(descr: descr, isFortranOrder: isFortranOrder, shape: shape)
  }

  /// A string without escapes in either kind of quotes.
  private mutating func string() throws -> String {
    skipSpace()
    guard let quote = peek, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw fault("expected a string")
    }
    position += 1
    let start = position
    while let byte = peek, byte != quote {
      guard 0x20..<0x7F ~= byte, byte != UInt8(ascii: "\\") else {
        throw fault("an unexpected character in a string")
      }
      position += 1
    }
    let content = text[start..<position]
    guard peek == quote else { throw fault("a string without end") }
    position += 1
    return String(decoding: content, as: UTF8.self)
  }

  private mutating func truth() throws -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] {
      if text[position...].starts(with: word.utf8) {
        position += word.utf8.count
        return value
      }
    }
    throw fault("expected True or False")
  }

  /// `()`, `(3,)`, `(3, 4)`, `(3, 4,)`: extents of a tensor.
  private mutating func tuple() throws -> [Int] {
    var extents: [Int] = []
    try expect("(")
    while !take(")") {
      guard extents.count < TensorData.rankLimit else {
        throw NPYError.Problem.shape(.rank(extents.count + 1))
      }
      extents.append(try natural())
      if !take(",") {
        guard extents.count > 1 else { throw fault("expected a tuple") }
        try expect(")")
        break
      }
    }
    return extents
  }

  private mutating func natural() throws -> Int {
    skipSpace()
    let digits = text[position...].prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    guard digits.first != UInt8(ascii: "0") || digits.count == 1,
      let value = Int(String(decoding: digits, as: UTF8.self))
    else { throw fault("expected an extent") }
    position = digits.endIndex
    return value
  }

  private var peek: UInt8? { position < text.count ? text[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek, [0x20, 0x0A, 0x0D, 0x09].contains(byte) { position += 1 }
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ byte: Unicode.Scalar) throws {
    guard take(byte) else { throw fault("expected '\(byte)'") }
  }

  private func fault(_ problem: String) -> NPYError.Problem {
    .header(offset: position, problem)
  }
}
