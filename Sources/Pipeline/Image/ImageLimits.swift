import Glibc
import Inputs
import Runtime

/// What a picture may ask for: as much memory as there is. Checked on its header, before its pixels are
/// allocated.
public enum ImageLimits {
  /// The most pixels that a picture may have, whatever memory there is; without it, no such number.
  static let variable = LimitVariable("PALIGRAPH_PIXEL_LIMIT", unit: "pixels")

  /// A picture that needs no more memory than this is decoded without a look at what there is.
  private static let alwaysAvailable = 16 << 20
  /// A file of `n` bytes may have this many pixels, and this many more for each byte, whatever its format
  /// makes of so few: a bomb of some hundred bytes then takes a quarter of a gigabyte.
  private static let pixels = (always: 1 << 26, forEachByte: 1 << 14)
  /// What is taken to be available where the system does not say.
  private static let assumedBytes = 2 << 30

  /// The longest file read, in bytes: 64 MiB, or what leaves room for decoding it, or four for each pixel that
  /// the environment allows.
  ///
  /// - Parameter availableBytes: the memory that there is; nil where the system does not say.
  static func fileBytes(
    availableBytes: () -> Int? = AvailableMemory.bytes
  ) throws(ImageError) -> Int {
    let least = 64 << 20
    if let pixels = try mostPixels() {
      return max(least, pixels.multipliedReportingOverflow(by: 4).0)
    }
    return max(least, (availableBytes() ?? assumedBytes) / 4)
  }

  /// Throws unless the picture is neither empty nor beyond the limits, nor larger than its file can be.
  ///
  /// - Parameter availableBytes: the memory that there is; nil where the system does not say.
  static func check(
    _ header: ImageHeader, fileBytes: Int, availableBytes: () -> Int? = AvailableMemory.bytes
  ) throws(ImageError) {
    let (width, height) = (header.width, header.height)
    guard width > 0, height > 0 else { throw ImageError(.emptyPicture(width, height)) }
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    if let most = try mostPixels(), overflow || count > most {
      throw ImageError(.tooManyPixels(width, height, most: most))
    }
    let fewest = max(header.fewestBytes, (count - pixels.always) / pixels.forEachByte)
    guard !overflow, header.dataBytes ?? fileBytes >= fewest else {
      let what = "there are no data for \(width)x\(height) pixels"
      throw ImageError(.damagedHeader(header.format, offset: fileBytes, what))
    }
    let needed = header.decodingBytes
    guard needed > alwaysAvailable else { return }
    let available = availableBytes() ?? assumedBytes
    guard needed <= available, isAllocatable(needed) else {
      throw ImageError(.tooLarge(width, height, bytes: needed, available: available))
    }
  }

  /// Throws unless there is memory for one more picture of this size.
  package static func checkCopy(of picture: RGBImage) throws(ImageError) {
    let (needed, available) = (picture.pixels.count, AvailableMemory.bytes() ?? assumedBytes)
    guard needed <= available, isAllocatable(needed) else {
      throw ImageError(
        .tooLarge(picture.width, picture.height, bytes: needed, available: available))
    }
  }

  /// Swift ends a process that gets no memory, so whether the system gives it is found out beforehand.
  private static func isAllocatable(_ bytes: Int) -> Bool {
    guard let memory = malloc(bytes) else { return false }
    free(memory)
    return true
  }

  private static func mostPixels() throws(ImageError) -> Int? {
    do throws(LimitVariable.InvalidValue) {
      return try variable.value()
    } catch {
      throw ImageError(.invalidLimit("\(error)"))
    }
  }
}

extension ImageHeader {
  /// Bytes that decoding takes at most: the pixels, again to turn them, the codec's own, and the weights that
  /// resample rows (64 a column) and columns (16 a row). `Int.max` where no integer holds the sum.
  var decodingBytes: Int {
    let pixels = Double(width) * Double(height)
    let copies = orientation == .upright ? 1.0 : 2.0
    let sum = pixels * 3 * copies + Double(codecBytes) + Double(width) * 64 + Double(height) * 16
    return Int(exactly: sum.rounded(.up)) ?? .max
  }
}
