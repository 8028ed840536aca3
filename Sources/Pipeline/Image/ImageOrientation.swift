/// How a stored picture has to be turned to stand upright. Raw values are EXIF's.
enum ImageOrientation: Int, CaseIterable {
  case upright = 1
  case mirrored
  case upsideDown
  case mirroredUpsideDown
  case transposed
  /// Turn by 90 degrees clockwise.
  case turnClockwise
  case transverse
  /// Turn by 90 degrees counterclockwise.
  case turnCounterclockwise

  /// Whether turning exchanges width and height.
  var exchangesSides: Bool { rawValue >= Self.transposed.rawValue }
}

/// The two places where a file can state its orientation. EXIF wins over XMP, as in Pillow's
/// `ImageOps.exif_transpose`; what cannot be read counts as absent.
struct OrientationMetadata {
  /// What may stand before the TIFF structure, depending on the container.
  static let exifPrefix = Array("Exif".utf8) + [0, 0]

  var exif: [UInt8] = []
  var xmp: [UInt8] = []

  /// The orientation that the file states; upright when it states none or none that exists.
  var orientation: ImageOrientation {
    (exifValue ?? xmpValue).flatMap(ImageOrientation.init(rawValue:)) ?? .upright
  }

  /// The orientation tag of the first image file directory (TIFF 6.0, section 2).
  var exifValue: Int? {
    var start = 0
    for _ in 0..<2 where exif.dropFirst(start).starts(with: Self.exifPrefix) {
      start += Self.exifPrefix.count
    }
    guard let endianness = Self.endianness(exif.dropFirst(start)) else { return nil }
    var reader = ByteReader(exif, in: (start + 4)..<max(exif.count, start + 4), endianness)
    guard let offset = reader.number(4), offset <= exif.count - start else { return nil }
    reader = ByteReader(exif, in: (start + offset)..<exif.count, endianness)
    guard let entries = reader.number(2) else { return nil }
    for _ in 0..<entries {
      guard let entry = reader.take(12) else { return nil }
      if let value = Self.orientation(ofEntry: ByteReader(exif, in: entry, endianness)) {
        return value
      }
    }
    return nil
  }

  private static func endianness(_ header: ArraySlice<UInt8>) -> ByteReader.Endianness? {
    if header.starts(with: [0x49, 0x49, 0x2A, 0]) { return .little }
    if header.starts(with: [0x4D, 0x4D, 0, 0x2A]) { return .big }
    return nil
  }

  /// The value of a directory entry if it is one whole number with the tag `Orientation`.
  private static func orientation(ofEntry entry: ByteReader) -> Int? {
    let orientationTag = 274
    let (short, long) = (3, 4)
    var entry = entry
    guard entry.number(2) == orientationTag, let type = entry.number(2), entry.number(4) == 1
    else { return nil }
    return type == short ? entry.number(2) : type == long ? entry.number(4) : nil
  }

  /// The digit after `tiff:Orientation="` or `tiff:Orientation>`.
  private var xmpValue: Int? {
    let name = Array("tiff:Orientation".utf8)
    var rest = xmp[...]
    while let found = rest.firstRange(of: name) {
      rest = rest[found.upperBound...]
      let quoted = rest.starts(with: Array("=\"".utf8))
      guard quoted || rest.first == UInt8(ascii: ">") else { continue }
      let digit = rest.dropFirst(quoted ? 2 : 1).first
      if let digit, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
        return Int(digit - UInt8(ascii: "0"))
      }
    }
    return nil
  }
}
