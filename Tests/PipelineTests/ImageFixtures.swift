import Foundation

@testable import Pipeline

/// Access to `Tests/Fixtures/images`, which `Tools/references/images.py` writes.
enum ImageFixtures {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .appending(path: "Fixtures/images")

  /// The path of a file below the folder.
  static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// Extensions of the files in `decode` that are read; the others are what Pillow makes of them.
  static let extensions: Set<String> = [
    "png", "jpg", "webp", "gif", "bmp", "tif", "avif", "pbm", "pgm", "pnm",
  ]

  /// Names of the files in a folder that have one of the extensions, sorted.
  static func names(in subfolder: String, _ extensions: Set<String>) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: path(subfolder))
    return (names ?? []).filter { extensions.contains(URL(filePath: $0).pathExtension) }.sorted()
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    try Array(Data(contentsOf: folder.appending(path: path)))
  }

  /// Little-endian f32 values.
  static func floats(_ path: String) throws -> [Float] {
    try bytes(path).withUnsafeBytes { raw in
      stride(from: 0, to: raw.count, by: 4).map { offset in
        let bits = raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return Float(bitPattern: UInt32(littleEndian: bits))
      }
    }
  }

  /// Reads a binary PPM file as Pillow writes it: "P6", the size and 255 on three lines, then pixels.
  static func picture(ppm path: String) throws -> RGBImage {
    let bytes = try bytes(path)
    let fields = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 3).map(Array.init)
    let size = String(decoding: fields[1], as: UTF8.self).split(separator: " ").compactMap {
      Int($0)
    }
    let pixels = bytes.suffix(size[0] * size[1] * 3)
    return RGBImage(width: size[0], height: size[1], pixels: Array(pixels))
  }

  /// The noise picture of a size: bytes of a linear congruential generator seeded with the size.
  static func noise(width: Int, height: Int) -> RGBImage {
    var state = UInt32(truncatingIfNeeded: width << 16 + height)
    let pixels = (0..<(width * height * 3)).map { _ -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}

/// The largest difference of two pictures' bytes; nil if they differ in size.
func largestDifference(_ a: RGBImage, _ b: RGBImage) -> Int? {
  guard (a.width, a.height) == (b.width, b.height) else { return nil }
  return zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }.max()
}
