import Foundation
import IR
import Testing

/// A graph of few operations over the symbol N, in few words.
struct EdgeSizeGraph: Sendable, CustomTestStringConvertible {
  let parameters: String
  /// Its lines; the last one's value is the result.
  let body: [String]
  /// Tensors of the module.
  let tensors: String
  var testDescription: String { "\(body.last ?? "") of \(parameters)" }

  init(_ parameters: String, _ body: String..., tensors: String = "") {
    self.parameters = parameters
    self.body = body
    self.tensors = tensors
  }

  func module() throws -> Module {
    let lines = body.enumerated().map { "%v\($0) = \($1)" }.joined(separator: "\n")
    let type = try #require(body.last?.components(separatedBy: " : ").last)
    return try Module.parse(
      """
      module @edge {
        symbol N <= 5
        symbol M <= 40
        \(tensors)
        func @f(\(parameters)) -> (\(type)) {
          \(lines)
          return %v\(body.count - 1)
        }
      }
      """)
  }
}

extension EdgeSizeGraph {
  static let all = elements + data + views + openStates + lines + products + attention + windows

  private static let elements: [EdgeSizeGraph] =
    [
      "neg", "abs", "exp", "log", "sqrt", "rsqrt", "sin", "cos", "tanh", "erf", "atan", "sigmoid",
      "floor", "round", "relu", "silu", "gelu",
    ].map { .init("%x: f32[(N-1)x3]", "\($0)(%x) : f32[(N-1)x3]") }
    + ["add", "sub", "mul", "div", "pow", "maximum", "minimum"].flatMap { op -> [EdgeSizeGraph] in
      [
        .init("%a: f32[(N-1)x3], %b: f32[3]", "\(op)(%a, %b) : f32[(N-1)x3]"),
        .init("%a: f32[(2*N-1)x1], %b: f32[N-1]", "\(op)(%a, %b) : f32[(2*N-1)x(N-1)]"),
      ]
    }
    + ["bit_and", "bit_or", "bit_xor", "shift_left", "shift_right", "add"].map {
      .init("", "iota() {count = N-1, start = 3} : i64[N-1]", "\($0)(%v0, %v0) : i64[N-1]")
    }
    + ["equal", "less"].map {
      .init("%a: f32[(N-1)x3], %b: f32[3]", "\($0)(%a, %b) : bool[(N-1)x3]")
    }
    + [
      .init(
        "%a: f32[(N-1)x3], %b: f32[3]", "less(%b, %b) : bool[3]",
        "where(%v0, %a, %b) : f32[(N-1)x3]"),
      .init("%x: f32[(N-1)x3]", "cast(%x) {to = i64} : i64[(N-1)x3]"),
      .init(
        "%x: f32[(N-1)x3]", "cast(%x) {to = bf16} : bf16[(N-1)x3]",
        "cast(%v0) {to = f16} : f16[(N-1)x3]", "cast(%v1) {to = f32} : f32[(N-1)x3]"),
    ]

