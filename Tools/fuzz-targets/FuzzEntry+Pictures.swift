import Pipeline

extension FuzzEntry {
  static let png = picture(.png)
  static let jpeg = picture(.jpeg)
  static let webp = picture(.webp)

  /// Pictures up to this many pixels are decoded: what a large one costs is known from its header.
  private static let pixelLimit = 1 << 16

  private static func picture(_ format: ImageFormat) -> FuzzEntry {
    FuzzEntry(format.rawValue.lowercased()) { _ in
      { bytes in
        guard ImageFormat(magicOf: bytes) == format else { throw ForeignInput() }
        let header = try ImageHeader(bytes)
        guard header.width * header.height <= pixelLimit else { throw ForeignInput() }
        if format == .png { blackHole((try? RGBImage.decode(bytes.withPNGChecksums))?.width ?? 0) }
        let picture = try RGBImage.decode(bytes)
        blackHole(picture.pixels.reduce(0) { $0 &+ Int($1) })
        // Checksums fix the pixels of a PNG file, but not what stands behind its end.
        plantedBug(when: format == .png ? bytes.last != 0x82 : picture.width > 1)
      }
    }
  }
}
