/// The picture formats that are read. Raw values are their names in messages.
public enum ImageFormat: String, Sendable, Hashable, CaseIterable {
  case jpeg = "JPEG"
  case png = "PNG"
  case webp = "WebP"
  case gif = "GIF"
  case bmp = "BMP"
  case tiff = "TIFF"
  case avif = "AVIF"
  /// PBM, PGM and PPM.
  case netpbm = "Netpbm"

  /// The formats in a sentence.
  static let list = {
    let names = allCases.map(\.rawValue)
    return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
  }()

  /// The format that the first bytes of a file announce; its name and extension play no part.
  package init?(magicOf bytes: [UInt8]) {
    let found = Self.allCases.first { format in
      format.magics.contains { magic in
        bytes.count >= magic.count && zip(magic, bytes).allSatisfy { $0 == nil || $0 == $1 }
      }
    }
    guard let format = found ?? (Self.hasAVIFBrand(bytes) ? .avif : nil) else { return nil }
    self = format
  }

  /// Whether the first box of a file is an `ftyp` (ISO/IEC 14496-12, 4.3) with a brand of AVIF. HEIC files have
  /// such a box with other brands.
  private static func hasAVIFBrand(_ bytes: [UInt8]) -> Bool {
    let mostBytes = 4096
    var reader = ByteReader(bytes, .big)
    guard let length = reader.number(4), reader.fourCC() == "ftyp" else { return false }
    reader = ByteReader(bytes, in: 8..<max(8, min(length, mostBytes)), .big)
    while let brand = reader.fourCC() {
      if brand == "avif" || brand == "avis" { return true }
    }
    return false
  }

  /// How files begin; any byte may stand where it is nil.
  private var magics: [[UInt8?]] {
    func text(_ text: String) -> [UInt8?] { text.utf8.map { $0 } }
    return switch self {
    case .jpeg: [[0xFF, 0xD8, 0xFF]]
    case .png: [[0x89] + text("PNG\r\n\u{1A}\n")]
    case .webp: [text("RIFF") + [nil, nil, nil, nil] + text("WEBP")]
    case .gif: [text("GIF87a"), text("GIF89a")]
    case .bmp: [text("BM")]
    case .tiff: [text("II*\0"), text("MM\0*")]
    // The brand may stand anywhere in the first box: see `hasAVIFBrand`.
    case .avif: []
    case .netpbm: (1...6).flatMap { kind in " \t\n\u{B}\u{C}\r".map { text("P\(kind)\($0)") } }
    }
  }
}

/// What a picture file says about itself, read without decoding a pixel.
package struct ImageHeader: Equatable {
  var format: ImageFormat
  /// Size of the stored picture, before `orientation` is applied.
  package var width: Int
  package var height: Int
  /// How the stored picture must be turned to stand upright.
  var orientation: ImageOrientation = .upright
  /// Bytes that the codec needs beside the pixels.
  var codecBytes = 0
  /// Bytes of the file that hold pixels; all of them when nil.
  var dataBytes: Int?
  /// Fewer bytes cannot hold so many pixels.
  var fewestBytes = 0
  /// WebP only: where the compressed frame lies in the file and on the canvas.
  var frame: WebPFrame?

  /// Reads the header of a whole file and checks the picture's size against `ImageLimits`.
  package init(_ bytes: [UInt8]) throws(ImageError) {
    guard let format = ImageFormat(magicOf: bytes) else { throw ImageError(.unknownFormat) }
    switch format {
    case .jpeg: try self.init(jpeg: bytes)
    case .png: try self.init(png: bytes)
    case .webp: try self.init(webp: bytes)
    case .gif: self = try GIFPicture(bytes).header
    case .tiff: try self.init(tiff: bytes)
    case .avif: try self.init(avif: bytes)
    case .bmp: self = try BitmapPicture(bytes).header
    case .netpbm: self = try NetpbmPicture(bytes).header
    }
    try ImageLimits.check(self, fileBytes: bytes.count)
  }

  init(format: ImageFormat, width: Int, height: Int) {
    self.format = format
    self.width = width
    self.height = height
  }

  /// The product of numbers that are not negative; `Int.max` where no integer holds it.
  static func product(_ factors: Int...) -> Int {
    factors.reduce(1) { result, factor in
      let (product, overflow) = result.multipliedReportingOverflow(by: factor)
      return overflow ? .max : product
    }
  }
}
