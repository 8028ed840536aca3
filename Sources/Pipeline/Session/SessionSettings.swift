import JSON

/// What a plan says about its use as a PaliGemma model, beside the graph.
public struct SessionSettings: Sendable, Equatable {
  /// The id whose places the picture's features take.
  public var imageToken: Int
  /// The id in front of the prompt.
  public var beginToken: Int
  /// Places that one picture takes.
  public var imageTokenCount: Int
  /// Ids after which an answer is complete.
  public var endTokens: [Int]
  /// Longest sequence of picture, prompt and answer.
  public var maxTokens: Int
  public var processor: ImageProcessorSettings

  /// The name of the plan's section.
  public static let section = "paligemma"
  /// Longest sequence that a plan may ask for.
  static let tokenLimit = 1 << 20
  /// Tokens behind the picture's at least: the one that begins a prompt, a newline, one of the answer.
  static let leastText = 3

  public init(
    imageToken: Int, beginToken: Int, imageTokenCount: Int, endTokens: [Int], maxTokens: Int,
    processor: ImageProcessorSettings
  ) {
    self.imageToken = imageToken
    self.beginToken = beginToken
    self.imageTokenCount = imageTokenCount
    self.endTokens = endTokens
    self.maxTokens = maxTokens
    self.processor = processor
  }

  public var json: JSON {
    .object([
      .init("image_token", .integer(imageToken)),
      .init("begin_token", .integer(beginToken)),
      .init("image_token_count", .integer(imageTokenCount)),
      .init("end_tokens", .array(endTokens.map { .integer($0) })),
      .init("max_tokens", .integer(maxTokens)),
      .init("processor", processor.json),
    ])
  }

  public init(json: JSONField) throws(JSONError) {
    let ids = 0...Int(Int32.max)
    imageToken = try json.member("image_token").int(in: ids)
    beginToken = try json.member("begin_token").int(in: ids)
    imageTokenCount = try json.member("image_token_count").int(
      in: 1...Self.tokenLimit - Self.leastText)
    endTokens = try json.member("end_tokens").elements().map { field throws(JSONError) in
      try field.int(in: ids)
    }
    maxTokens = try json.member("max_tokens").int(
      in: imageTokenCount + Self.leastText...Self.tokenLimit)
    processor = try ImageProcessorSettings(try json.member("processor"))
  }
}
