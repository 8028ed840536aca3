import JSON

/// What a plan says about its use as a SigLIP model, beside the graph.
public struct ScoringSettings: Sendable, Equatable {
  public var text: TextSettings
  public var processor: ImageProcessorSettings

  /// The name of the plan's section.
  public static let section = "siglip"

  public init(text: TextSettings, processor: ImageProcessorSettings) {
    self.text = text
    self.processor = processor
  }

  public var json: JSON { ["text": text.json, "processor": processor.json] }

  public init(json: JSONField) throws(JSONError) {
    text = try TextSettings(json: try json.member("text"))
    processor = try ImageProcessorSettings(try json.member("processor"))
  }
}
