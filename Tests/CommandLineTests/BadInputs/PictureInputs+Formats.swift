import Foundation
import Testing

@testable import BadFiles

/// Lines of §2.3 about JPEG and WebP.
extension PictureInputs {
  /// A picture of the tests, changed.
  private static func changed(
    _ line: String, _ what: String, _ verdict: BadInput.Verdict, of name: String = "rgb_444.jpg",
    _ change: @escaping @Sendable (inout [UInt8]) throws -> Void
  ) -> BadInput {
    picture(line, what, verdict, name: name) {
      var bytes = try fixture(name)
      try change(&bytes)
      return bytes
    }
  }

  /// The first byte behind a marker and its segment's length.
  private static func segment(_ marker: UInt8, in bytes: [UInt8]) throws -> Int {
    try #require(bytes.firstRange(of: [0xFF, marker])).upperBound + 2
  }

  /// Bytes of the frame header set to others.
  private static func frame(
    _ line: String, _ what: String, _ problem: String, _ offset: Int, _ values: [UInt8]
  ) -> BadInput {
    changed(line, what, .refused(problem)) { bytes in
      let start = try segment(0xC0, in: bytes) + offset
      bytes.replaceSubrange(start..<start + values.count, with: values)
    }
  }

  /// A segment put behind the first two bytes.
  private static func inserting(_ marker: UInt8, _ content: [UInt8])
    -> @Sendable (inout [UInt8]) throws -> Void
  {
    { bytes in
      let length = content.count + 2
      bytes.insert(
        contentsOf: [0xFF, marker, UInt8(length >> 8), UInt8(length & 0xFF)] + content, at: 2)
    }
  }

  /// Takes a whole segment out.
  private static func removing(_ marker: UInt8) -> @Sendable (inout [UInt8]) throws -> Void {
    { bytes in
      while let place = bytes.firstRange(of: [0xFF, marker]) {
        let length = Int(bytes[place.upperBound]) << 8 | Int(bytes[place.upperBound + 1])
        bytes.removeSubrange(place.lowerBound..<place.upperBound + length)
      }
    }
  }

  /// The kind of frame, such as 0xC3 for a lossless one.
  private static func kind(
    _ what: String, _ verdict: BadInput.Verdict, _ marker: UInt8
  ) -> BadInput {
    changed("2.3.16", what, verdict) { bytes in
      let place = try #require(bytes.firstRange(of: [0xFF, 0xC0])).lowerBound
      bytes[place + 1] = marker
    }
  }

  private static let exif = Array("Exif\0\0".utf8)

