import Pipeline

/// What `--draw` writes; the end of the file's name says which.
enum DrawingFormat: CaseIterable {
  case png, jpeg

  private var suffixes: [String] {
    switch self {
    case .png: [".png"]
    case .jpeg: [".jpg", ".jpeg"]
    }
  }

  /// Ends of names in which pictures are written.
  static let suffixes = allCases.flatMap(\.suffixes)

  init(path: String) throws {
    let name = path.lowercased()
    guard let format = Self.allCases.first(where: { $0.suffixes.contains(where: name.hasSuffix) })
    else {
      throw FileError(
        path, "is no name of a picture that --draw writes; end it in .png, .jpg or .jpeg")
    }
    self = format
  }

  func encode(_ picture: RGBImage) throws(ImageError) -> [UInt8] {
    switch self {
    case .png: try picture.pngEncoded()
    case .jpeg: try picture.jpegEncoded()
    }
  }
}
