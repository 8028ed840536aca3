import Compiler

/// What makes, moves and normalises data.
extension KernelCase {
  static let moves: [KernelCase] =
    ["f32", "i64", "bool"].flatMap { type in
      [
        ("2D", "1024x1024", "[1, 0]", "1024x1024"),
        ("heads", "256x16x256", "[1, 0, 2]", "16x256x256"),
        ("to channels last", "4x64x64x64", "[0, 2, 3, 1]", "4x64x64x64"),
        ("of few columns", "262144x4", "[1, 0]", "4x262144"),
        ("to few columns", "4x262144", "[1, 0]", "262144x4"),
      ].map { variant, shape, order, result in
        KernelCase(
          kernel: "copy", variant: "\(type) \(variant)", operands: ["\(type)[\(shape)]"],
          body: "%t = transpose(%a) {perm = \(order)} : \(type)[\(result)]\n"
            + "%y = contiguous(%t) : \(type)[\(result)]",
          result: "\(type)[\(result)]")
      }
    }
    + [
      KernelCase(
        kernel: "copy", variant: "of every second", operands: ["f32[1024x1024x2]"],
        body: "%t = slice(%a) {axis = 2, start = 0, end = 1} : f32[1024x1024x1]\n"
          + "%y = contiguous(%t) : f32[1024x1024x1]", result: "f32[1024x1024x1]"),
      KernelCase(
        kernel: "copy", variant: "of a broadcast", operands: ["f32[1024x1]"],
        body: "%t = broadcast(%a) {shape = [1024, 1024]} : f32[1024x1024]\n"
          + "%y = contiguous(%t) : f32[1024x1024]", result: "f32[1024x1024]"),
      KernelCase(
        kernel: "concat", variant: "of rows", operands: ["f32[512x1024]", "f32[512x1024]"],
        body: "concat(%a, %b) {axis = 0}", result: "f32[1024x1024]"),
      KernelCase(
        kernel: "concat", variant: "of columns", operands: ["f32[1024x512]", "f32[1024x512]"],
        body: "concat(%a, %b) {axis = 1}", result: "f32[1024x1024]"),
      KernelCase(
        kernel: "constant", variant: "", operands: ["f32[1024x1024]"],
        body: "%c = constant() {value = 2.0} : f32[]\n%y = add(%a, %c) : f32[1024x1024]",
        result: "f32[1024x1024]"),
      KernelCase(
        kernel: "iota", variant: "", operands: ["i64[1048576]"],
        body: "%i = iota() {count = 1048576, start = 0} : i64[1048576]\n"
          + "%y = add(%a, %i) : i64[1048576]", result: "i64[1048576]"),
      KernelCase(
        kernel: "causal_mask", variant: "", operands: ["f32[1024x1024]"],
        body: "%m = causal_mask() {queries = 1024, keys = 1024} : f32[1024x1024]\n"
          + "%y = add(%a, %m) : f32[1024x1024]", result: "f32[1024x1024]"),
      KernelCase(
        kernel: "cache_append", variant: "", operands: ["f32[1x8x1000x128]"],
        body: "%y = cache_append(%cache, %a) {at = 0} : f32[1x8x1000x128]",
        result: "f32[1x8x1000x128]", declarations: "state %cache : f32[1x8x1000x128]"),
      KernelCase(
        kernel: "unfold", variant: "", operands: ["f32[1x16x128x128]"],
        body: "unfold(%a) {kernel = [3, 3], pads = [1, 1, 1, 1]}", result: "f32[1x16x9x128x128]"),
      KernelCase(
        kernel: "max_pool", variant: "", operands: ["f32[1x128x128x64]"],
        body: "max_pool(%a) {kernel = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]}",
        result: "f32[1x64x64x64]"),
      KernelCase(
        kernel: "nonzero", variant: "", operands: ["bool[1024x1024]"],
        body: "%y = nonzero(%a) {count = N-1} : i64[(N-1)x2]", result: "i64[(N-1)x2]",
        declarations: "symbol N <= 1048577"),
    ] + selections

