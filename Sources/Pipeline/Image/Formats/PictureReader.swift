/// A picture file whose pixels are decoded in Swift, without a codec.
protocol PictureReader {
  /// Size and memory, for `ImageLimits`.
  var header: ImageHeader { get }

  /// Reads what stands before the pixels.
  init(_ bytes: [UInt8]) throws(ImageError)

  /// Interleaved RGB rows from top to bottom. The header has been checked.
  func pixels() throws(ImageError) -> [UInt8]
}

extension PictureReader {
  /// An error that names the byte offset of the damage.
  func damaged(_ offset: Int, _ what: String) -> ImageError {
    ImageError(.damagedHeader(header.format, offset: offset, what))
  }
}

/// Up to 256 colours; what lies beyond is black, as in Pillow.
struct Palette {
  /// Three bytes for each of 256 indices.
  private let colors: [UInt8]

  /// - Parameters:
  ///   - entries: colours of `stride` bytes each; an incomplete last one counts as absent.
  ///   - order: where red, green and blue stand in an entry.
  /// - Precondition: there are at most 256 entries.
  init(_ entries: ArraySlice<UInt8>, stride: Int = 3, order: [Int] = [0, 1, 2]) {
    var colors = [UInt8](repeating: 0, count: 256 * 3)
    for entry in 0..<(entries.count / stride) {
      for channel in 0..<3 {
        colors[entry * 3 + channel] = entries[entries.startIndex + entry * stride + order[channel]]
      }
    }
    self.colors = colors
  }

  /// Every index as a level of grey.
  static let grey = Palette((0...255).flatMap { [$0, $0, $0] }[...])

  /// The colours of indices.
  func rgb(_ indices: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: indices.count * 3) { output, count in
      colors.withUnsafeBufferPointer { colors in
        for (pixel, index) in indices.enumerated() {
          for channel in 0..<3 {
            output.initializeElement(at: pixel * 3 + channel, to: colors[Int(index) * 3 + channel])
          }
        }
      }
      count = indices.count * 3
    }
  }
}
