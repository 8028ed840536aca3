/// The picture formats that are read. Raw values are their names in messages.
public enum ImageFormat: String, Sendable, Hashable, CaseIterable {
  case jpeg = "JPEG"
  case png = "PNG"
  case webp = "WebP"

  /// The format that the first bytes of a file announce; its name and extension play no part.
  package init?(magicOf bytes: [UInt8]) {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if bytes.starts(with: Array("RIFF".utf8)),
      bytes.dropFirst(8).starts(with: Array("WEBP".utf8))
    {
      self = .webp
    } else {
      return nil
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
