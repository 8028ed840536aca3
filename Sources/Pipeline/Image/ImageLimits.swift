import JSON

/// What a picture file may ask for. Checked on its header, before its pixels are allocated.
public enum ImageLimits {
  /// The longest side, in pixels. (WebP itself ends at 16383.)
  public static let side = 16_384
  /// The most pixels of one picture, unless `PALIGRAPH_PIXEL_LIMIT` in the environment sets another number.
  public static let pixels = 50_000_000
  static let variable = LimitVariable("PALIGRAPH_PIXEL_LIMIT", unit: "pixels")

  /// The longest file read, in bytes: 64 MiB, or four for each pixel that the environment allows.
  static func fileBytes() throws(ImageError) -> Int {
    max(64 << 20, 4 * min(try environmentPixels() ?? 0, side * side))
  }

  /// Throws unless a picture of this size is neither empty nor beyond the limits.
  static func check(width: Int, height: Int) throws(ImageError) {
    guard width > 0, height > 0 else { throw ImageError(.emptyPicture(width, height)) }
    let most = try environmentPixels() ?? pixels
    guard width <= side, height <= side, width * height <= most
    else { throw ImageError(.tooManyPixels(width, height, most: most)) }
  }

  private static func environmentPixels() throws(ImageError) -> Int? {
    do throws(LimitVariable.InvalidValue) {
      return try variable.value()
    } catch {
      throw ImageError(.invalidLimit("\(error)"))
    }
  }
}
