import IR
import Tensors

extension Pass {
  /// `patch_conv_to_matmul` cuts the picture into rows, one per patch, and multiplies them with the
  /// kernel as a matrix.
  static let patchConvToMatmul = Pass(
    "patch_conv_to_matmul", .reassociating,
    "Turns the patch convolution into a matrix product of unfolded patches.",
    rules: [PatchConvRules.unfold])
}

enum PatchConvRules {
  static let unfold = RewriteRule(
    "unfold", on: ["patch_conv"],
    "The patches of [B, C, Gy·P, Gx·P] pixels become the rows of a [B, Gy·Gx, C·P·P] value. "
      + "Their product with the [O, C·P·P] kernel lies token by token, as the transformer reads "
      + "it; the convolution's [B, O, Gy, Gx] is a view of that."
  ) { anchor, graph in
    guard let pixels = anchor["pixels"], let kernel = anchor["kernel"],
      graph.type(of: pixels).element == .f32, try graph.isContiguous(kernel),
      let stride = anchor.attributes["stride"]?.integer
    else { return nil }
    let grid = graph.type(of: .value(anchor.result)).shape
    let (batch, channels, side) = (grid[0], graph.type(of: pixels).shape[1], Dim(stride))
    let (features, rows, columns) = (grid[1], grid[2], grid[3])
    let (tokens, width) = (try rows * columns, try channels * side * side)
    let pixelGrid = [batch, channels, rows, side, columns, side]

    var patch = graph.patch()
    let split = try patch.append("reshape", [pixels], ["shape": .dimensions(pixelGrid)])
    let ordered = try patch.append(
      "transpose", [split], ["perm": .integers([0, 2, 4, 1, 3, 5])])
    let copied = try patch.append("contiguous", [ordered])
    let patches = try patch.append(
      "reshape", [copied], ["shape": .dimensions([batch, tokens, width])])
    let matrix = try patch.append(
      "reshape", [kernel], ["shape": .dimensions([features, width])])
    var product = try patch.append(
      "matmul", [patches, matrix], ["transpose_b": .flag(true)])
    if let bias = anchor["bias"] { product = try patch.append("add", [product, bias]) }
    let channelsFirst = try patch.append("transpose", [product], ["perm": .integers([0, 2, 1])])
    let result = try patch.append("reshape", [channelsFirst], ["shape": .dimensions(grid)])
    return try patch.replacing(with: result)
  }
}
