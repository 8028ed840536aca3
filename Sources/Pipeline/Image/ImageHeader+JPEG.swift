extension ImageHeader {
  /// Walks a JPEG file's segments up to the first scan: the size from the frame header, the
  /// orientation from EXIF or XMP in `APP1`.
  init(jpeg bytes: [UInt8]) throws(ImageError) {
    func damaged(_ offset: Int, _ what: String) -> ImageError {
      ImageError(.damagedHeader(.jpeg, offset: offset, what))
    }
    var reader = ByteReader(bytes, from: 2, .big)
    var frame: JPEGFrame?
    var scanComponents: Int?
    var metadata = OrientationMetadata()
    walk: while let marker = reader.nextMarker() {
      let start = reader.offset - 2
      if JPEGMarker.standalone.contains(marker) { continue }
      guard let length = reader.number(2), let content = reader.take(length - 2)
      else { throw damaged(start, "a segment reaches beyond the end of the file") }
      switch marker {
      case JPEGMarker.startOfScan:
        scanComponents = bytes[content].first.map(Int.init)
        break walk
      case JPEGMarker.endOfImage:
        break walk
      case 0xE1:
        metadata.add(app1: bytes[content])
      case _ where JPEGMarker.frameHeaders.contains(marker):
        frame = try JPEGFrame(ByteReader(bytes, in: content, .big), marker: marker)
      default:
        break
      }
    }
    guard let frame else {
      throw damaged(reader.offset, "there is no frame header before the scans")
    }
    self.init(format: .jpeg, width: frame.width, height: frame.height)
    orientation = metadata.orientation
    if frame.isProgressive || scanComponents != frame.components.count {
      codecBytes = frame.coefficientBytes
    }
    if !frame.isArithmetic { fewestBytes = frame.fewestBytes }
  }
}

/// The second byte of the JPEG markers that matter here (ITU-T T.81, table B.1).
private enum JPEGMarker {
  static let startOfScan = 0xDA
  static let endOfImage = 0xD9
  /// SOF0...SOF15, without DHT, JPG and DAC.
  static let frameHeaders = Set(0xC0...0xCF).subtracting([0xC4, 0xC8, 0xCC])
  /// Markers without a length: TEM, RST0...RST7, SOI.
  static let standalone = Set(0xD0...0xD8).union([0x01])
}

extension ByteReader {
  /// Passes over bytes up to and including the next marker and returns its second byte.
  fileprivate mutating func nextMarker() -> Int? {
    while let byte = number(1) {
      guard byte == 0xFF else { continue }
      var code = number(1)
      while code == 0xFF { code = number(1) }
      if let code, code != 0 { return code }
    }
    return nil
  }
}

extension OrientationMetadata {
  /// Takes over an `APP1` segment if it holds EXIF or XMP.
  fileprivate mutating func add(app1 segment: ArraySlice<UInt8>) {
    let xmpPrefix = Array("http://ns.adobe.com/xap/1.0/".utf8) + [0]
    if segment.starts(with: Self.exifPrefix) {
      // EXIF longer than one segment goes on in the next one.
      exif += exif.isEmpty ? segment : segment.dropFirst(Self.exifPrefix.count)
    } else if segment.starts(with: xmpPrefix) {
      xmp = Array(segment.dropFirst(xmpPrefix.count))
    }
  }
}
