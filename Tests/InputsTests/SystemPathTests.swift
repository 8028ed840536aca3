import Inputs
import Testing

/// Paths as strings: every sequence of bytes is one string and comes back from it.
@Suite struct SystemPathTests {
  private func bytes(_ path: String) -> [UInt8] {
    path.systemPath.dropLast().map { UInt8(bitPattern: $0) }
  }

  @Test func `UTF-8 stays as it is`() {
    let path = "/tmp/é e\u{301} 日本 🙂 \u{E000}.plan"
    #expect(String(systemPath: Array(path.utf8)).unicodeScalars.elementsEqual(path.unicodeScalars))
    #expect(bytes(path) == Array(path.utf8) && !path.hasPathBytes)
  }

  static let paths: [[UInt8]] = [
    [0x63, 0xE9], [0xFF, 0xFE, 0x2F, 0x80], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98],
    [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF4, 0x8F, 0xBF, 0xA9], [0xF4, 0x8F, 0xBF, 0xBF],
    [0xF4, 0x90, 0x80, 0x80], [0xC3, 0xA9, 0xE9, 0xC3, 0xA9],
  ]

  @Test(arguments: paths)
  func `other bytes come back`(path: [UInt8]) {
    let text = String(systemPath: path)
    #expect(text.hasPathBytes)
    #expect(bytes(text) == path)
    #expect(String(systemPath: bytes(text)) == text)
  }

  @Test func `different bytes are different strings`() {
    let all = (0x80...0xFF).map { [UInt8($0)] } + Self.paths
    #expect(Set(all.map { Array(String(systemPath: $0).utf8) }).count == Set(all).count)
  }

  @Test func `no byte that is replaced becomes one below 0x80`() {
    for value in UInt32(0x10_FF80)...0x10_FFFF {
      let text = String(Unicode.Scalar(value)!)
      #expect(bytes(text).count == 1 && bytes(text)[0] >= 0x80)
    }
  }

  @Test func `bytes are printed as hexadecimal digits`() {
    #expect(String(systemPath: [0x63, 0xE9]).printable == "c\\xe9")
    #expect(String(systemPath: [0x63, 0xE9]).printableText == "c\\xe9")
    #expect("\u{10FE00}".printable == "\\u{10fe00}")
  }

  @Test func `lines escape all that does more than print, and texts keep their lines and joiners`()
  {
    let text = "a\u{1B}[31m\u{9B}\n\tb\u{200D}\u{202E}\r"
    #expect(text.printableLine == "a\\u{1b}[31m\\u{9b}\\u{a}\\u{9}b\\u{200d}\\u{202e}\\u{d}")
    #expect(text.printableText == "a\\u{1b}[31m\\u{9b}\n\tb\u{200D}\\u{202e}\\u{d}")
    let long = String(repeating: "x", count: 600)
    #expect(long.printable.count == 501 && long.printableLine == long && long.printableText == long)
  }
}
