import CImageCodecs

extension RGBImage {
  /// The picture as the bytes of an 8-bit RGB PNG file.
  public func pngEncoded() throws(ImageError) -> [UInt8] {
    try encoded { sink, context, message in
      cimage_encode_png(pixels, UInt32(width), UInt32(height), sink, context, message)
    }
  }

  /// The picture as the bytes of a baseline JPEG file whose colours keep their full resolution.
  ///
  /// - Parameter quality: 1 to 100, on libjpeg's scale.
  /// - Throws: `ImageError` if a side is longer than the 65500 pixels that libjpeg writes.
  public func jpegEncoded(quality: Int = 95) throws(ImageError) -> [UInt8] {
    precondition((1...100).contains(quality), "libjpeg's scale of quality ends at 100")
    return try encoded { sink, context, message in
      cimage_encode_jpeg(
        pixels, UInt32(width), UInt32(height), Int32(quality), sink, context, message)
    }
  }

  /// Collects what an encoder writes.
  private func encoded(
    _ encoder: (cimage_sink, UnsafeMutableRawPointer, UnsafeMutablePointer<CChar>) -> Bool
  ) throws(ImageError) -> [UInt8] {
    var file: [UInt8] = []
    let problem = withUnsafeMutablePointer(to: &file) { file in
      Self.withMessage { message in
        encoder(
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
