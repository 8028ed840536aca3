/// What is known of an id, one byte each.
struct PieceFlags: OptionSet, Sendable {
  var rawValue: UInt8
  /// The id has a text.
  static let present = PieceFlags(rawValue: 1)
  /// Left out of decoded text.
  static let special = PieceFlags(rawValue: 2)
  /// Stands for one byte: its text is `<0x`, two hexadecimal digits, `>`.
  static let byte = PieceFlags(rawValue: 4)

  /// The value of a piece written `<0x0A>`; nil for every other text. Digits of either case count,
  /// and a plus sign before a single digit, as in the reference.
  static func byteValue(of piece: some RandomAccessCollection<UInt8>) -> UInt8? {
    guard piece.count == 6, piece.starts(with: "<0x".utf8), piece.last == UInt8(ascii: ">") else {
      return nil
    }
    return UInt8(String(decoding: piece.dropFirst(3).dropLast(), as: UTF8.self), radix: 16)
  }
}
