extension PassManager {
  /// The passes in the order in which a compile runs them. A name may appear again where a later
  /// pass leaves work for an earlier one.
  public static let pipeline = optimizing + lowering

  /// Passes that change the graph.
  public static let optimizing: [Pass] = [
    .canonicalize,
    .foldBatchNorm,
    .foldConstants,
    .commonSubexpressions,
    .channelsLast,
    .patchConvToMatmul,
    .fuseNorm,
    .fuseActivation,
    .fuseRope,
    .fuseAttention,
    .canonicalize,
    .foldWeights,
    .fuseEpilogue,
    .sinkSlices,
    .eliminateCopies,
    .quantize,
    .deadCode,
  ]

  /// Passes that give the finished graph its kernels and its memory.
  public static let lowering: [Pass] = [
    .packWeights,
    .selectKernels,
    .planMemory,
  ]

  /// One thing that must hold for the order of the pipeline: `before` stands before the first `after`.
  package struct OrderConstraint: Sendable {
    package let before: String
    package let after: String
    package let reason: String
  }

  package static let orderConstraints: [OrderConstraint] = [
    OrderConstraint(
      before: "canonicalize", after: "common_subexpressions",
      reason: "equal computations are recognised by equal spelling"),
    OrderConstraint(
      before: "canonicalize", after: "fuse_attention",
      reason: "a transposed key is looked for as a flag of the product"),
    OrderConstraint(
      before: "fold_constants", after: "fuse_norm",
      reason: "1 + ε written as two constants is one number only after folding"),
    OrderConstraint(
      before: "common_subexpressions", after: "fuse_rope",
      reason: "both uses of a rotated value must be recognised as the same value"),
    OrderConstraint(
      before: "common_subexpressions", after: "fuse_norm",
      reason: "the x that is squared and the x that is scaled must be the same value"),
    OrderConstraint(
      before: "fold_batch_norm", after: "fold_constants",
      reason: "its factor and term are constants where the statistics are"),
    OrderConstraint(
      before: "fold_batch_norm", after: "channels_last",
      reason: "convolutions take in a factor and a term"),
    OrderConstraint(
      before: "fold_batch_norm", after: "patch_conv_to_matmul",
      reason: "the kernel of a convolution is scaled, not patches"),
    OrderConstraint(
      before: "channels_last", after: "patch_conv_to_matmul",
      reason: "a convolution of single pixels is no patch to unfold"),
    OrderConstraint(
      before: "channels_last", after: "fuse_epilogue",
      reason: "conv takes in what follows it in its own order"),
    OrderConstraint(
      before: "channels_last", after: "fold_weights",
      reason: "what normalises a convolution's result is multiplied into its weight"),
    OrderConstraint(
      before: "fold_weights", after: "fuse_epilogue",
      reason: "a weight that was computed is a weight to multiply with"),
    OrderConstraint(
      before: "fold_weights", after: "quantize",
      reason: "a weight that was computed is stored like any other"),
    OrderConstraint(
      before: "patch_conv_to_matmul", after: "fuse_epilogue",
      reason: "the product that replaces the convolution takes its bias and positions in"),
    OrderConstraint(
      before: "fuse_norm", after: "fuse_epilogue",
      reason: "a norm's sums must not be taken for residuals"),
    OrderConstraint(
      before: "fold_constants", after: "fuse_activation",
      reason: "the numbers of gelu are computed from others before they can be told"),
    OrderConstraint(
      before: "fuse_activation", after: "fuse_epilogue",
      reason: "linear takes in activations that are one operation"),
    OrderConstraint(
      before: "fuse_attention", after: "eliminate_copies",
      reason: "attention reads heads through strides that its primitives cannot"),
    OrderConstraint(
      before: "fuse_epilogue", after: "eliminate_copies",
      reason: "linear reads rows only, where the product it replaces reads any matrix"),
    OrderConstraint(
      before: "fuse_epilogue", after: "sink_slices",
      reason: "slices sink through fused operations, not through their parts"),
    OrderConstraint(
      before: "sink_slices", after: "eliminate_copies",
      reason: "a copy of the rows that are left may not be needed"),
    OrderConstraint(
      before: "fuse_epilogue", after: "quantize",
      reason: "reshaped kernels and factors have become weights of linear"),
    OrderConstraint(
      before: "eliminate_copies", after: "dead_code",
      reason: "what only led to removed copies is swept up last"),
    OrderConstraint(
      before: "dead_code", after: "select_kernels",
      reason: "nothing that is never read gets a kernel"),
    OrderConstraint(
      before: "quantize", after: "pack_weights",
      reason: "the element type decides how a weight is packed"),
    OrderConstraint(
      before: "pack_weights", after: "select_kernels",
      reason: "another kernel reads each packing"),
    OrderConstraint(
      before: "select_kernels", after: "plan_memory",
      reason: "the copies that kernels ask for need memory too"),
  ]

  /// Every pass once, in pipeline order.
  public static var all: [Pass] {
    var seen: Set<String> = []
    return pipeline.filter { seen.insert($0.name).inserted }
  }

  /// Throws `UnknownPass`.
  public static func pass(named name: String) throws -> Pass {
    guard let pass = pipeline.first(where: { $0.name == name }) else {
      throw UnknownPass(name: name)
    }
    return pass
  }
}
