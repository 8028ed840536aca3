/// Paths as the kernel has them: bytes, which need not be UTF-8.
///
/// In a `String`, a byte of a path that is not part of UTF-8 is one of the private-use characters
/// U+10FF80 to U+10FFFF, whose last two digits are the byte. A path that has one of these characters
/// itself has its bytes replaced so too. Each sequence of bytes is thus one string and comes back from
/// it. None of the characters stands for `/`, `.` or another byte below 0x80.
extension String {
  /// The string for a path that the system gave.
  package init(systemPath path: UnsafePointer<CChar>) {
    var bytes: [UInt8] = []
    var next = path
    while next.pointee != 0 {
      bytes.append(UInt8(bitPattern: next.pointee))
      next += 1
    }
    self.init(systemPath: bytes)
  }

  package init(systemPath bytes: [UInt8]) {
    self = ""
    var index = 0
    while index < bytes.count {
      let length = (1...4).first { length in
        guard index + length <= bytes.count,
          let text = String(validating: bytes[index..<index + length], as: UTF8.self),
          let scalar = text.unicodeScalars.first
        else { return false }
        return scalar.pathByte == nil
      }
      if let length {
        self += String(decoding: bytes[index..<index + length], as: UTF8.self)
      } else if let scalar = Unicode.Scalar(pathByte: bytes[index]) {
        unicodeScalars.append(scalar)
      }
      index += length ?? 1
    }
  }

  /// The path for the system, with the zero at its end.
  package var systemPath: [CChar] {
    guard hasPathBytes else { return Array(utf8CString) }
    var bytes: [CChar] = []
    for scalar in unicodeScalars {
      if let byte = scalar.pathByte {
        bytes.append(CChar(bitPattern: byte))
      } else {
        bytes += String(scalar).utf8.map { CChar(bitPattern: $0) }
      }
    }
    return bytes + [0]
  }

  /// Whether it has bytes that are not UTF-8, as only paths may.
  package var hasPathBytes: Bool { unicodeScalars.contains { $0.pathByte != nil } }
}

extension Unicode.Scalar {
  private static let firstPathByte: UInt32 = 0x10_FF80

  fileprivate init?(pathByte byte: UInt8) {
    guard byte >= 0x80 else { return nil }
    self.init(Self.firstPathByte + UInt32(byte) - 0x80)
  }

  /// The byte of a path that is not UTF-8.
  var pathByte: UInt8? {
    value >= Self.firstPathByte ? UInt8(value - Self.firstPathByte + 0x80) : nil
  }
}
