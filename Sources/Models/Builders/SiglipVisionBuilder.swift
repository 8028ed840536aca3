import IR
import Tensors

/// The SigLIP vision tower: patch embedding, learned positions, pre-norm blocks, a final norm.
/// S is the number of patches, D the hidden size.
struct SiglipVisionBuilder {
  let config: VisionConfig
  /// What the canonical names of the tower's parameters begin with.
  let prefix: String

  var encoder: SiglipEncoderBuilder { SiglipEncoderBuilder(config: config, prefix: prefix) }

  /// Name of the buffer that numbers the patches.
  var positionIDs: String { "\(prefix)embeddings.position_ids" }

  /// The module tensors that are not in the checkpoint.
  var buffers: [ModuleTensor] {
    [
      ModuleTensor(
        positionIDs, TensorType(.i64, [1, Dim(config.patchCount)]), .buffer(persistent: false),
        .iota)
    ]
  }

  /// f32[1×3×R×R] pixels to f32[1×S×D] features.
  func tower(_ pixels: Operand, _ graph: inout GraphBuilder) throws -> Operand {
    let patches = try embeddings(pixels, &graph)
    return try graph.layerNorm(
      try encoder.encoder(patches, &graph), "\(prefix)post_layernorm",
      epsilon: config.layerNormEpsilon, as: "post_layernorm")
  }

  /// One token per patch, row by row of the picture, plus what the tower learned about its place.
  func embeddings(_ pixels: Operand, _ graph: inout GraphBuilder) throws -> Operand {
    let module = "\(prefix)embeddings"
    let convolution = "\(module).patch_embedding"
    let grid = try graph.op(
      "patch_conv",
      [
        try covered(pixels, &graph), try graph.tensor("\(convolution).weight"),
        try graph.tensor("\(convolution).bias"),
      ], ["stride": .integer(config.patchSize)], as: "embeddings.grid")
    let shape: Shape = [1, Dim(config.hiddenSize), Dim(config.patchCount)]
    let flat = try graph.reshape(grid, shape, as: "embeddings.flat")
    let transposed = try graph.transpose(flat, [0, 2, 1], as: "embeddings.transposed")
    let patches = try graph.contiguous(transposed, as: "embeddings.patches")
    let table = try graph.tensor("\(module).position_embedding.weight")
    let positions = try graph.op(
      "embedding", [table, try graph.tensor(positionIDs)], as: "embeddings.positions")
    return try graph.op("add", [patches, positions], as: "embeddings")
  }

  /// The pixels that whole patches cover: what is left at the right and at the bottom is not seen.
  private func covered(_ pixels: Operand, _ graph: inout GraphBuilder) throws -> Operand {
    let side = config.gridSize * config.patchSize
    guard side < config.imageSize else { return pixels }
    let rows = try graph.slice(pixels, axis: 2, 0, Dim(side), as: "pixel_values.rows")
    return try graph.slice(rows, axis: 3, 0, Dim(side), as: "pixel_values.covered")
  }
}
