import JSON
import Pipeline

extension FuzzEntry {
  static let png = picture(.png)
  static let jpeg = picture(.jpeg)
  static let webp = picture(.webp)
  static let gif = picture(.gif)
  static let bmp = picture(.bmp)
  static let tiff = picture(.tiff)
  static let avif = picture(.avif)
  static let netpbm = picture(.netpbm)

  /// Pictures up to this many pixels are decoded: what a large one costs is known from its header.
  private static let pixelLimit = 1 << 16

  /// `preprocessor_config.json`, and where it asks for a small picture the pixel values of one.
  static let processor = FuzzEntry("processor") { folder in
    let picture = RGBImage(width: 3, height: 2, pixels: (0..<18).map { UInt8($0 * 15) })
    return { bytes in
      try folder.write(bytes, as: "preprocessor_config.json")
      guard var settings = try ImageProcessorSettings.read(directory: folder.path) else { return }
      guard settings.height * settings.width <= pixelLimit / 16 else { return }
      let values = try ImageProcessor(settings).pixelValues(of: picture)
      require(values.allSatisfy(\.isFinite), "pixel values are finite")
      settings.imageTokenCount = nil
      let again = try ImageProcessorSettings(JSONField(settings.json))
      require(again == settings, "settings that are written read the same")
      plantedBug(when: settings.rescaleFactor == nil)
    }
  }

  private static func picture(_ format: ImageFormat) -> FuzzEntry {
    FuzzEntry(format.rawValue.lowercased()) { _ in
      { bytes in
        guard ImageFormat(magicOf: bytes) == format else { throw ForeignInput() }
        let header = try ImageHeader(bytes)
        // What is decoded in Swift is slow in a debug build, which the exhaustive tests use.
        let most = format.isDecodedInSwift ? pixelLimit / 32 : pixelLimit
        guard header.width * header.height <= most else { throw ForeignInput() }
        if format == .png { blackHole((try? RGBImage.decode(bytes.withPNGChecksums))?.width ?? 0) }
        let picture = try RGBImage.decode(bytes)
        blackHole(picture.pixels.reduce(0) { $0 &+ Int($1) })
        // Checksums fix the pixels of a PNG file, but not what stands behind its end.
        plantedBug(when: format == .png ? bytes.last != 0x82 : picture.width > 1)
      }
    }
  }
}

extension ImageFormat {
  fileprivate var isDecodedInSwift: Bool {
    switch self {
    case .gif, .bmp, .netpbm: true
    case .jpeg, .png, .webp, .tiff, .avif: false
    }
  }
}
