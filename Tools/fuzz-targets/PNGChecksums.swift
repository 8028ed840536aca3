extension [UInt8] {
  /// The same PNG file with the checksum that each of its chunks should have: a change of one byte would
  /// otherwise never get further than to that.
  var withPNGChecksums: [UInt8] {
    var bytes = self
    var start = 8
    while bytes.count - start >= 12 {
      let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - start - 12 else { break }
      let end = start + 8 + length
      let checksum = Self.crc32(bytes[(start + 4)..<end])
      for index in 0..<4 {
        bytes[end + index] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * index))
      }
      start = end + 4
    }
    return bytes
  }

  /// The CRC-32 of ISO 3309, bit by bit.
  private static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
  }
}
