import Inputs
import JSON

/// How SigLIP's processor makes one row of ids of a text.
public struct TextSettings: Sendable, Equatable {
  /// Ids of every row; the text tower reads the last one.
  public var length: Int
  /// Fills rows up.
  public var padToken: Int
  /// Padding stands in front of the text instead of behind it.
  public var padsLeft: Bool
  /// What stands in front of the text's own ids.
  public var prefix: [Int]
  /// What stands behind them.
  public var suffix: [Int]

  /// Longest row that a plan may ask for.
  static let lengthLimit = 1 << 16

  public init(length: Int, padToken: Int, padsLeft: Bool, prefix: [Int], suffix: [Int]) {
    self.length = length
    self.padToken = padToken
    self.padsLeft = padsLeft
    self.prefix = prefix
    self.suffix = suffix
  }

  public var json: JSON {
    .object([
      .init("length", .integer(length)),
      .init("pad_token", .integer(padToken)),
      .init("padding_side", .string(padsLeft ? "left" : "right")),
      .init("prefix", .array(prefix.map { .integer($0) })),
      .init("suffix", .array(suffix.map { .integer($0) })),
    ])
  }

  public init(json: JSONField) throws(JSONError) {
    let ids = 0...Int(Int32.max)
    func list(_ name: String) throws(JSONError) -> [Int] {
      try json.member(name).elements().map { field throws(JSONError) in try field.int(in: ids) }
    }
    length = try json.member("length").int(in: 1...Self.lengthLimit)
    padToken = try json.member("pad_token").int(in: ids)
    let side = try json.member("padding_side")
    guard let padsLeft = try Self.sides[side.string()] else {
      throw side.unexpected("\"left\" or \"right\"")
    }
    self.padsLeft = padsLeft
    prefix = try list("prefix")
    suffix = try list("suffix")
  }

  /// `padding_side`, and whether it is the left one.
  static let sides = ["left": true, "right": false]

  /// The ids of a text, padded to `length`. Special tokens in the text are recognised, as in
  /// transformers.
  ///
  /// - Throws: `ScoringError` for a text that is too long: it is not cut.
  public func ids(of text: String, _ tokenizer: Tokenizer) throws(ScoringError) -> [Int] {
    let ids = prefix + tokenizer.encode(text).map { Int($0) } + suffix
    guard ids.count <= length else {
      throw .textTooLong(text, tokens: ids.count, limit: length)
    }
    let padding = Array(repeating: padToken, count: length - ids.count)
    return padsLeft ? padding + ids : ids + padding
  }
}

/// Why texts cannot be scored.
public enum ScoringError: Error, Sendable, Equatable, CustomStringConvertible {
  case textTooLong(String, tokens: Int, limit: Int)
  case noText
  /// A logit is NaN or infinite.
  case noScore(text: String)

  public var description: String {
    switch self {
    case .textTooLong(let text, let tokens, let limit):
      "the text \"\(Self.excerpt(text))\" takes \(tokens) tokens, more than the model's \(limit); "
        + "shorten it"
    case .noText: "there is no text to score"
    case .noScore(let text):
      "the model gave no usable score for the text \"\(Self.excerpt(text))\"; its weights may hold NaN "
        + "or infinities"
    }
  }

  private static func excerpt(_ text: String) -> String {
    let limit = 40
    return String(text.prefix(limit)).printable + (text.count > limit ? "…" : "")
  }
}
