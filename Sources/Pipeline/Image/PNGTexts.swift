import CImageCodecs

/// The text chunks of a PNG file that can state its orientation, read as Pillow reads them: a later chunk
/// takes the place of an earlier one with its keyword.
struct PNGTexts {
  /// Text of the keyword `Raw profile type exif`: EXIF in hexadecimal digits, as ImageMagick writes it.
  private(set) var rawProfile: [UInt8]?
  /// Bytes of the keyword `exif`, which Pillow takes for EXIF.
  private(set) var exif: [UInt8]?
  private var xmp: [UInt8] = []
  /// An XMP packet that is no UTF-8; it counts where there is no other.
  private var undecodedXMP: [UInt8] = []

  /// The most bytes that one chunk's text may have, and all inflated ones together. What is longer is left out.
  static let longestText = 1 << 20
  private var bytesToInflate = 64 * longestText

  var xmpPacket: [UInt8] { xmp.isEmpty ? undecodedXMP : xmp }

  /// The EXIF structure in `rawProfile`: its digits after three lines of a heading.
  var rawProfileExif: [UInt8]? {
    guard let rawProfile else { return nil }
    let lines = rawProfile.split(
      separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
    guard lines.count == 4 else { return nil }
    return [UInt8](hexadecimal: lines[3])
  }

  /// `tEXt`: keyword, 0, text.
  mutating func addText(_ content: ArraySlice<UInt8>) {
    guard let (keyword, text) = content.splitAtZero() else { return }
    if keyword.elementsEqual("exif".utf8) { exif = Array(text) }
    add(keyword, Array(text))
  }

  /// `zTXt`: keyword, 0, compression method, compressed text.
  mutating func addCompressedText(_ content: ArraySlice<UInt8>) {
    guard let (keyword, rest) = content.splitAtZero(), Keyword(keyword) != nil, rest.first ?? 0 == 0
    else { return }
    add(keyword, inflated(rest.dropFirst()) ?? [])
  }

  /// `iTXt`: keyword, 0, compression flag and method, language, 0, translated keyword, 0, text.
  mutating func addInternationalText(_ content: ArraySlice<UInt8>) {
    guard let (keyword, rest) = content.splitAtZero(), let known = Keyword(keyword),
      rest.count >= 2,
      let (_, translated) = rest.dropFirst(2).splitAtZero(),
      let (_, text) = translated.splitAtZero()
    else { return }
    let isCompressed = rest[rest.startIndex] != 0
    if isCompressed, rest[rest.startIndex + 1] != 0 { return }
    guard let text = isCompressed ? inflated(text) : Array(text) else { return }
    if known == .xmp { undecodedXMP = text }
    if String(validating: text, as: UTF8.self) != nil { add(keyword, text) }
  }

  private enum Keyword: String {
    case xmp = "XML:com.adobe.xmp"
    case rawProfile = "Raw profile type exif"

    init?(_ bytes: ArraySlice<UInt8>) {
      self.init(rawValue: String(decoding: bytes, as: UTF8.self))
    }
  }

  private mutating func add(_ keyword: ArraySlice<UInt8>, _ text: [UInt8]) {
    switch Keyword(keyword) {
    case .xmp: xmp = text
    case .rawProfile: rawProfile = text
    case nil: break
    }
  }

  /// The text of a zlib stream, as far as it goes; nil where the stream is damaged or the text too long.
  private mutating func inflated(_ data: ArraySlice<UInt8>) -> [UInt8]? {
    let most = min(Self.longestText, bytesToInflate)
    let text = [UInt8](unsafeUninitializedCapacity: most + 1) { text, count in
      count = data.withUnsafeBufferPointer { data in
        cimage_inflate(data.baseAddress, data.count, text.baseAddress, most + 1)
      }
    }
    bytesToInflate -= min(text.count, most)
    return text.isEmpty || text.count > most ? nil : text
  }
}

extension ArraySlice<UInt8> {
  /// What stands before and after the first 0.
  fileprivate func splitAtZero() -> (ArraySlice, ArraySlice)? {
    firstIndex(of: 0).map { (self[..<$0], self[($0 + 1)...]) }
  }
}

extension [UInt8] {
  /// The bytes of pairs of hexadecimal digits; white space between pairs is skipped. Nil for anything else.
  fileprivate init?(hexadecimal digits: ArraySlice<UInt8>) {
    self = []
    var rest = digits
    while let first = rest.popFirst() {
      if (0x09...0x0D).contains(first) || first == 0x20 { continue }
      guard let second = rest.popFirst(), let high = Character(Unicode.Scalar(first)).hexDigitValue,
        let low = Character(Unicode.Scalar(second)).hexDigitValue
      else { return nil }
      append(UInt8(high << 4 | low))
    }
  }
}