  private static let data: [EdgeSizeGraph] =
    [
      .init("", "constant() {values = []} : f32[0]"),
      .init("", "iota() {count = N-1, start = N} : i64[N-1]"),
      .init(
        "%t: f32[Nx(N-1)]", "iota() {count = N} : i64[N]", "embedding(%t, %v0) : f32[Nx(N-1)]"),
      .init(
        "%t: f32[Nx3]", "iota() {count = N-1} : i64[N-1]", "embedding(%t, %v0) : f32[(N-1)x3]"),
      .init(
        "%x: f32[2xNx(N-1)]", "iota() {count = N-1, start = 1-N} : i64[N-1]",
        "gather(%x, %v0) {axis = 1} : f32[2x(N-1)x(N-1)]"),
      .init("%x: f32[(N-1)x2], %y: f32[Nx2]", "concat(%x, %y, %x) {axis = 0} : f32[(3*N-2)x2]"),
      .init("%x: f32[3x(N-1)], %y: f32[3x(N-1)]", "concat(%x, %y) {axis = 1} : f32[3x(2*N-2)]"),
      .init("%x: f32[(N-1)x2]", "contiguous(%x) : f32[(N-1)x2]"),
      .init(
        "%x: f32[Nx(N-1)], %s: f32[Nx(N-1)]", "equal(%x, %x) : bool[Nx(N-1)]",
        "masked_scatter(%x, %v0, %s) : f32[Nx(N-1)]"),
      .init(
        "%x: f32[Nx3], %s: f32[2*Nx3]", "iota() {count = N} : i64[N]", "equal(%v0, %v0) : bool[N]",
        "reshape(%v1) {shape = [N, 1]} : bool[Nx1]", "masked_scatter(%x, %v2, %s) : f32[Nx3]"),
      .init("", "causal_mask() {queries = N-1, keys = N, window = 1} : f32[(N-1)xN]"),
      .init("", "causal_mask() {queries = 2*N, keys = N-1} : f32[2*Nx(N-1)]"),
      .init("%x: f32[2xN]", "top_k(%x) {k = N-1, axis = 1} : i64[2x(N-1)]"),
      .init("%x: f32[Nx(N-1)]", "top_k(%x) {k = N, axis = 0, largest = false} : i64[Nx(N-1)]"),
      .init(
        "%x: f32[Nx(N-1)], %u: f32[Nx(N-1)]", "iota() {count = N} : i64[N]",
        "scatter(%x, %v0, %u) {reduction = add} : f32[Nx(N-1)]"),
      .init(
        "%x: f32[Nx3], %u: f32[(N-1)x3]", "iota() {count = N-1} : i64[N-1]",
        "scatter(%x, %v0, %u) : f32[Nx3]"),
      .init("%x: f32[(N-1)x3]", "nonzero(%x) {count = M-1} : i64[(M-1)x2]"),
      .init("%x: f32[]", "nonzero(%x) {count = M-1} : i64[(M-1)x0]"),
      .init(
        "%b: f32[2x(N-1)x4], %s: f32[2x3x(N-1)]",
        "non_max_suppression(%b, %s) {count = M-1, limit = 3, iou_threshold = 0.5} : i64[(M-1)x3]"),
    ]
    + [
      // A score that is no higher than the least does not count.
      .init(
        "", "constant() {values = [0, 0, 1, 1, 2, 2, 3, 3]} : f32[8]",
        "reshape(%v0) {shape = [1, 2, 4]} : f32[1x2x4]",
        "constant() {values = [0.5, 0.25]} : f32[2]",
        "reshape(%v2) {shape = [1, 1, 2]} : f32[1x1x2]",
        "non_max_suppression(%v1, %v3) {count = M-1, limit = 2, iou_threshold = 0.5, score_threshold = 0.25} : i64[(M-1)x3]"
      )
    ]
    + [0.59, 0.61].map { share in
      // Boxes of 2 × 4 that share 2 × 3: 6 of 10.
      .init(
        "", "constant() {values = [0, 0, 2, 4, 0, 1, 2, 5]} : f32[8]",
        "reshape(%v0) {shape = [1, 2, 4]} : f32[1x2x4]",
        "constant() {values = [0.9, 0.8]} : f32[2]",
        "reshape(%v2) {shape = [1, 1, 2]} : f32[1x1x2]",
        "non_max_suppression(%v1, %v3) {count = M-1, limit = 2, iou_threshold = \(share)} : i64[(M-1)x3]"
      )
    }

  private static let views: [EdgeSizeGraph] = [
    .init(
      "%x: f32[(N-1)x3]", "reshape(%x) {shape = [3, N-1]} : f32[3x(N-1)]",
      "transpose(%v0) {perm = [1, 0]} : f32[(N-1)x3]"),
    .init("%x: f32[Nx1]", "broadcast(%x) {shape = [2, N, N-1]} : f32[2xNx(N-1)]"),
    .init("%x: f32[3xN]", "slice(%x) {axis = 1, start = N-1, end = N} : f32[3x1]"),
    .init("%x: f32[3xN]", "slice(%x) {axis = 1, start = N, end = N} : f32[3x0]"),
    .init(
      "%n: f32[1x2x(N-1)x3]", "cache_append(%c, %n) {at = N-1} : f32[1x2x(2*N-2)x3]",
      tensors: "state %c : f32[1x2x9x3]"),
    .init(
      "%n: f32[1x2x1x(N-1)]", "cache_append(%c, %n) {at = 3} : f32[1x2x4x(N-1)]",
      tensors: "state %c : f32[1x2x9x(N-1)]"),
  ]

