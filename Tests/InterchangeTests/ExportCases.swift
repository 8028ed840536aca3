/// Every operation at least once, in the order of the IR's reference.
extension ExportCase {
  static let all = data + views + elements + reductions + layers + fused

  private static let data: [ExportCase] = [
    .init(
      "a constant",
      body: """
        func @f() -> (y: f32[], z: i64[3]) {
          %y = constant() {value = 0.5} : f32[]
          %z = constant() {values = [1, -2, 3], element = i64} : i64[3]
          return %y, %z
        }
        """),
    .init("counting", "iota() {count = 4, start = 2}", [], to: "i64[4]"),
    .init(
      "counting to a size", symbols: ["T": 5],
      body: """
        func @f(%x: f32[T]) -> (y: f32[T]) {
          %places = iota() {count = T, start = 2*T+1} : i64[T]
          %numbers = cast(%places) {to = f32} : f32[T]
          %y = add(%x, %numbers) : f32[T]
          return %y
        }
        """),
    .init(
      "an embedding",
      body: """
        weight %table : bf16[4x6] {value = random(1, 1.0)}
        func @f(%ids: i64[2x2]) -> (y: f32[2x2x6]) {
          %y = embedding(%table, %ids) {scale = 2.5} : f32[2x2x6]
          return %y
        }
        """),
    .init(
      "rows of a value", "gather(%x0, %x1) {axis = 1}", ["f32[2x4x3]", "i64[5]"], to: "f32[2x5x3]"),
    .init(
      "one after the other", "concat(%x0, %x1, %x0) {axis = -1}", ["f32[2x3]", "f32[2x1]"],
      to: "f32[2x7]"),
    .init(
      "a copy of a view",
      body: """
        func @f(%x: f32[2x3]) -> (y: f32[6]) {
          %t = transpose(%x) {perm = [1, 0]} : f32[3x2]
          %c = contiguous(%t) : f32[3x2]
          %y = reshape(%c) {shape = [6]} : f32[6]
          return %y
        }
        """),
    .init(
      "scattered by a mask", "masked_scatter(%x0, %x1, %x2)", ["f32[2x4]", "bool[2x1]", "f32[9]"],
      to: "f32[2x4]"),
    .init(
      "scattered by a mask of an open size", "masked_scatter(%x0, %x1, %x2)",
      ["f32[1xTx4]", "bool[1xTx4]", "f32[40]"], to: "f32[1xTx4]", symbols: ["T": 5]),
    .init("a causal mask", "causal_mask() {queries = 2, keys = 5}", [], to: "f32[2x5]"),
    .init(
      "a causal mask with a window over open sizes", symbols: ["T": 5],
      body: """
        func @f(%x: f32[Tx1]) -> (y: f32[Tx(T+2)]) {
          %mask = causal_mask() {queries = T, keys = T+2, window = 3} : f32[Tx(T+2)]
          %y = add(%x, %mask) : f32[Tx(T+2)]
          return %y
        }
        """),
    .init("the largest", "top_k(%x0) {k = 2, axis = 1}", ["f32[3x5]"], to: "i64[3x2]"),
    .init(
      "the smallest", "top_k(%x0) {k = 2, axis = 0, largest = false}", ["f32[3x5]"],
      to: "i64[2x5]"),
    .init(
      "scattered", "scatter(%x0, %x1, %x2)", ["f32[4x2]", "i64[2]", "f32[2x2]"], to: "f32[4x2]"),
    .init(
      "scattered and added", "scatter(%x0, %x1, %x2) {reduction = add}",
      ["f32[4x2]", "i64[3]", "f32[3x2]"], to: "f32[4x2]", opset: 16),
    .init(
      "scattered, the largest", "scatter(%x0, %x1, %x2) {reduction = max}",
      ["f32[4x2]", "i64[3]", "f32[3x2]"], to: "f32[4x2]", opset: 18),
    .init(
      "rows that the data say",
      body: """
        symbol R <= 7
        func @f(%x: bool[2x3], %y: f32[2x5]) -> (rows: i64[(R-1)x2], picked: f32[2x(R-1)], places: i64[R]) {
          %rows = nonzero(%x) {count = R-1} : i64[(R-1)x2]
          %columns = slice(%rows) {axis = 1, start = 1, end = 2} : i64[(R-1)x1]
          %copy = contiguous(%columns) : i64[(R-1)x1]
          %line = reshape(%copy) {shape = [R-1]} : i64[R-1]
          %picked = gather(%y, %line) {axis = 1} : f32[2x(R-1)]
          %places = iota() {count = R} : i64[R]
          return %rows, %picked, %places
        }
        """),
    .init(
      "boxes that overlap little",
      body: """
        symbol R <= 9
        func @f(%boxes: f32[1x4x4], %scores: f32[1x2x4]) -> (rows: i64[(R-1)x3], flat: i64[3*R-3]) {
          %rows = non_max_suppression(%boxes, %scores) {count = R-1, limit = 3, iou_threshold = 0.2, score_threshold = -1.5, centered = true} : i64[(R-1)x3]
          %flat = reshape(%rows) {shape = [3*R-3]} : i64[3*R-3]
          return %rows, %flat
        }
        """),
  ]

