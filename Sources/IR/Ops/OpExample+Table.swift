import Tensors

/// One row for each operation, in the order of the reference.
extension OpExampleRow {
  static let all = data.merging(views) { $1 }.merging(elements) { $1 }.merging(axes) { $1 }
    .merging(products) { $1 }.merging(fused) { $1 }

  private static let data: [String: OpExampleRow] = [
    "constant": .init([], ["value": .real(0.5)]),
    "iota": .init([], ["count": .integer(4), "start": .integer(2)]),
    "embedding": .init(
      [f32([3, 2], [0, 1, 10, 11, 20, 21]), i64([2], [2, 0])], ["scale": .real(2)]),
    "gather": .init(
      [f32([2, 3], [1, 2, 3, 4, 5, 6]), i64([2], [2, 0])], ["axis": .integer(1)]),
    "concat": .init([f32([2], [1, 2]), f32([1], [3])], ["axis": .integer(0)]),
    "contiguous": .init([f32([2, 2], [1, 2, 3, 4])]),
    "masked_scatter": .init(
      [
        f32([4], [1, 2, 3, 4]), HostTensor(.bool, [4], [0, 1, 0, 1]), f32([2], [10, 20]),
      ]),
    "causal_mask": .init([], ["queries": .integer(2), "keys": .integer(3)]),
    "top_k": .init([f32([4], [3, 9, 1, 7])], ["k": .integer(2), "axis": .integer(0)]),
    "scatter": .init(
      [f32([4], [1, 2, 3, 4]), i64([2], [3, 3]), f32([2], [10, 20])], ["reduction": .word("add")]),
    "nonzero": .init(
      [f32([2, 2], [0, 5, 7, 0])], ["count": .dimension(found)], symbol: Symbol("N", bound: 5)),
    "non_max_suppression": .init(
      [
        f32([1, 3, 4], [0, 0, 4, 4, 0, 0, 4, 5, 8, 8, 9, 9]), f32([1, 1, 3], [0.8, 0.9, 0.3]),
      ],
      ["count": .dimension(found), "limit": .integer(3), "iou_threshold": .real(0.5)],
      symbol: Symbol("N", bound: 4)),
    "unfold": .init(
      [f32([1, 1, 2, 3], [1, 2, 3, 4, 5, 6])], ["kernel": .integers([2, 2])]),
  ]

  private static let views: [String: OpExampleRow] = [
    "reshape": .init([f32([2, 3], [1, 2, 3, 4, 5, 6])], ["shape": .integers([3, 2])]),
    "transpose": .init([f32([2, 3], [1, 2, 3, 4, 5, 6])], ["perm": .integers([1, 0])]),
    "broadcast": .init([f32([2, 1], [1, 2])], ["shape": .integers([2, 3])]),
    "slice": .init(
      [f32([2, 3], [1, 2, 3, 4, 5, 6])],
      ["axis": .integer(1), "start": .integer(1), "end": .integer(3)]),
    "cache_append": .init(
      [f32([1, 1, 4, 2], Array(repeating: 0, count: 8)), f32([1, 1, 1, 2], [5, 6])],
      ["at": .dimension(Dim(symbol: "P"))], symbol: Symbol("P", bound: 1)),
  ]

