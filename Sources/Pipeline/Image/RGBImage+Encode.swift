import CImageCodecs

extension RGBImage {
  /// The picture as the bytes of an 8-bit RGB PNG file.
  public func pngEncoded() throws(ImageError) -> [UInt8] {
    var file: [UInt8] = []
    let problem = withUnsafeMutablePointer(to: &file) { file in
      Self.withMessage { message in
        cimage_encode_png(
          pixels, UInt32(width), UInt32(height),
          { context, bytes, count in
            guard let file = context?.assumingMemoryBound(to: [UInt8].self) else { return false }
            file.pointee.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
            return true
          }, file, message)
      }
    }
    if let problem { throw ImageError(.notEncoded(problem)) }
    return file
  }
}