  private static let views: [ExportCase] = [
    .init("another shape", "reshape(%x0) {shape = [3, 1, 4]}", ["f32[2x6]"], to: "f32[3x1x4]"),
    .init(
      "another shape with an open size", "reshape(%x0) {shape = [2, T, 3]}", ["f32[Tx6]"],
      to: "f32[2xTx3]", symbols: ["T": 3]),
    .init(
      "another shape with two open sizes", "reshape(%x0) {shape = [T, B]}", ["f32[BxT]"],
      to: "f32[TxB]", symbols: ["B": 2, "T": 3]),
    .init(
      "axes in another order", "transpose(%x0) {perm = [2, 0, 1]}", ["f32[2x3x4]"], to: "f32[4x2x3]"
    ),
    .init("repeated", "broadcast(%x0) {shape = [2, 3, 4]}", ["f32[3x1]"], to: "f32[2x3x4]"),
    .init(
      "repeated to an open size", "broadcast(%x0) {shape = [T, 3, T]}", ["f32[3xT]"],
      to: "f32[Tx3xT]", symbols: ["T": 4]),
    .init("a part", "slice(%x0) {axis = 1, start = 1, end = 3}", ["f32[2x5]"], to: "f32[2x2]"),
    .init(
      "the last of an open size", "slice(%x0) {axis = 0, start = T-1, end = T}", ["f32[Tx2]"],
      to: "f32[1x2]", symbols: ["T": 4]),
    .init(
      "the first half of an open size", symbols: ["T": 4],
      body: """
        func @f(%x: f32[Tx2]) -> (y: f32[Tx2]) {
          %twice = concat(%x, %x) {axis = 0} : f32[(2*T)x2]
          %y = slice(%twice) {axis = 0, start = 1, end = T+1} : f32[Tx2]
          return %y
        }
        """),
  ]

  private static let elements: [ExportCase] =
    [
      "neg", "abs", "exp", "log", "sqrt", "rsqrt", "sin", "cos", "tanh", "erf", "atan", "sigmoid",
      "floor", "round", "relu", "silu", "gelu",
    ].map { .init("\($0) of numbers", "\($0)(%x0)", ["f32[2x3]"], to: "f32[2x3]") }
    + ["neg", "abs", "relu"].map {
      .init("\($0) of integers", "\($0)(%x0)", ["i64[4]"], to: "i64[4]")
    }
    + ["add", "sub", "mul", "div", "pow", "maximum", "minimum"].flatMap {
      [
        .init("\($0) of numbers", "\($0)(%x0, %x1)", ["f32[2x3]", "f32[3]"], to: "f32[2x3]"),
        .init("\($0) of integers", "\($0)(%x0, %x1)", ["i64[2x3]", "i64[2x1]"], to: "i64[2x3]"),
      ]
    }
    + ["mul", "maximum", "minimum"].map {
      .init("\($0) of flags", "\($0)(%x0, %x1)", ["bool[2x3]", "bool[3]"], to: "bool[2x3]")
    }
    + ["bit_and", "bit_or", "bit_xor"].map {
      .init("\($0) of integers", "\($0)(%x0, %x1)", ["i64[4]", "i64[4]"], to: "i64[4]", opset: 18)
    }
    + ["shift_left", "shift_right"].map {
      .init("\($0) of integers", "\($0)(%x0, %x1)", ["i64[4]", "i64[4]"], to: "i64[4]")
    }
    + ["f32", "i64", "bool"].flatMap { element in
      ["equal", "less"].filter { $0 == "equal" || element != "bool" }.map {
        .init(
          "\($0) of \(element)", "\($0)(%x0, %x1)", ["\(element)[2x3]", "\(element)[3]"],
          to: "bool[2x3]")
      } + [
        .init(
          "where of \(element)", "where(%x0, %x1, %x2)",
          ["bool[2x1]", "\(element)[3]", "\(element)[2x3]"], to: "\(element)[2x3]")
      ]
    }
    + [
      .init(
        "gelu by tanh", "gelu(%x0) {approximate = tanh}", ["f32[2x3]"], to: "f32[2x3]"),
      .init("cast to integers", "cast(%x0) {to = i64}", ["f32[2x3]"], to: "i64[2x3]"),
      .init("cast to small integers", "cast(%x0) {to = u8}", ["f32[2x3]"], to: "u8[2x3]"),
      .init("cast to other integers", "cast(%x0) {to = i32}", ["f32[2x3]"], to: "i32[2x3]"),
      .init(
        "lower bits",
        body: """
          func @f(%x: i64[2x3]) -> (y: i64[2x3]) {
            %lower = neg(%x) : i64[2x3]
            %mask = constant() {value = 255, element = i64} : i64[]
            %y = bit_and(%lower, %mask) : i64[2x3]
            return %y
          }
          """),
      .init(
        "nothing of it", "slice(%x0) {axis = 0, start = 1, end = 1}", ["f32[2x3]"], to: "f32[0x3]"),
      .init("cast to flags", "cast(%x0) {to = bool}", ["f32[2x3]"], to: "bool[2x3]"),
      .init("cast to numbers", "cast(%x0) {to = f32}", ["i64[2x3]"], to: "f32[2x3]"),
      .init("cast to half", "cast(%x0) {to = f16}", ["f32[2x3]"], to: "f16[2x3]"),
    ]

