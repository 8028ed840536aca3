import CImageCodecs
import Inputs

extension RGBImage {
  /// Decodes a file of any `ImageFormat` as Pillow's `ImageOps.exif_transpose(Image.open(path))
  /// .convert("RGB")` does.
  ///
  /// Alpha is dropped, not blended; of an animation the first frame is taken; colour profiles are
  /// ignored. The header is checked against `ImageLimits` before pixels are allocated. Stricter than
  /// Pillow: a PNG file must be complete to its `IEND`, its indices must lie in its palette, and a
  /// progressive JPEG has at most 100 scans, of large pictures fewer. PNG and lossless WebP give Pillow's bits; JPEG and lossy
  /// WebP do when both use the same codec version, AVIF when libavif is built with libyuv, as Pillow's is.
  public static func decode(path: String) throws(ImageError) -> RGBImage {
    do throws(ImageError) {
      return try decode(readFile(path))
    } catch {
      throw ImageError(error.reason, file: path)
    }
  }

  private static func readFile(_ path: String) throws(ImageError) -> [UInt8] {
    let byteCount: Int
    let most = try ImageLimits.fileBytes()
    do throws(InputFileError) {
      let file = try InputFile(path: path)
      byteCount = file.byteCount
      if byteCount <= most { return try file.readAll() }
    } catch {
      throw ImageError(.unreadable(error))
    }
    throw ImageError(.tooManyBytes(byteCount, most: most))
  }

  /// Decodes the bytes of a whole file; see `decode(path:)`.
  public static func decode(_ bytes: [UInt8]) throws(ImageError) -> RGBImage {
    let most = try ImageLimits.fileBytes()
    guard bytes.count <= most else { throw ImageError(.tooManyBytes(bytes.count, most: most)) }
    let header = try ImageHeader(bytes)
    let pixels = try decodePixels(bytes, header)
    return RGBImage(width: header.width, height: header.height, pixels: pixels)
      .turned(header.orientation)
  }

  private static func decodePixels(
    _ bytes: [UInt8], _ header: ImageHeader
  ) throws(ImageError) -> [UInt8] {
    switch header.format {
    case .jpeg, .png, .webp, .tiff, .avif: try decodeWithCodec(bytes, header)
    case .gif: try GIFPicture(bytes).pixels()
    case .bmp: try BitmapPicture(bytes).pixels()
    case .netpbm: try NetpbmPicture(bytes).pixels()
    }
  }

  private static func decodeWithCodec(
    _ bytes: [UInt8], _ header: ImageHeader
  ) throws(ImageError) -> [UInt8] {
    if header.format == .tiff, !cimage_has_tiff() {
      throw ImageError(.missingLibrary(.tiff, "libtiff 4.5", package: "libtiff-dev"))
    }
    let (width, height) = (UInt32(header.width), UInt32(header.height))
    let count = header.width * header.height * channels
    var problem: String?
    // Memory of a file that is refused on the way is not touched before its rows come.
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { pixels, initialized in
      problem = withMessage { message in
        switch header.format {
        case .jpeg:
          cimage_decode_jpeg(bytes, bytes.count, width, height, pixels.baseAddress, message)
        case .png:
          cimage_decode_png(bytes, bytes.count, width, height, pixels.baseAddress, message)
        case .tiff:
          cimage_decode_tiff(bytes, bytes.count, width, height, pixels.baseAddress, message)
        case .avif:
          cimage_decode_avif(bytes, bytes.count, width, height, pixels.baseAddress, message)
        default: decodeWebP(bytes, header, pixels, message)
        }
      }
      initialized = problem == nil ? count : 0
    }
    if let problem { throw ImageError(.damagedPixels(header.format, problem)) }
    return pixels
  }

  /// Places the frame on the canvas, which is black where the frame does not reach.
  private static func decodeWebP(
    _ bytes: [UInt8], _ header: ImageHeader, _ canvas: UnsafeMutableBufferPointer<UInt8>,
    _ message: UnsafeMutablePointer<CChar>
  ) -> Bool {
    guard let frame = header.frame else { return false }
    let first = (frame.y * header.width + frame.x) * channels
    if (frame.width, frame.height) != (header.width, header.height) {
      canvas.initialize(repeating: 0)
    }
    return bytes[frame.data].withUnsafeBufferPointer { data in
      cimage_decode_webp_frame(
        data.baseAddress, data.count, UInt32(frame.width), UInt32(frame.height),
        canvas.baseAddress.map { $0 + first }, header.width * channels, message)
    }
  }

  /// Calls a codec with room for its message; the message if the codec failed, nil if it succeeded.
  static func withMessage(_ codec: (UnsafeMutablePointer<CChar>) -> Bool) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CIMAGE_MESSAGE_CAPACITY)) { text in
      text.initialize(repeating: 0)
      // A temporary allocation of non-zero capacity has an address.
      guard let message = text.baseAddress else { return "out of memory" }
      return codec(message) ? nil : String(cString: message)
    }
  }
}