  /// In memory its extents are the largest ones; each call sees those of its size.
  private static let openStates: [EdgeSizeGraph] = [
    .init(
      "%n: f32[1xNx1x3]", "cache_append(%c, %n) {at = 2} : f32[1xNx3x3]", "exp(%v0) : f32[1xNx3x3]",
      tensors: "state %c : f32[1xNx5x3]"),
    .init(
      "%n: f32[1x2x1x(N-1)]", "cache_append(%c, %n) {at = 3} : f32[1x2x4x(N-1)]",
      "sum(%c) {axes = [3]} : f32[1x2x9x1]", tensors: "state %c : f32[1x2x9x(N-1)]"),
    .init(
      "", "contiguous(%c) : f32[2x(N-1)]", "reshape(%v0) {shape = [2*N-2]} : f32[2*N-2]",
      tensors: "state %c : f32[2x(N-1)]"),
    .init(
      "%x: f32[3x1]", "mul(%x, %c) : f32[3x(2*N-1)]", tensors: "state %c : f32[3x(2*N-1)]"),
    .init("%x: f32[3xN]", "matmul(%x, %c) : f32[3xN]", tensors: "state %c : f32[NxN]"),
  ]

  private static let lines: [EdgeSizeGraph] =
    ["sum", "mean", "max", "prod"].flatMap { op -> [EdgeSizeGraph] in
      [
        .init("%x: f32[3x(N-1)]", "\(op)(%x) {axes = [1]} : f32[3x1]"),
        .init("%x: f32[(N-1)x3]", "\(op)(%x) {axes = [0]} : f32[1x3]"),
        .init("%x: f32[2x(N-1)x3]", "\(op)(%x) {axes = [1], keep_dims = false} : f32[2x3]"),
        .init("%x: f32[2x(N-1)xN]", "\(op)(%x) {axes = [0, 2]} : f32[1x(N-1)x1]"),
        .init("%x: f32[(N-1)x3xN]", "\(op)(%x) {axes = [0, 2]} : f32[1x3x1]"),
        .init("%x: f32[(2*N-1)xN]", "\(op)(%x) {axes = [0, 1], keep_dims = false} : f32[]"),
      ]
    }
    + ["sum", "max", "prod"].map {
      .init("", "iota() {count = N-1} : i64[N-1]", "\($0)(%v0) {axes = [0]} : i64[1]")
    }
    + [
      .init("%x: f32[3x(N-1)]", "softmax(%x) : f32[3x(N-1)]"),
      .init("%x: f32[(N-1)x3]", "softmax(%x) {axis = 0} : f32[(N-1)x3]"),
      .init("%x: f32[Nx(2*N-1)]", "softmax(%x) {axis = 0} : f32[Nx(2*N-1)]"),
      .init(
        "%x: f32[(N-1)x2x3]", "transpose(%x) {perm = [2, 1, 0]} : f32[3x2x(N-1)]",
        "softmax(%v0) {axis = 1} : f32[3x2x(N-1)]"),
      .init("%x: f32[3x(N-1)]", "cumsum(%x) {axis = 1} : f32[3x(N-1)]"),
      .init("%x: f32[Nx3]", "cumsum(%x) {axis = 0, exclusive = true, reverse = true} : f32[Nx3]"),
      .init(
        "%x: f32[3x(N-1)], %w: f32[N-1]", "layer_norm(%x, weight = %w, bias = %w) : f32[3x(N-1)]"),
      .init("%x: f32[3x(2*N-1)]", "layer_norm(%x) {eps = 0.01} : f32[3x(2*N-1)]"),
      .init("%x: f32[3x(N-1)], %w: f32[N-1]", "rms_norm(%x, %w) : f32[3x(N-1)]"),
      .init("%x: f32[(N-1)x3], %w: f32[3]", "rms_norm(%x, %w) : f32[(N-1)x3]"),
      .init("%x: f32[2x(N-1)x3]", "batch_norm(%x) : f32[2x(N-1)x3]"),
      .init("%x: f32[2x3x(N-1)]", "batch_norm(%x) : f32[2x3x(N-1)]"),
      .init(
        "%x: f32[(N-1)x3x2], %w: f32[3], %b: f32[3], %m: f32[3], %v: f32[3]",
        "mul(%v, %v) : f32[3]",
        "batch_norm(%x, weight = %w, bias = %b, mean = %m, variance = %v0) : f32[(N-1)x3x2]"),
    ]

