import CImageCodecs

extension ImageHeader {
  /// Reads an AVIF file's container through libavif: size, what memory decoding takes, and the orientation.
  init(avif bytes: [UInt8]) throws(ImageError) {
    guard cimage_has_avif() else {
      throw ImageError(
        .missingLibrary(.avif, "libavif 0.11 with dav1d", package: "libavif-dev"))
    }
    var container = cimage_avif_header()
    defer { cimage_free_avif_header(&container) }
    let problem = RGBImage.withMessage { message in
      cimage_read_avif_header(bytes, bytes.count, &container, message)
    }
    if let problem { throw ImageError(.damagedPixels(.avif, problem)) }
    self.init(format: .avif, width: Int(container.width), height: Int(container.height))
    codecBytes = Int(clamping: container.codec_bytes)
    let exif = UnsafeBufferPointer(start: container.exif, count: container.exif_size)
    let xmp = UnsafeBufferPointer(start: container.xmp, count: container.xmp_size)
    orientation = Self.orientation(
      boxes: ImageOrientation(rawValue: Int(container.orientation)) ?? .upright,
      OrientationMetadata(exif: Array(exif), xmp: Array(xmp)))
  }

  /// As in Pillow, the boxes replace the orientation that EXIF states, even where there are none. XMP counts
  /// where neither is there.
  private static func orientation(
    boxes: ImageOrientation, _ metadata: OrientationMetadata
  ) -> ImageOrientation {
    boxes != .upright || metadata.exifValue != nil ? boxes : metadata.orientation
  }
}
