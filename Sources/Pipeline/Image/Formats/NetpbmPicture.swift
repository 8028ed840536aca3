/// A PBM, PGM or PPM file, plain (`P1` to `P3`) or binary (`P4` to `P6`).
struct NetpbmPicture: PictureReader {
  private(set) var header = ImageHeader(format: .netpbm, width: 0, height: 0)
  private let bytes: [UInt8]
  /// Offset of the first sample.
  private var data = 0
  private var kind: Kind
  private var isPlain: Bool
  /// The largest sample value, which is full brightness.
  private var most = 1

  private enum Kind: Int {
    case bits, grey, color
  }

  private var channels: Int { kind == .color ? 3 : 1 }

  init(_ bytes: [UInt8]) throws(ImageError) {
    self.bytes = bytes
    let digit = Int(bytes[1]) - 0x31
    kind = Kind(rawValue: digit % 3) ?? .bits
    isPlain = digit < 3
    var tokens = NetpbmTokens(bytes, at: 3)
    guard let width = tokens.number(), let height = tokens.number() else {
      throw damaged(tokens.position, "the size is missing")
    }
    (header.width, header.height) = (width, height)
    if kind != .bits {
      guard let most = tokens.number(), (1..<65536).contains(most) else {
        throw damaged(tokens.position, "the largest sample is none from 1 to 65535")
      }
      self.most = most
    }
    data = tokens.position
    header.dataBytes = max(0, bytes.count - data)
    header.fewestBytes = isPlain ? sampleCount : ImageHeader.product(rowBytes, height)
    header.codecBytes = ImageHeader.product(sampleCount, 3)
  }

  private var sampleCount: Int { ImageHeader.product(header.width, header.height, channels) }

  /// Bytes of a binary row.
  private var rowBytes: Int {
    kind == .bits ? (header.width + 7) / 8 : header.width * channels * (most > 255 ? 2 : 1)
  }

  func pixels() throws(ImageError) -> [UInt8] {
    let samples: [UInt8]
    switch (kind, isPlain) {
    case (.bits, true): samples = try plainBits()
    case (.bits, false): samples = binaryBits()
    case (_, true): samples = try plainSamples()
    case (_, false): samples = binarySamples()
    }
    return kind == .color ? samples : Palette.grey.rgb(samples)
  }

  /// A sample on a scale of 255. Grey of more than 255 levels is brought to 65535 and then cut off at 255, as
  /// Pillow's integer pictures are when they become RGB.
  private func level(_ sample: Int) -> UInt8 {
    let scale = kind == .grey && most > 255 ? 65535.0 : 255.0
    let level = Double(sample) / Double(most) * scale
    return UInt8(min(255, level.rounded(.toNearestOrEven)))
  }

  private func binaryBits() -> [UInt8] {
    var samples: [UInt8] = []
    samples.reserveCapacity(sampleCount)
    for y in 0..<header.height {
      for x in 0..<header.width {
        let isBlack = bytes[data + y * rowBytes + x / 8] >> UInt8(7 - x % 8) & 1 == 1
        samples.append(isBlack ? 0 : 255)
      }
    }
    return samples
  }

  private func binarySamples() -> [UInt8] {
    let samples = bytes[data..<(data + header.height * rowBytes)]
    if most == 255 { return Array(samples) }
    let levels = (0..<65536).map { $0 < 256 || most > 255 ? level($0) : 0 }
    if most < 256 { return samples.map { levels[Int($0)] } }
    return (0..<sampleCount).map { index in
      levels[Int(bytes[data + 2 * index]) << 8 | Int(bytes[data + 2 * index + 1])]
    }
  }

  /// Digits with or without white space between them.
  private func plainBits() throws(ImageError) -> [UInt8] {
    var tokens = NetpbmTokens(bytes, at: data)
    var samples: [UInt8] = []
    samples.reserveCapacity(sampleCount)
    while samples.count < sampleCount {
      switch tokens.nextByte() {
      case UInt8(ascii: "0"): samples.append(255)
      case UInt8(ascii: "1"): samples.append(0)
      case nil: throw damaged(tokens.position, "the pixels end early")
      default: throw damaged(tokens.position, "a pixel is neither 0 nor 1")
      }
    }
    return samples
  }

  private func plainSamples() throws(ImageError) -> [UInt8] {
    var tokens = NetpbmTokens(bytes, at: data)
    var samples: [UInt8] = []
    samples.reserveCapacity(sampleCount)
    while samples.count < sampleCount {
      guard let sample = tokens.number(), sample <= most else {
        throw damaged(tokens.position, "a sample is missing or no number up to \(most)")
      }
      samples.append(level(sample))
    }
    return samples
  }
}

/// Words of a Netpbm file; `#` starts a comment that ends with its line.
struct NetpbmTokens {
  private let bytes: [UInt8]
  /// Offset of what comes next.
  private(set) var position: Int

  init(_ bytes: [UInt8], at position: Int) {
    self.bytes = bytes
    self.position = position
  }

  /// The next byte that is neither white space nor in a comment.
  mutating func nextByte() -> UInt8? {
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "#") {
        passOverComment()
      } else if !Self.isSpace(byte) {
        return byte
      }
    }
    return nil
  }

  /// The next word, at most ten digits, and one byte of white space behind it.
  mutating func number() -> Int? {
    guard var byte = nextByte() else { return nil }
    var value = 0
    var digits = 0
    while true {
      guard (0x30...0x39).contains(byte), digits < 10 else { return nil }
      value = value * 10 + Int(byte - 0x30)
      digits += 1
      // A comment does not end a word.
      repeat {
        guard position < bytes.count else { return value }
        byte = bytes[position]
        position += 1
        if byte == UInt8(ascii: "#") { passOverComment() }
      } while byte == UInt8(ascii: "#")
      if Self.isSpace(byte) { return value }
    }
  }

  private mutating func passOverComment() {
    while position < bytes.count, bytes[position] != 0x0A, bytes[position] != 0x0D { position += 1 }
    position = min(position + 1, bytes.count)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }
}