  private static let products: [EdgeSizeGraph] = [
    .init("%a: f32[2x(N-1)], %b: f32[(N-1)x3]", "matmul(%a, %b) : f32[2x3]"),
    .init("%a: f32[(N-1)x2], %b: f32[2xN]", "matmul(%a, %b) : f32[(N-1)xN]"),
    .init("%a: f32[(N-1)x3x2], %b: f32[2x(2*N-1)]", "matmul(%a, %b) : f32[(N-1)x3x(2*N-1)]"),
    .init("%a: f32[NxNx3], %b: f32[NxN]", "matmul(%a, %b) {transpose_a = true} : f32[Nx3xN]"),
    .init("%x: f32[2x(N-1)], %w: f32[3x(N-1)]", "linear(%x, %w) : f32[2x3]"),
    .init(
      "%x: f32[2x(N-1)], %w: f32[3x(N-1)], %r: f32[2x3]",
      "linear(%x, %w, residual = %r, up = %w) : f32[2x3]"),
    .init("%x: f32[(N-1)x5], %w: f32[3x5], %b: f32[3]", "linear(%x, %w, bias = %b) : f32[(N-1)x3]"),
    .init("%x: f32[40x(2*N-1)], %w: f32[Nx(2*N-1)]", "linear(%x, %w) : f32[40xN]"),
    .init("%x: f32[40x(N-1)], %w: f32[3x(N-1)]", "linear(%x, %w) : f32[40x3]"),
    .init(
      "%x: f32[(N-1)x5]", "matmul(%x, %w) {transpose_b = true} : f32[(N-1)x3]",
      tensors: "weight %w : f32[3x5]"),
    .init(
      "%x: f32[1x1x(2*N-2)x2], %k: f32[3x1x2x2]",
      "patch_conv(%x, %k) {stride = 2} : f32[1x3x(N-1)x1]"),
    .init(
      "%x: f32[1x(N-1)x2x2], %k: f32[3x(N-1)x2x2], %b: f32[3]",
      "patch_conv(%x, %k, bias = %b) {stride = 2} : f32[1x3x1x1]"),
  ]

  private static let attention: [EdgeSizeGraph] = [
    .init(
      "%x: f32[1x2x3x(2*N)], %c: f32[3x(2*N)]", "rope(%x, %c, %c) : f32[1x2x3x(2*N)]"),
    .init("%x: f32[(N-1)x6], %c: f32[6]", "rope(%x, %c, %c) : f32[(N-1)x6]"),
    .init("%x: f32[3x(2*N-2)], %c: f32[2*N-2]", "rope(%x, %c, %c) : f32[3x(2*N-2)]"),
    // No key, no query, no head, no feature, no value.
    heads("2", "2", "N", "N-1", "3", "3"), heads("2", "1", "N-1", "N", "3", "3"),
    heads("N-1", "N-1", "2", "N", "3", "3"), heads("2*N", "N", "N-1", "N", "3", "3"),
    heads("4", "2", "N", "N", "N-1", "3"), heads("4", "2", "N", "N", "3", "N-1"),
    heads("4", "2", "20", "N-1", "3", "5"), heads("4", "2", "20", "N", "N-1", "5"),
    heads("6", "2", "2*N-1", "2*N-1", "2*N-1", "3"),
    // The first queries see nothing.
    heads("4", "2", "2*N", "N", "3", "3", ", causal = true"),
    heads("4", "2", "20*N", "N", "3", "3", ", causal = true, window = 2"),
    heads("4", "2", "N", "2*N", "3", "3", ", causal = true, window = 1"),
    .init(
      "%q: f32[1x2xNx4], %k: f32[1x2x(2*N)x4], %m: f32[1xNx1]",
      "attention(%q, %k, %k, mask = %m) {scale = 0.5, softcap = 2.0} : f32[1xNx2x4]"),
  ]

