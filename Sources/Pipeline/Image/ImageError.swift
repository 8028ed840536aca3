/// Why a picture cannot be read or written. Its description is one line: the file if there is one,
/// what is wrong, and what to do.
public struct ImageError: Error, Sendable, Hashable {
  public enum Reason: Sendable, Hashable {
    /// The system's words for why the file cannot be read.
    case unreadable(String)
    case notARegularFile
    case tooManyBytes
    /// Neither JPEG nor PNG nor WebP.
    case unknownFormat
    case emptyPicture(_ width: Int, _ height: Int)
    case tooManyPixels(_ width: Int, _ height: Int)
    /// The container's structure is wrong at this byte.
    case damagedHeader(ImageFormat, offset: Int, String)
    /// The codec's words for what is wrong with the compressed pixels.
    case damagedPixels(ImageFormat, String)
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
    guard let file else { return "picture: \(reason)" }
    return "\(Self.printable(file)): \(reason)"
  }

  /// The text with control characters escaped, so that a path cannot steer a terminal.
  private static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      let isControl = scalar.properties.generalCategory == .control
      result += isControl ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return result
  }
}

extension ImageError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let why):
      "cannot be read (\(why)); check the path and its permissions"
    case .notARegularFile:
      "is not a regular file; give a JPEG, PNG or WebP file"
    case .tooManyBytes:
      "is longer than \(ImageLimits.fileBytes >> 20) MB; save the picture smaller"
    case .unknownFormat:
      "is not a JPEG, PNG or WebP picture; convert it to one of these"
    case .emptyPicture(let width, let height):
      "is \(width)x\(height) pixels; give a picture that is not empty"
    case .tooManyPixels(let width, let height):
      "is \(width)x\(height) pixels, more than \(ImageLimits.side) on a side or "
        + "\(ImageLimits.pixels / 1_000_000) million in all; scale it down"
    case .damagedHeader(let format, let offset, let what):
      "is a damaged \(format.rawValue) file: at byte \(offset), \(what); save it again"
    case .damagedPixels(let format, let what):
      "is a damaged \(format.rawValue) file: \(what); save it again"
    case .notEncoded(let what):
      "cannot be encoded as PNG: \(what)"
    }
  }
}
