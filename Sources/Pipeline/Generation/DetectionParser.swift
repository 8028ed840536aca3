/// Reads PaliGemma's answer to `detect …` and `segment …`: records separated by `;`, each four
/// `<locNNNN>` tokens (top, left, bottom, right edge, 0…1023 of the height or width), for `segment`
/// 16 `<segNNN>` tokens (0…127), and a label.
///
///     <loc0102><loc0204><loc0511><loc0818> cat ; <loc0000><loc0000><loc1023><loc0511> dog
public enum DetectionParser {
  /// What an answer holds.
  public struct Answer: Sendable, Equatable {
    public var detections: [Detection]
    /// The answer without the records that are detections.
    public var remainder: String
  }

  /// Parses an answer. A record that is not exactly as described, or whose box has no width or no
  /// height, stays in the remainder.
  public static func parse(_ text: String) -> Answer {
    var detections: [Detection] = []
    var others: [ArraySlice<UInt8>] = []
    let separator = UInt8(ascii: ";")
    for record in Array(text.utf8).split(separator: separator, omittingEmptySubsequences: false) {
      if let detection = detection(in: record) {
        detections.append(detection)
      } else {
        others.append(record)
      }
    }
    if detections.isEmpty { return Answer(detections: [], remainder: text) }
    let remainder = trimmed(Array(others.joined(separator: [separator]))[...])
    return Answer(detections: detections, remainder: String(decoding: remainder, as: UTF8.self))
  }

  /// The number of `<segNNN>` tokens in a record that has any.
  static let segmentationLength = 16

  private static func detection(in record: ArraySlice<UInt8>) -> Detection? {
    var rest = trimmed(record)
    var edges: [Int] = []
    while edges.count < 4 {
      guard let edge = takeToken("<loc", digits: 4, limit: 1024, from: &rest) else { return nil }
      edges.append(edge)
    }
    rest = trimmed(rest)
    var codes: [Int] = []
    while let code = takeToken("<seg", digits: 3, limit: 128, from: &rest) { codes.append(code) }
    guard codes.isEmpty || codes.count == segmentationLength else { return nil }
    let label = trimmed(rest)
    guard !contains("<loc", in: label), !contains("<seg", in: label) else { return nil }
    guard edges[0] < edges[2], edges[1] < edges[3] else { return nil }
    let fractions = edges.map { Double($0) / 1023 }
    return Detection(
      label: String(decoding: label, as: UTF8.self),
      box: .init(x1: fractions[1], y1: fractions[0], x2: fractions[3], y2: fractions[2]),
      segmentation: codes.isEmpty ? nil : codes)
  }

  /// Takes `opening`, exactly `digits` decimal digits and `>` off the front; nil and nothing taken
  /// when the text starts otherwise or the number is not below the limit.
  private static func takeToken(
    _ opening: String, digits: Int, limit: Int, from text: inout ArraySlice<UInt8>
  ) -> Int? {
    guard text.starts(with: opening.utf8) else { return nil }
    let rest = text.dropFirst(opening.utf8.count)
    var value = 0
    for byte in rest.prefix(digits) {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    let closing = rest.dropFirst(digits)
    guard value < limit, closing.first == UInt8(ascii: ">") else { return nil }
    text = closing.dropFirst()
    return value
  }

  private static func contains(_ part: String, in text: ArraySlice<UInt8>) -> Bool {
    text.indices.contains { text[$0...].starts(with: part.utf8) }
  }

  /// Without ASCII white space at either end.
  private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    guard let first = text.firstIndex(where: { !isSpace($0) }),
      let last = text.lastIndex(where: { !isSpace($0) })
    else { return text.prefix(0) }
    return text[first...last]
  }
}