  private static let elements: [String: OpExampleRow] = {
    let numbers = OpExampleRow([f32([4], [-2, -0.5, 0, 1.5])])
    let positive = OpExampleRow([f32([3], [0.25, 1, 4])])
    let pair = OpExampleRow([f32([3], [-4, 1, 6]), f32([3], [2, 2, -3])])
    let bits = OpExampleRow([i64([2], [12, -1]), i64([2], [10, 6])])
    let shifts = OpExampleRow([i64([2], [12, -9]), i64([2], [1, 2])])
    var rows: [String: OpExampleRow] = [
      "pow": .init([f32([3], [2, 9, -2]), f32([3], [10, 0.5, 3])]),
      "where": .init([HostTensor(.bool, [3], [1, 0, 1]), f32([3], [1, 2, 3]), f32([], [0])]),
      "cast": .init([f32([3], [-1.7, 0.2, 2.9])], ["to": .word("i64")]),
      "less": .init([f32([3], [1, 2, 3]), f32([], [2])]),
      "equal": .init([f32([3], [1, 2, 3]), f32([], [2])]),
    ]
    for name in [
      "neg", "abs", "exp", "sin", "cos", "tanh", "erf", "atan", "sigmoid", "floor", "round", "relu",
      "silu", "gelu",
    ] { rows[name] = numbers }
    for name in ["log", "sqrt", "rsqrt"] { rows[name] = positive }
    for name in ["add", "sub", "mul", "div", "maximum", "minimum"] { rows[name] = pair }
    for name in ["bit_and", "bit_or", "bit_xor"] { rows[name] = bits }
    for name in ["shift_left", "shift_right"] { rows[name] = shifts }
    return rows
  }()

  private static let axes: [String: OpExampleRow] = {
    let rows = f32([2, 3], [1, 2, 3, 4, 5, 9])
    var table: [String: OpExampleRow] = [
      "softmax": .init([f32([1, 3], [0, 1, 2])]),
      "cumsum": .init([rows], ["axis": .integer(1)]),
      "layer_norm": .init([rows, f32([3], [1, 1, 1])], ["eps": .real(0)]),
      "batch_norm": .init([f32([3, 2], [1, 10, 2, 20, 3, 30])], ["eps": .real(0)]),
      "rms_norm": .init([f32([1, 2], [3, 4]), f32([2], [0, 1])], ["weight_offset": .real(1)]),
    ]
    for name in ["sum", "mean", "max", "prod"] {
      table[name] = .init([rows], ["axes": .integers([1])])
    }
    return table
  }()

  private static let products: [String: OpExampleRow] = [
    "matmul": .init([f32([2, 2], [1, 2, 3, 4]), f32([2, 1], [10, 1])]),
    "patch_conv": .init(
      [
        f32([1, 1, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8]), f32([1, 1, 2, 2], [1, 0, 0, 1]),
        f32([1], [100]),
      ],
      ["stride": .integer(2)]),
  ]

  private static let fused: [String: OpExampleRow] = [
    "rope": .init(
      [f32([1, 1, 1, 4], [1, 2, 3, 4]), f32([1, 4], [0, 0, 1, 1]), f32([1, 4], [1, 1, 0, 0])]),
    "attention": .init(
      [
        f32([1, 1, 2, 1], [0, 1]), f32([1, 1, 2, 1], [0, 1]), f32([1, 1, 2, 2], [1, 0, 0, 1]),
      ], ["scale": .real(1), "causal": .flag(true)]),
    "linear": .init(
      [f32([1, 2], [1, 2]), f32([3, 2], [1, 0, 0, 1, -1, -1]), f32([3], [0.5, 0.5, 0.5])],
      ["activation": .word("relu")]),
    "conv": .init(
      [f32([1, 2, 2, 1], [1, 2, 3, 4]), f32([1, 4], [1, 1, 1, 1])],
      ["kernel": .integers([2, 2]), "pads": .integers([1, 0, 0, 0])]),
    "depthwise_conv": .init(
      [f32([1, 1, 2, 2], [1, 10, 2, 20]), f32([2, 2], [1, 1, 1, -1])],
      ["kernel": .integers([1, 2])]),
    "max_pool": .init(
      [f32([1, 2, 2, 1], [1, 2, 3, 4])], ["kernel": .integers([1, 2])]),
  ]

  /// A size that is known when the operation has run.
  private static let found = (try? Dim(symbol: "N") - 1) ?? 0

  private static func f32(_ shape: [Int], _ values: [Double]) -> HostTensor {
    HostTensor(.f32, shape, values)
  }

  private static func i64(_ shape: [Int], _ values: [Double]) -> HostTensor {
    HostTensor(.i64, shape, values)
  }
}