  private static let reductions: [ExportCase] =
    ["sum", "mean", "max", "prod"].flatMap {
      [
        .init(
          "\($0) over two axes", "\($0)(%x0) {axes = [-1, 0]}", ["f32[2x3x4]"], to: "f32[1x3x1]"),
        .init(
          "\($0) that drops the axis", "\($0)(%x0) {axes = [1], keep_dims = false}", ["f32[2x3x4]"],
          to: "f32[2x4]"),
        .init("\($0) over no axis", "\($0)(%x0) {axes = []}", ["f32[2x3]"], to: "f32[2x3]"),
      ]
    }
    + [
      .init("sum of integers", "sum(%x0) {axes = [1]}", ["i64[2x3]"], to: "i64[2x1]"),
      .init("softmax of the first axis", "softmax(%x0) {axis = 0}", ["f32[3x4]"], to: "f32[3x4]"),
      .init("sums so far", "cumsum(%x0) {axis = 1}", ["f32[2x4]"], to: "f32[2x4]"),
      .init(
        "sums from behind", "cumsum(%x0) {axis = -1, exclusive = true, reverse = true}",
        ["i64[2x4]"],
        to: "i64[2x4]"),
    ]

  private static let layers: [ExportCase] = [
    .init("a product", "matmul(%x0, %x1)", ["f32[2x1x3x4]", "f32[5x4x2]"], to: "f32[2x5x3x2]"),
    .init(
      "a product of transposed matrices",
      "matmul(%x0, %x1) {transpose_a = true, transpose_b = true}", ["f32[2x4x3]", "f32[5x4]"],
      to: "f32[2x3x5]"),
    .init(
      "a product with a weight",
      body: """
        weight %w : bf16[5x4] {value = random(1, 1.0)}
        func @f(%x: f32[2x3x4]) -> (y: f32[2x3x5]) {
          %y = matmul(%x, %w) {transpose_b = true} : f32[2x3x5]
          return %y
        }
        """),
    .init(
      "patches", "patch_conv(%x0, %x1, %x2) {stride = 2}",
      ["f32[2x3x4x6]", "f32[5x3x2x2]", "f32[5]"], to: "f32[2x5x2x3]"),
    .init(
      "patches without a bias", "patch_conv(%x0, %x1) {stride = 2}",
      ["f32[1x1x4x4]", "f32[2x1x2x2]"],
      to: "f32[1x2x2x2]"),
    .init(
      "windows",
      "unfold(%x0) {kernel = [3, 2], strides = [2, 1], pads = [1, 0, 0, 1], dilations = [1, 2], value = -2}",
      ["f32[2x3x6x5]"], to: "f32[2x3x6x3x4]"),
    .init(
      "windows of an open size", "unfold(%x0) {kernel = [1, 3], pads = [0, 1, 0, 1]}",
      ["f32[1x2x1xT]"], to: "f32[1x2x3x1xT]", symbols: ["T": 5]),
    .init(
      "a convolution, channels last",
      "conv(%x0, %x1, %x2, %x3) {kernel = [3, 2], strides = [2, 1], pads = [1, 0, 0, 1], dilations = [1, 2], activation = relu}",
      ["f32[2x6x5x3]", "f32[4x18]", "f32[4]", "f32[2x3x4x4]"], to: "f32[2x3x4x4]"),
    .init(
      "a convolution of single pixels", "conv(%x0, %x1) {kernel = [1, 1]}",
      ["f32[1x3x2x4]", "f32[2x4]"], to: "f32[1x3x2x2]"),
    .init(
      "a convolution of each channel",
      "depthwise_conv(%x0, %x1, %x2) {kernel = [3, 2], strides = [2, 1], pads = [1, 0, 0, 1], dilations = [1, 2], activation = relu}",
      ["f32[2x6x5x3]", "f32[6x3]", "f32[3]"], to: "f32[2x3x4x3]"),
    .init(
      "the largest of windows",
      "max_pool(%x0) {kernel = [3, 2], strides = [2, 1], pads = [1, 0, 0, 1]}",
      ["f32[2x6x5x3]"], to: "f32[2x3x5x3]"),
    .init(
      "layer norm", "layer_norm(%x0, %x1, %x2) {eps = 0.01}", ["f32[2x3x4]", "f32[4]", "f32[4]"],
      to: "f32[2x3x4]"),
    .init(
      "layer norm without a bias", "layer_norm(%x0, %x1)", ["f32[2x4]", "f32[4]"], to: "f32[2x4]"),
    .init("layer norm without a weight", "layer_norm(%x0)", ["f32[2x4]"], to: "f32[2x4]"),
    .init(
      "batch norm",
      "batch_norm(%x0, %x1, %x2, mean = %x3, variance = %x4) {eps = 0.01}",
      ["f32[2x3x4]", "f32[3]", "f32[3]", "f32[3]", "f32[3]"], to: "f32[2x3x4]"),
    .init(
      "batch norm of another axis",
      "batch_norm(%x0, mean = %x1, variance = %x2) {axis = 0, eps = 5}",
      ["f32[2x3]", "f32[2]", "f32[2]"], to: "f32[2x3]"),
    .init(
      "batch norm in training", "batch_norm(%x0, %x1, %x2)", ["f32[2x3x4]", "f32[3]", "f32[3]"],
      to: "f32[2x3x4]"),
    .init(
      "rms norm", "rms_norm(%x0, %x1) {eps = 0.01, weight_offset = 1.0}", ["f32[2x3x4]", "f32[4]"],
      to: "f32[2x3x4]"),
  ]

