/// What a picture file may ask for. Checked on its header, before its pixels are allocated.
public enum ImageLimits {
  /// The longest file read, in bytes.
  public static let fileBytes = 64 << 20
  /// The longest side, in pixels. (WebP itself ends at 16383.)
  public static let side = 16_384
  /// The most pixels of one picture.
  public static let pixels = 50_000_000

  /// Throws unless a picture of this size is neither empty nor beyond the limits.
  static func check(width: Int, height: Int) throws(ImageError) {
    guard width > 0, height > 0 else { throw ImageError(.emptyPicture(width, height)) }
    guard width <= side, height <= side, width * height <= pixels
    else { throw ImageError(.tooManyPixels(width, height)) }
  }
}