  private static func heads(
    _ query: String, _ key: String, _ queries: String, _ keys: String, _ width: String,
    _ value: String, _ attributes: String = ""
  ) -> EdgeSizeGraph {
    .init(
      "%q: f32[1x(\(query))x(\(queries))x(\(width))], %k: f32[1x(\(key))x(\(keys))x(\(width))], "
        + "%v: f32[1x(\(key))x(\(keys))x(\(value))]",
      "attention(%q, %k, %v) {scale = 0.5\(attributes)} : "
        + "f32[1x(\(queries))x(\(query))x(\(value))]")
  }

  /// No place, no channel, no picture, windows of nothing but padding.
  private static let windows: [EdgeSizeGraph] = [
    .init("%x: f32[1x2xNxN]", "unfold(%x) {kernel = [2, 2]} : f32[1x2x4x(N-1)x(N-1)]"),
    .init("%x: f32[1x(N-1)x2x3]", "unfold(%x) {kernel = [2, 2]} : f32[1x(N-1)x4x1x2]"),
    .init(
      "%x: f32[1x1x(N-1)x1]",
      "unfold(%x) {kernel = [1, 2], pads = [2, 3, 2, 3], value = 7.0} : f32[1x1x2x(N+3)x6]"),
    .init(
      "%x: f32[1xNxNx2], %w: f32[3x8]", "conv(%x, %w) {kernel = [2, 2]} : f32[1x(N-1)x(N-1)x3]"),
    .init(
      "%x: f32[1x2x3x(N-1)], %w: f32[3x(4*N-4)]", "conv(%x, %w) {kernel = [2, 2]} : f32[1x1x2x3]"),
    .init(
      "%x: f32[1x2x3x(N-1)], %w: f32[3x(N-1)]", "conv(%x, %w) {kernel = [1, 1]} : f32[1x2x3x3]"),
    .init(
      "%x: f32[1x(N-1)x1x2], %w: f32[3x4], %b: f32[3]",
      "conv(%x, %w, bias = %b) {kernel = [1, 2], pads = [2, 3, 2, 3]} : f32[1x(N+3)x6x3]"),
    .init(
      "%x: f32[(N-1)x2x2x2]", "conv(%x, %w) {kernel = [2, 2]} : f32[(N-1)x1x1x3]",
      tensors: "weight %w : f32[3x8]"),
    .init(
      "%x: f32[1xNxNx2], %w: f32[4x2]",
      "depthwise_conv(%x, %w) {kernel = [2, 2]} : f32[1x(N-1)x(N-1)x2]"),
    .init(
      "%x: f32[1x2x3x(N-1)], %w: f32[4x(N-1)]",
      "depthwise_conv(%x, %w) {kernel = [2, 2]} : f32[1x1x2x(N-1)]"),
    .init(
      "%x: f32[1x(N-1)x1x3], %w: f32[2x3], %b: f32[3]",
      "depthwise_conv(%x, %w, bias = %b) {kernel = [1, 2], pads = [2, 3, 2, 3]} : f32[1x(N+3)x6x3]"),
    .init("%x: f32[1xNxNx2]", "max_pool(%x) {kernel = [2, 2]} : f32[1x(N-1)x(N-1)x2]"),
    .init("%x: f32[1x2x3x(N-1)]", "max_pool(%x) {kernel = [2, 2]} : f32[1x1x2x(N-1)]"),
    .init(
      "%x: f32[1x(N-1)x1x3]",
      "max_pool(%x) {kernel = [1, 2], pads = [2, 3, 2, 3]} : f32[1x(N+3)x6x3]"),
  ]
}
