/// Turns a prompt and a number of pictures into the ids that PaliGemma reads, as transformers'
/// `PaliGemmaProcessor` does: the picture's places, `<bos>`, the prompt, a newline, all encoded as
/// one text.
public struct PromptBuilder: Sendable {
  public let tokenizer: Tokenizer
  public let imageTokenID: Int32
  /// Places that one picture takes.
  public let tokensPerPicture: Int

  /// Most bytes of text that the places of one picture may take (64 MiB).
  static let placeTextLimit = 1 << 26

  private let imageToken: [UInt8]
  private let beginToken: [UInt8]

  /// - Parameters:
  ///   - imageTokenID: the configuration's `image_token_index`.
  ///   - beginTokenID: its `bos_token_id`.
  ///   - tokensPerPicture: (resolution ∕ patch size)².
  /// - Precondition: `tokensPerPicture` is not negative.
  /// - Throws: `PromptError` unless each id stands for a special token that is matched in text, and the
  ///   picture's places have a text of a usable length.
  public init(
    tokenizer: Tokenizer, imageTokenID: Int32, beginTokenID: Int32, tokensPerPicture: Int
  ) throws(PromptError) {
    precondition(tokensPerPicture >= 0)
    self.tokenizer = tokenizer
    self.imageTokenID = imageTokenID
    self.tokensPerPicture = tokensPerPicture
    imageToken = try Self.text(of: imageTokenID, field: "image_token_index", in: tokenizer)
    beginToken = try Self.text(of: beginTokenID, field: "bos_token_id", in: tokenizer)
    guard tokensPerPicture <= Self.placeTextLimit / imageToken.count else {
      throw .placesTooLong(count: tokensPerPicture, bytes: imageToken.count)
    }
  }

  private static func text(
    of id: Int32, field: String, in tokenizer: Tokenizer
  ) throws(PromptError) -> [UInt8] {
    guard let text = tokenizer.piece(id), tokenizer.encode(text) == [id], tokenizer.isSpecial(id)
    else { throw .noSpecialToken(id: id, field: field) }
    return Array(text.utf8)
  }

  /// The ids of a prompt about some pictures.
  ///
  /// A prompt that names no place for a picture gets all of them in front. One that does (`<image>`)
  /// has exactly one place per picture, and `<bos>` goes behind the last.
  ///
  /// - Parameters:
  ///   - pictures: not negative.
  ///   - specialTokens: `.plainText` takes the whole prompt as text, `<image>` included.
  public func ids(
    prompt: String, pictures: Int = 1, specialTokens: Tokenizer.SpecialTokens = .recognized
  ) throws(PromptError) -> [Int32] {
    precondition(pictures >= 0)
    let picture = [UInt8](repeating: imageToken, count: tokensPerPicture)
    let text = Array(prompt.utf8)
    let newline = UInt8(ascii: "\n")
    if specialTokens == .plainText {
      let prefix = encode([UInt8](repeating: picture, count: pictures) + beginToken)
      return prefix + tokenizer.encode(prompt + "\n", specialTokens: .plainText)
    }
    let places = text.ranges(matching: imageToken)
    guard let last = places.last else {
      return encode([UInt8](repeating: picture, count: pictures) + beginToken + text + [newline])
    }
    guard places.count == pictures else {
      throw .pictureCount(places: places.count, pictures: pictures)
    }
    var expanded: [UInt8] = []
    var done = 0
    for place in places {
      expanded += text[done..<place.lowerBound] + picture
      done = place.upperBound
    }
    return encode(expanded + beginToken + text[last.upperBound...] + [newline])
  }

  private func encode(_ text: [UInt8]) -> [Int32] {
    tokenizer.encode(String(decoding: text, as: UTF8.self))
  }
}

extension [UInt8] {
  fileprivate init(repeating part: [UInt8], count: Int) {
    self = []
    reserveCapacity(part.count * count)
    for _ in 0..<count { self += part }
  }

  /// Where `part` stands, from the left, without overlaps.
  fileprivate func ranges(matching part: [UInt8]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var position = 0
    while position + part.count <= count {
      if self[position...].starts(with: part) {
        ranges.append(position..<position + part.count)
        position += part.count
      } else {
        position += 1
      }
    }
    return ranges
  }
}

/// Why there are no ids for a prompt.
public enum PromptError: Error, Equatable, Sendable {
  /// The tokenizer has no special token with the id that the configuration names.
  case noSpecialToken(id: Int32, field: String)
  case pictureCount(places: Int, pictures: Int)
  /// So many places with a token of so many bytes are no prompt.
  case placesTooLong(count: Int, bytes: Int)
}

extension PromptError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noSpecialToken(let id, let field):
      "\(field) is \(id), which is no special token of the tokenizer; "
        + "the configuration and the tokenizer belong to different models"
    case .pictureCount(let places, let pictures):
      "the number of <image> in the prompt is \(places) and that of pictures \(pictures); write <image> "
        + "once for each picture, or not at all"
    case .placesTooLong(let count, let bytes):
      "a picture takes \(count) places, each with a token of \(bytes) bytes, which is too long a prompt"
    }
  }
}
