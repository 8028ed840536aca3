/// Which operands the results of kernels may share memory with. All that is not stated here is refused
/// when a plan is loaded.
///
/// The compiler has the same table by operations (`InPlace.positions`); tests hold the two against each
/// other, and run each kernel in place and apart.
enum KernelSharing {
  /// Positions of the operands that may be the result: each element is read for the last time before
  /// the same element of the result is written. For a kernel that works on rows, read it as rows.
  static let inPlace: [String: [Int]] = [
    elementwise: [0], pairs: [0, 1], rows: [0], ["masked_scatter"]: [0],
    // Residual and multiplier are read as the results of the products are written.
    linear: [3, 4], conv: [3],
  ].reduce(into: [:]) { table, group in
    for name in group.key { table[name] = group.value }
  }

  /// Positions of the operands whose state the result is another view of. What is written is not read.
  static let sameState: [String: [Int]] = ["cache_append": [0]]

  private static let elementwise = [
    "neg", "abs", "exp", "log", "sqrt", "rsqrt", "sin", "cos", "tanh", "erf", "sigmoid", "relu",
    "silu", "gelu",
  ]
  private static let pairs = ["add", "sub", "mul", "div", "pow", "maximum", "minimum"]
  private static let rows = ["softmax", "layer_norm", "rms_norm", "rope", "batch_norm"]
  private static let linear = [
    "linear_f32", "linear_bf16", "linear_f32_panels", "linear_bf16_panels", "linear_int8_panels",
    "linear_int4_panels",
  ]
  private static let conv = ["conv_f32", "conv_bf16", "conv_f32_panels", "conv_bf16_panels"]
}
