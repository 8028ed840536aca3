extension ExportOperator {
  /// Every operation, in the order of the IR's reference, and the nodes that it becomes. State is no
  /// row: caches are inputs and outputs (`FunctionExport`).
  static let table: [ExportOperator] = [
    // Data
    .init("constant", constant),
    .init("iota", iota),
    .init("embedding", embedding),
    .init("gather", gather),
    .init("concat", concat),
    .init("contiguous", same),
    .init("masked_scatter", maskedScatter),
    .init("causal_mask", causalMask),
    // Views
    .init("reshape") { try $0.reshape($0.stored(0), $0.dimensions("shape")) },
    .init("transpose") { try $0.transpose($0.stored(0), $0.integers("perm")) },
    .init("broadcast") { try $0.expand($0.stored(0), $0.dimensions("shape")) },
    .init("slice", slice),
    // Mathematics of single elements
    .init("neg", unary("Neg")),
    .init("abs", unary("Abs")),
    .init("exp", unary("Exp")),
    .init("log", unary("Log")),
    .init("sqrt", unary("Sqrt")),
    .init("rsqrt") { try $0.op("Reciprocal", [$0.op("Sqrt", [$0.number(0)])]) },
    .init("sin", unary("Sin")),
    .init("cos", unary("Cos")),
    .init("tanh", unary("Tanh")),
    .init("erf", unary("Erf")),
    .init("sigmoid", unary("Sigmoid")),
    .init("floor", unary("Floor")),
    .init("round", unary("Round")),
    .init("relu") { try relu($0, $0.number(0)) },
    .init("silu") { try silu($0, $0.number(0)) },
    .init("gelu") { try gelu($0, $0.number(0), isTanh: $0.word("approximate") == "tanh") },
    .init("add", binary("Add")),
    .init("sub", binary("Sub")),
    .init("mul", binary("Mul", flags: "And")),
    .init("div", binary("Div")),
    .init("pow", binary("Pow")),
    .init("maximum", binary("Max", flags: "Or")),
    .init("minimum", binary("Min", flags: "And")),
    .init("equal", comparison("Equal")),
    .init("less", comparison("Less")),
    .init("where", choice),
    .init("cast", cast),
    // Reductions
    .init("sum", reduction("ReduceSum", axesAreInputFrom: 13)),
    .init("mean", reduction("ReduceMean")),
    .init("max", reduction("ReduceMax")),
    .init("softmax") { try $0.op("Softmax", [$0.number(0)], ["axis": .int($0.integer("axis"))]) },
    // Matrices and windows
    .init("matmul", matmul),
    .init("patch_conv", patchConv),
    .init("unfold", unfold),
    // Normalisation
    .init("layer_norm", layerNorm),
    .init("rms_norm", rmsNorm),
    // What passes make
    .init("rope", rope),
    .init("attention", attention),
    .init("linear", linear),
  ]
}
