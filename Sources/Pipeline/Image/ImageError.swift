import Inputs

/// Why a picture cannot be read, prepared or written. Its description is one line: the file if there is one,
/// what is wrong, and what to do.
public struct ImageError: Error, Sendable, Equatable {
  public enum Reason: Sendable, Equatable {
    case unreadable(InputFileError)
    case tooManyBytes(Int, most: Int)
    /// A URL stands where a path is expected.
    case url
    /// A `data:` URL without a comma, or whose data are not what they say.
    case damagedDataURL
    /// None of `ImageFormat`.
    case unknownFormat
    case emptyPicture(_ width: Int, _ height: Int)
    /// More pixels than the environment allows.
    case tooManyPixels(_ width: Int, _ height: Int, most: Int)
    /// Decoding takes more memory than there is.
    case tooLarge(_ width: Int, _ height: Int, bytes: Int, available: Int)
    /// A limit in the environment is no number.
    case invalidLimit(String)
    /// The container's structure is wrong at this byte.
    case damagedHeader(ImageFormat, offset: Int, String)
    /// The library that reads this format is not there.
    case missingLibrary(ImageFormat, String, package: String)
    /// The codec's words for what is wrong with the compressed pixels.
    case damagedPixels(ImageFormat, String)
    /// A processor that does not resize takes pictures of one size only.
    case wrongSize(_ width: Int, _ height: Int, expectedWidth: Int, expectedHeight: Int)
    /// The encoder's words for why it stopped.
    case notEncoded(String)
  }

  public var reason: Reason
  /// The path that was given, if the picture came from a file.
  public var file: String?

  init(_ reason: Reason, file: String? = nil) {
    self.reason = reason
    self.file = file
  }
}

extension ImageError: CustomStringConvertible {
  public var description: String {
    "\(file?.printable ?? "picture"): \(reason)"
  }
}

extension ImageError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let error):
      "\(error)"
    case .tooManyBytes(let count, let most):
      "is \(count) bytes long, more than the \(most) that there is memory for; save the picture smaller"
    case .url:
      "is a URL, and PaliGraph fetches nothing; download the picture and give its path"
    case .damagedDataURL:
      "is no data: URL of a picture; write data:image/png;base64, and the file in base64"
    case .unknownFormat:
      "is not a \(ImageFormat.list) picture; convert it to one of these"
    case .emptyPicture(let width, let height):
      "is \(width)x\(height) pixels; give a picture that is not empty"
    case .tooManyPixels(let width, let height, let most):
      "is \(width)x\(height) pixels, more than the \(most) that \(ImageLimits.variable.name) allows; "
        + "scale it down or raise that limit"
    case .tooLarge(let width, let height, let bytes, let available):
      "is \(width)x\(height) pixels, which takes \(bytes) bytes of memory, more than the \(available) "
        + "that are available; scale it down"
    case .invalidLimit(let what):
      "cannot be read: \(what)"
    case .damagedHeader(let format, let offset, let what):
      "is a damaged \(format.rawValue) file: at byte \(offset), \(what); save it again"
    case .missingLibrary(let format, let library, let package):
      "needs \(library), which reads \(format.rawValue) pictures and is missing here or was when "
        + "PaliGraph was built; install it (\(package) in Debian) or save the picture as PNG"
    case .damagedPixels(let format, let what):
      "is a damaged \(format.rawValue) file: \(what.printable); save it again"
    case .wrongSize(let width, let height, let expectedWidth, let expectedHeight):
      "is \(width)x\(height) pixels, and the processor does not resize; give a picture of "
        + "\(expectedWidth)x\(expectedHeight) pixels"
    case .notEncoded(let what):
      "cannot be encoded: \(what)"
    }
  }
}