  private static let fused: [ExportCase] =
    [
      .init(
        "rope", "rope(%x0, %x1, %x2)", ["f32[1x2x3x4]", "f32[1x1x3x4]", "f32[1x1x3x4]"],
        to: "f32[1x2x3x4]"),
      .init(
        "attention", "attention(%x0, %x1, %x2) {scale = 0.5}",
        ["f32[2x3x4x6]", "f32[2x3x5x6]", "f32[2x3x5x7]"], to: "f32[2x4x3x7]"),
      .init(
        "attention with one key head", "attention(%x0, %x1, %x2) {scale = 0.5, causal = true}",
        ["f32[2x4x3x6]", "f32[2x1x5x6]", "f32[2x1x5x7]"], to: "f32[2x3x4x7]"),
      .init(
        "attention with everything",
        "attention(%x0, %x1, %x2, mask = %x3) {scale = 0.5, softcap = 2.0, causal = true, window = 2}",
        ["f32[2x4xTx6]", "f32[2x2xTx6]", "f32[2x2xTx7]", "f32[TxT]"], to: "f32[2xTx4x7]",
        symbols: ["T": 5]),
      .init(
        "linear with everything",
        "linear(%x0, %x1, bias = %x2, residual = %x3, up = %x4) {activation = gelu_tanh}",
        ["f32[2x3x4]", "f32[5x4]", "f32[5]", "f32[2x3x5]", "f32[5x4]"], to: "f32[2x3x5]"),
      .init(
        "linear with a multiplier", "linear(%x0, %x1, multiplier = %x2)",
        ["f32[3x4]", "f32[5x4]", "f32[3x5]"], to: "f32[3x5]"),
    ]
    + ["none", "gelu", "gelu_tanh", "relu", "silu", "sigmoid", "tanh"].map {
      .init(
        "linear with activation \($0)", "linear(%x0, %x1) {activation = \($0)}",
        ["f32[3x4]", "f32[5x4]"], to: "f32[3x5]")
    }
}
