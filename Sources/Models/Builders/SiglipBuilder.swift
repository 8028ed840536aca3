import IR
import Tensors

/// Builds the textbook graph of a SigLIP model. Reads no weight bytes.
///
/// The module has three functions, whose values are called as in transformers' `SiglipModel`; R is
/// the picture's side, D the size of the embeddings, which have the length 1:
///
/// - `@image(%pixel_values: f32[1×3×R×R]) -> (image_embeds: f32[1×D])`
/// - `@text(%input_ids: i64[1×N]) -> (text_embeds: f32[1×D])`: one text of N tokens. Padding is seen
///   like any other token, as in training.
/// - `@score(%image_embeds: f32[1×D], %text_embeds: f32[T×D]) -> (logits_per_image: f32[1×T])`: how
///   well each of T texts fits the picture. The sigmoid of a logit is a probability.
public struct SiglipBuilder {
  /// Tokens of a text.
  public static let tokenSymbol = "N"
  /// Texts that are scored together.
  public static let textSymbol = "T"
  /// Most texts that one call scores.
  public static let textLimit = 256

  let config: SiglipConfig
  let vision: SiglipVisionBuilder
  let text: SiglipTextBuilder

  /// - Parameter checkpoint: the element type of each weight.
  /// - Throws: the IR's `OpError` when the checkpoint is not one of `config`'s resolutions.
  public static func module(
    _ config: SiglipConfig, _ checkpoint: CheckpointResolution
  ) throws -> Module {
    try SiglipBuilder(config).module(checkpoint)
  }

  private init(_ config: SiglipConfig) {
    self.config = config
    vision = SiglipVisionBuilder(config: config.vision, prefix: SiglipConfig.visionPrefix)
    text = SiglipTextBuilder(config: config.text, prefix: SiglipConfig.textPrefix)
  }

  private func module(_ checkpoint: CheckpointResolution) throws -> Module {
    var module = Module(
      name: "siglip",
      symbols: [
        Symbol(Self.tokenSymbol, bound: config.text.positionCount),
        Symbol(Self.textSymbol, bound: Self.textLimit),
      ],
      tensors: checkpoint.weights(of: config.expectedTensors) + vision.buffers)
    module.functions = [
      try imageFunction(GraphBuilder("image", in: module)),
      try textFunction(GraphBuilder("text", in: module)),
      try scoreFunction(GraphBuilder("score", in: module)),
    ]
    return module
  }

  private func imageFunction(_ graph: consuming GraphBuilder) throws -> Function {
    let side = Dim(config.vision.imageSize)
    let pixels = graph.parameter("pixel_values", TensorType(.f32, [1, 3, side, side]))
    let pooled = try vision.pooled(try vision.tower(pixels, &graph), &graph)
    graph.returns(try graph.unitLength(pooled, as: "image_embeds"), as: "image_embeds")
    return graph.function
  }

  private func textFunction(_ graph: consuming GraphBuilder) throws -> Function {
    let ids = graph.parameter(
      "input_ids", TensorType(.i64, [1, Dim(symbol: Self.tokenSymbol)]))
    let pooled = try text.pooled(ids, &graph)
    graph.returns(try graph.unitLength(pooled, as: "text_embeds"), as: "text_embeds")
    return graph.function
  }

  /// exp(scale)·image·textᵀ + bias.
  private func scoreFunction(_ graph: consuming GraphBuilder) throws -> Function {
    let size = Dim(config.text.projectionSize)
    let image = graph.parameter("image_embeds", TensorType(.f32, [1, size]))
    let texts = graph.parameter(
      "text_embeds", TensorType(.f32, [Dim(symbol: Self.textSymbol), size]))
    let cosines = try graph.op(
      "matmul", [image, texts], ["transpose_b": .flag(true)], as: "cosines")
    let scale = try graph.op("exp", [try graph.tensor(SiglipConfig.logitScale)], as: "scale")
    let scaled = try graph.op("mul", [cosines, scale], as: "logits.scaled")
    let logits = try graph.op(
      "add", [scaled, try graph.tensor(SiglipConfig.logitBias)], as: "logits_per_image")
    graph.returns(logits, as: "logits_per_image")
    return graph.function
  }
}