  static let jpegs: [BadInput] = [
    frame("2.3.3", "65500 × 65500", "no data for", 1, [0xFF, 0xDC, 0xFF, 0xDC]),
    changed("2.3.4", "a JPEG of 13 GB of pixels", .refused("bytes of memory")) { bytes in
      let size = try segment(0xC0, in: bytes) + 1
      bytes.replaceSubrange(size..<size + 4, with: [0xFF, 0xDC, 0xFF, 0xDC])
      bytes += [UInt8](repeating: 0, count: 1 << 20)
    },
    frame("2.3.6", "a JPEG without rows", "0 pixels", 1, [0, 0]),
    changed("2.3.14", "half a JPEG", .refused("JPEG")) { $0.removeLast($0.count / 2) },
    changed("2.3.14", "a JPEG without its end", .refused("end early")) { $0.removeLast(2) },
    changed("2.3.15", "10000 scans", .refused("scans"), of: "rgb_progressive.jpg") { bytes in
      let first = try #require(bytes.firstRange(of: [0xFF, 0xDA])).lowerBound
      let scan = Array(bytes[first..<bytes.count - 2])
      bytes = bytes.dropLast(2) + (0..<2000).flatMap { _ in scan } + [0xFF, 0xD9]
    },
    changed("2.3.16", "no Huffman tables", .accepted(""), removing(0xC4)),
    changed("2.3.16", "no quantisation tables", .refused("JPEG"), removing(0xDB)),
    changed("2.3.16", "more codes than bits", .refused("JPEG")) { bytes in
      let table = try segment(0xC4, in: bytes)
      for length in 1...8 { bytes[table + length] = 2 }
    },
    changed("2.3.16", "a restart interval without restarts", .accepted("")) { bytes in
      try inserting(0xDD, [0, 1])(&bytes)
    },
    changed("2.3.16", "a restart interval of 0", .accepted("")) { bytes in
      try inserting(0xDD, [0, 0])(&bytes)
    },
    changed("2.3.16", "restarts out of order", .accepted(""), of: "rgb_restarts.jpg") { bytes in
      let place = try #require(bytes.firstRange(of: [0xFF, 0xD0])).lowerBound
      bytes[place + 1] = 0xD5
    },
    frame("2.3.16", "sampling of 0", "JPEG", 7, [0]),
    frame("2.3.16", "sampling of 4 × 4", "JPEG", 7, [0x44]),
    frame("2.3.16", "sampling of 15 × 15", "JPEG", 7, [0xFF]),
    frame("2.3.16", "two components", "JPEG", 5, [2]),
    frame("2.3.16", "12 bits", "12 bits", 0, [12]),
    frame("2.3.16", "a quantisation table that is missing", "JPEG", 8, [3]),
    kind("arithmetic coding", .accepted(""), 0xC9),
    kind("lossless", .refused("JPEG"), 0xC3),
    changed("2.3.18", "an orientation of 99", .accepted("")) { bytes in
      // One entry: orientation, a short, one of them, 99.
      let entry: [UInt8] = [0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 99, 0, 0, 0, 0, 0, 0]
      try inserting(0xE1, exif + Array("MM".utf8) + [0, 42, 0, 0, 0, 8] + entry)(&bytes)
    },
    changed("2.3.18", "directories in a circle", .accepted("")) { bytes in
      try inserting(0xE1, exif + Array("MM".utf8) + [0, 42, 0, 0, 0, 8, 0, 0, 0, 0, 0, 8])(&bytes)
    },
    changed("2.3.18", "a directory beyond the segment", .accepted("")) { bytes in
      try inserting(0xE1, exif + Array("MM".utf8) + [0, 42, 0xFF, 0xFF, 0xFF, 0xFF])(&bytes)
    },
    changed("2.3.18", "65535 entries", .accepted("")) { bytes in
      try inserting(0xE1, exif + Array("MM".utf8) + [0, 42, 0, 0, 0, 8, 0xFF, 0xFF, 1])(&bytes)
    },
    changed("2.3.19", "a broken profile", .accepted("")) { bytes in
      let profile =
        Array("ICC_PROFILE\0".utf8) + [1, 255] + [UInt8](repeating: 0xFF, count: 60_000)
      for _ in 0..<50 { try inserting(0xE2, profile)(&bytes) }
    },
    changed("2.3.24", "damage that a decoder reports", .refused("damaged JPEG")) { bytes in
      let table = try segment(0xC4, in: bytes)
      for length in 1...16 { bytes[table + length] = 0xFF }
    },
    changed("2.3.16", "a scan full of markers", .accepted("")) { bytes in
      let scan = try segment(0xDA, in: bytes) + 10
      for offset in stride(from: scan, to: bytes.count - 4, by: 3) { bytes[offset] = 0xFF }
    },
  ]

  static let webps: [BadInput] = [
    changed("2.3.20", "half a WebP", .refused("WebP"), of: "lossy.webp") {
      $0.removeLast($0.count / 2)
    },
    changed("2.3.20", "a RIFF of 2^32 - 2 bytes", .refused("RIFF size"), of: "lossy.webp") {
      $0.replaceSubrange(4..<8, with: [0xFE, 0xFF, 0xFF, 0xFF])
    },
    changed(
      "2.3.20", "a canvas larger than the frame", .refused("differ in size"), of: "orientation.webp"
    ) { $0[24] = 0xFF },
    changed("2.3.20", "codes of a lossless picture replaced", .refused("WebP"), of: "lossless.webp")
    {
      bytes in
      // Behind signature and size: a transform, a cache and codes, all of ones.
      for offset in 25..<min(bytes.count, 60) { bytes[offset] = 0xFF }
    },
    changed(
      "2.3.21", "an animation on a canvas of 2^48 pixels", .refused("no data for"),
      of: "animated_offset.webp"
    ) { $0.replaceSubrange(24..<30, with: [UInt8](repeating: 255, count: 6)) },
  ]
}
