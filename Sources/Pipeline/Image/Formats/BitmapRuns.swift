/// Decodes the run-length encoding of BMP files (BI_RLE8 and BI_RLE4) as Pillow does.
struct BitmapRuns {
  private var reader: ByteReader
  private let width: Int
  private let count: Int
  private let isFourBits: Bool
  private var indices: [UInt8] = []
  private var x = 0

  init(_ reader: ByteReader, width: Int, height: Int, isFourBits: Bool) {
    self.reader = reader
    self.width = width
    count = width * height
    self.isFourBits = isFourBits
  }

  /// The indices of all pixels in the order of the file; nil where the file ends, or says so, before.
  mutating func decode() -> [UInt8]? {
    indices.reserveCapacity(count)
    while indices.count < count, let length = reader.number(1), let value = reader.number(1) {
      if length > 0 {
        appendRun(of: UInt8(value), min(length, max(0, width - x)))
      } else if value == 0 {
        let rest = (width - indices.count % width) % width
        indices.append(contentsOf: repeatElement(0, count: rest))
        x = 0
      } else if value == 1 {
        break
      } else if value == 2 {
        guard let right = reader.number(1), let up = reader.number(1) else { break }
        let skipped = min(count - indices.count, right + up * width)
        indices.append(contentsOf: repeatElement(0, count: skipped))
        x = indices.count % width
      } else {
        guard appendLiterals(value) else { break }
      }
    }
    return indices.count < count ? nil : Array(indices.prefix(count))
  }

  private mutating func appendRun(of value: UInt8, _ length: Int) {
    x += length
    guard isFourBits else {
      indices.append(contentsOf: repeatElement(value, count: length))
      return
    }
    for index in 0..<length { indices.append(index % 2 == 0 ? value >> 4 : value & 15) }
  }

  /// Returns false where the file ends before.
  private mutating func appendLiterals(_ length: Int) -> Bool {
    let pixels = min(count - indices.count, length)
    let byteCount = isFourBits ? (pixels + 1) / 2 : pixels
    guard let range = reader.take(byteCount) else { return false }
    if isFourBits {
      for pixel in 0..<pixels {
        let byte = reader.bytes[range.lowerBound + pixel / 2]
        indices.append(pixel % 2 == 0 ? byte >> 4 : byte & 15)
      }
    } else {
      indices += reader.bytes[range]
    }
    x += length
    // Literals end at an even offset of the file.
    if reader.offset % 2 != 0 { _ = reader.take(1) }
    return true
  }
}