  private static let selections: [KernelCase] =
    [
      KernelCase(
        kernel: "gather", variant: "of rows", operands: ["f32[1024x1024]", "i64[1024]"],
        body: "gather(%a, %b) {axis = 0}", result: "f32[1024x1024]", integers: 0...1023),
      KernelCase(
        kernel: "gather", variant: "of short rows", operands: ["f32[262144x4]", "i64[262144]"],
        body: "gather(%a, %b) {axis = 0}", result: "f32[262144x4]", integers: 0...262143),
      KernelCase(
        kernel: "gather", variant: "of columns", operands: ["f32[1024x1024]", "i64[1024]"],
        body: "gather(%a, %b) {axis = 1}", result: "f32[1024x1024]", integers: 0...1023),
      KernelCase(
        kernel: "gather", variant: "of elements", operands: ["i64[1048576]", "i64[1048576]"],
        body: "gather(%a, %b) {axis = 0}", result: "i64[1048576]", integers: 0...1_048_575),
      KernelCase(
        kernel: "masked_scatter", variant: "of elements",
        operands: ["f32[1024x1024]", "bool[1024x1024]", "f32[1048576]"],
        body: "masked_scatter(%a, %b, %c)", result: "f32[1024x1024]"),
      KernelCase(
        kernel: "masked_scatter", variant: "of rows",
        operands: ["f32[1024x1024]", "bool[1024x1]", "f32[1048576]"],
        body: "masked_scatter(%a, %b, %c)", result: "f32[1024x1024]"),
    ]
    + ["none", "add", "mul", "max"].flatMap { reduction in
      [
        KernelCase(
          kernel: "scatter", variant: "\(reduction) of rows",
          operands: ["f32[1024x1024]", "i64[512]", "f32[512x1024]"],
          body: "scatter(%a, %b, %c) {reduction = \(reduction)}", result: "f32[1024x1024]",
          integers: 0...1023),
        KernelCase(
          kernel: "scatter", variant: "\(reduction) of elements",
          operands: ["i64[1048576]", "i64[262144]", "i64[262144]"],
          body: "scatter(%a, %b, %c) {reduction = \(reduction)}", result: "i64[1048576]",
          integers: 0...1_048_575),
      ]
    }

  static let rows: [KernelCase] =
    [
      KernelCase(
        kernel: "layer_norm", variant: "", operands: ["f32[1024x1024]", "f32[1024]", "f32[1024]"],
        body: "layer_norm(%a, weight = %b, bias = %c)", result: "f32[1024x1024]"),
      KernelCase(
        kernel: "rms_norm", variant: "", operands: ["f32[1024x1024]", "f32[1024]"],
        body: "rms_norm(%a, %b)", result: "f32[1024x1024]"),
      KernelCase(
        kernel: "rope", variant: "",
        operands: ["f32[1x8x1024x128]", "f32[1x1x1024x128]", "f32[1x1x1024x128]"],
        body: "rope(%a, %b, %c)", result: "f32[1x8x1024x128]"),
    ]
    // By known statistics, it is a product and a sum.
    + [("of pictures", "4x64x64x64"), ("of features", "4096x256")].map { variant, shape in
      KernelCase(
        kernel: "batch_norm", variant: variant, operands: ["f32[\(shape)]"],
        body: "batch_norm(%a)", result: "f32[\(shape)]")
    } + tables

  /// Rows of weights, in the forms that they are stored in.
  private static let tables: [KernelCase] = {
    // A product with the rows of a weight reads it row by row, one with its columns in panels.
    let other =
      "func @other(%x: f32[1x4096]) -> (z: f32[1x1024])"
      + " { %z = matmul(%x, %table) : f32[1x1024] return %z }"
    let factor =
      "func @other(%x: f32[1x1024]) -> (z: f32[1x4096])"
      + " { %z = matmul(%x, %table) {transpose_b = true} : f32[1x4096] return %z }"
    let forms: [(kernel: String, dtype: PassContext.DType, other: String)] = [
      ("embedding_f32", .f32, other), ("embedding_bf16", .bf16, other),
      ("embedding_f32_panels", .f32, factor), ("embedding_bf16_panels", .bf16, factor),
      ("embedding_int8_panels", .int8, factor),
    ]
    return forms.map { form in
      KernelCase(
        kernel: form.kernel, variant: "", operands: ["i64[512]"], body: "embedding(%table, %a)",
        result: "f32[512x1024]",
        declarations: "weight %table : f32[4096x1024] {value = random(1, 1.0)}",
        otherFunction: form.other, dtype: form.dtype, integers: 0...4095)
    }
  }()
}
