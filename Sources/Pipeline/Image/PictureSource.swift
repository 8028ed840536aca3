import Glibc
import Inputs

/// Where a user says that a picture is.
public enum PictureSource: Sendable, Equatable {
  case file(path: String)
  /// Named `-`.
  case standardInput
  /// The picture file in a `data:` URL.
  case data([UInt8])

  /// Reads a picture's name: `-`, a `data:` URL (RFC 2397, base64 or percent-encoded), else a path.
  ///
  /// - Throws: `ImageError` for a URL of any other scheme, since nothing is ever fetched, and for a damaged
  ///   `data:` URL. A file whose name looks like either is named with its folder (`./data:x`).
  public init(_ name: String) throws(ImageError) {
    if name == "-" {
      self = .standardInput
    } else if let body = DataURL.body(of: name) {
      guard let bytes = DataURL.bytes(body) else { throw ImageError(.damagedDataURL) }
      self = .data(bytes)
    } else if Self.isURL(name) {
      throw ImageError(.url, file: name)
    } else {
      self = .file(path: name)
    }
  }

  /// Decodes the picture; see `RGBImage.decode(path:)`.
  public func decode() throws(ImageError) -> RGBImage {
    switch self {
    case .file(let path): return try RGBImage.decode(path: path)
    case .data(let bytes): return try RGBImage.decode(bytes)
    case .standardInput:
      do throws(ImageError) {
        return try RGBImage.decode(Self.readStandardInput())
      } catch {
        throw ImageError(error.reason, file: "standard input")
      }
    }
  }

  /// A scheme (RFC 3986, 3.1) and `://`, or `file:/`.
  private static func isURL(_ name: String) -> Bool {
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    let scheme = name.utf8.prefix { isLetter($0) || "0123456789+-.".utf8.contains($0) }
    guard let first = scheme.first, isLetter(first) else { return false }
    let rest = name.utf8.dropFirst(scheme.count)
    return rest.starts(with: "://".utf8)
      || rest.starts(with: ":/".utf8) && String(name.prefix(4)).lowercased() == "file"
  }

  /// All bytes up to the end, at most as many as a picture file may have.
  private static func readStandardInput() throws(ImageError) -> [UInt8] {
    let most = try ImageLimits.fileBytes()
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        let problem = InputFileError.Problem.system(errno: errno)
        throw ImageError(.unreadable(InputFileError(path: "standard input", problem: problem)))
      }
      bytes += buffer[..<count]
      guard bytes.count <= most else { throw ImageError(.tooManyBytes(bytes.count, most: most)) }
    }
  }
}
