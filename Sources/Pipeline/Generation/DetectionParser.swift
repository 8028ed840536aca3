/// Reads PaliGemma's answer to `detect …` and `segment …`.
///
/// A record is four consecutive `<locNNNN>` tokens (top, left, bottom, right edge, 0…1023 of the height or
/// width), no more and no fewer, then 16 `<segNNN>` tokens (0…127) or none, then a label. Records may be
/// separated by `;`, commas, newlines, `and`, other text or nothing:
///
///     <loc0102><loc0204><loc0511><loc0818> cat ; <loc0000><loc0000><loc1023><loc0511> dog
///
/// A label ends at the next token, `;`, a newline, a bracket or `|`, and at `,`, `.`, `:`, `!` or `?` before
/// white space or at the end. It sheds white space and a final `and` or `&`.
public enum DetectionParser {
  /// What an answer holds.
  public struct Answer: Sendable, Equatable {
    public var detections: [Detection]
    /// The answer without the detected records and their separators, its parts joined by ` ; `.
    public var remainder: String
  }

  /// Parses generated tokens. `<loc…>` and `<seg…>` are found by their pieces in the vocabulary, so also
  /// where they are special and missing from the decoded text.
  public static func parse(_ ids: some Sequence<Int32>, tokenizer: Tokenizer) -> Answer {
    parse(tokenizer.answer(ids))
  }

  /// Parses an answer in which tokens are spelled out. Malformed records and records whose box is empty
  /// stay in the remainder.
  public static func parse(_ text: String) -> Answer { parse(Array(text.utf8)) }

  private static func parse(_ text: [UInt8]) -> Answer {
    var detections: [Detection] = []
    var others: [ArraySlice<UInt8>] = []
    /// Where the text begins that belongs to no record.
    var start = 0
    let items = AnswerItem.items(of: text)
    for index in items.indices where items[index].kind == .locations {
      guard let record = record(items[index...]) else { continue }
      others.append(text[start..<items[index].source.startIndex])
      detections.append(record.detection)
      start = record.end
    }
    guard !detections.isEmpty else {
      return Answer(detections: [], remainder: String(decoding: text, as: UTF8.self))
    }
    others.append(text[start...])
    let remainder = others.map(LabelText.withoutSeparators).filter { !$0.isEmpty }
      .joined(separator: " ; ".utf8)
    return Answer(
      detections: detections, remainder: String(decoding: Array(remainder), as: UTF8.self))
  }

  /// The number of `<segNNN>` tokens in a record that has any.
  static let segmentationLength = 16

  /// The record at the start of the items, and where it ends in the answer.
  private static func record(
    _ items: ArraySlice<AnswerItem>
  ) -> (detection: Detection, end: Int)? {
    var rest = items
    guard let locations = rest.popFirst(), let box = box(locations.numbers) else { return nil }
    var detection = Detection(label: "", box: box)
    var end = locations.source.endIndex
    let gap = LabelText.isBlank(rest.first?.source ?? []) ? 1 : 0
    if let segments = rest.dropFirst(gap).first, segments.kind == .segments {
      let codes = segments.numbers
      guard codes.count == segmentationLength, codes.allSatisfy({ $0 < 128 }) else { return nil }
      detection.segmentation = codes
      end = segments.source.endIndex
      rest = rest.dropFirst(gap + 1)
    }
    if let text = rest.first, text.kind == .text {
      let label = LabelText(text.source)
      detection.label = String(decoding: label.label, as: UTF8.self)
      end = label.end
    }
    return (detection, end)
  }

  /// The box of exactly four edges that enclose an area.
  private static func box(_ edges: [Int]) -> Detection.Box? {
    guard edges.count == 4, edges.allSatisfy({ $0 < 1024 }), edges[0] < edges[2],
      edges[1] < edges[3]
    else { return nil }
    let fractions = edges.map { Double($0) / 1023 }
    return .init(x1: fractions[1], y1: fractions[0], x2: fractions[3], y2: fractions[2])
  }
}
