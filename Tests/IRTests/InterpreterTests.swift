import IR
import Tensors
import Testing

@Suite struct InterpreterTests {
  /// Runs `@f` of a graph on inputs of consecutive integers.
  func run(_ body: String, _ inputs: [HostTensor], symbols: [String: Int] = [:]) throws
    -> [HostTensor]
  {
    var interpreter = try Interpreter(Module.parse("module @m {\n\(body)\n}"))
    return try interpreter.run("f", inputs, symbols: symbols)
  }

  func counting(_ shape: [Int]) -> HostTensor {
    HostTensor(.f32, shape, (0..<shape.reduce(1, *)).map { Double($0) })
  }

  @Test func `patch convolution sums each patch`() throws {
    let out = try run(
      """
      buffer %k : f32[1x1x2x2] {value = splat(1.0)}
      func @f(%x: f32[1x1x4x4]) -> (f32[1x1x2x2]) {
        %y = patch_conv(%x, %k) {stride = 2} : f32[1x1x2x2]
        return %y
      }
      """, [counting([1, 1, 4, 4])])
    #expect(out[0].values == [10, 18, 42, 50])
  }

  @Test func `windows overlap, skip and hang over`() throws {
    let out = try run(
      """
      func @f(%x: f32[1x1x3x3]) -> (f32[1x1x4x2x1]) {
        %y = unfold(%x) {kernel = [2, 2], strides = [2, 2], pads = [1, 0, 1, 0], dilations = [1, 2], value = -1} : f32[1x1x4x2x1]
        return %y
      }
      """, [counting([1, 1, 3, 3])])
    // Elements (0, 0), (0, 1), (1, 0) and (1, 1) of the upper and the lower window.
    #expect(out[0].values == [-1, 3, -1, 5, 0, 6, 2, 8])
  }

  @Test func `a convolution sums windows and all that follows, in its order`() throws {
    let out = try run(
      """
      buffer %w : f32[2x4] {non_persistent, value = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]}
      buffer %b : f32[2] {non_persistent, value = [0.0, -20.0]}
      func @f(%x: f32[1x3x3x1], %r: f32[1x2x1x2]) -> (f32[1x2x1x2]) {
        %y = conv(%x, %w, bias = %b, residual = %r) {kernel = [2, 2], strides = [2, 2], pads = [1, 0, 1, 0], dilations = [1, 2], activation = relu} : f32[1x2x1x2]
        return %y
      }
      """, [counting([1, 3, 3, 1]), counting([1, 2, 1, 2])])
    // Windows (outside, outside, 0, 2) and (3, 5, 6, 8); residuals 0, 1, 2, 3.
    #expect(out[0].values == [0, 0, 5, 5])
  }

  @Test func `a depthwise convolution has weights for each channel`() throws {
    let out = try run(
      """
      buffer %w : f32[2x2] {non_persistent, value = [1.0, 10.0, 2.0, 20.0]}
      buffer %b : f32[2] {non_persistent, value = [0.0, 1.0]}
      func @f(%x: f32[1x1x3x2]) -> (f32[1x1x2x2]) {
        %y = depthwise_conv(%x, %w, bias = %b) {kernel = [1, 2], strides = [1, 2], pads = [0, 0, 0, 1]} : f32[1x1x2x2]
        return %y
      }
      """, [counting([1, 1, 3, 2])])
    // Of channel 0, 0·1 + 2·2 and 4·1; of channel 1, 1·10 + 3·20 + 1 and 5·10 + 1.
    #expect(out[0].values == [4, 71, 4, 51])
  }

  @Test func `max is NaN if any element is NaN, in whatever order`() throws {
    let graph = """
      func @f(%x: f32[3x2]) -> (f32[3]) {
        %y = max(%x) {axes = [1], keep_dims = false} : f32[3]
        return %y
      }
      """
    let out = try run(graph, [HostTensor(.f32, [3, 2], [1, .nan, .nan, 1, 1, 2])])
    #expect(out[0].values.map(\.isNaN) == [true, true, false] && out[0].values[2] == 2)
  }

  @Test func `rows without numbers have a norm without numbers`() throws {
    let out = try run(
      """
      func @f(%x: f32[2x0], %w: f32[0]) -> (f32[2x0], f32[2x0]) {
        %y = rms_norm(%x, %w) {eps = 0.1} : f32[2x0]
        %z = layer_norm(%x, %w) {eps = 0.1} : f32[2x0]
        return %y, %z
      }
      """, [counting([2, 0]), counting([0])])
    #expect(out.allSatisfy { $0.shape == [2, 0] && $0.values.isEmpty })
  }

  @Test func `flags are scattered, and not added`() throws {
    func graph(_ reduction: String) -> String {
      """
      func @f(%x: bool[4], %i: i64[2], %u: bool[2]) -> (bool[4]) {
        %y = scatter(%x, %i, %u) {reduction = \(reduction)} : bool[4]
        return %y
      }
      """
    }
    let inputs = [
      HostTensor(.bool, [4], [0, 0, 1, 1]), HostTensor(.i64, [2], [1, 3]),
      HostTensor(.bool, [2], [1, 0]),
    ]
    #expect(try run(graph("none"), inputs)[0].values == [0, 1, 1, 0])
    #expect(throws: TextError.self) { try run(graph("add"), inputs) }
  }

  /// Boxes of 2 × 4 that share 2 × 3: 6 of 10.
  @Test(arguments: [(0.59, 1.0), (0.61, 2)])
  func `boxes are suppressed by the share of their areas`(threshold: Double, kept: Double) throws {
    let out = try run(
      """
      symbol N <= 3
      func @f(%boxes: f32[1x2x4], %scores: f32[1x1x2]) -> (i64[(N-1)x3], i64[1]) {
        %y = non_max_suppression(%boxes, %scores) {limit = 2, iou_threshold = \(threshold), count = N-1} : i64[(N-1)x3]
        %n = iota() {count = 1, start = N-1} : i64[1]
        return %y, %n
      }
      """,
      [
        HostTensor(.f32, [1, 2, 4], [0, 0, 2, 4, 0, 1, 2, 5]),
        HostTensor(.f32, [1, 1, 2], [0.9, 0.8]),
      ])
    #expect(out[1].values == [kept])
  }

  @Test func `pooling takes what is inside`() throws {
    let out = try run(
      """
      func @f(%x: f32[1x2x2x2]) -> (f32[1x3x1x2]) {
        %y = max_pool(%x) {kernel = [2, 2], strides = [2, 2], pads = [2, 0, 2, 0]} : f32[1x3x1x2]
        return %y
      }
      """, [HostTensor(.f32, [1, 2, 2, 2], [-1, 5, -2, .nan, -3, 7, -4, 8])])
    #expect(out[0].values.prefix(3) == [-.infinity, -.infinity, -1])
    #expect(out[0].values[3].isNaN && out[0].values.suffix(2) == [-.infinity, -.infinity])
  }

  @Test(arguments: [
    ("kernel = [4, 1]", "a window of 4 does not fit into an extent of 3"),
    ("kernel = [1]", "expected 2 integers from 1"), ("kernel = [0, 1]", "from 1 to 1048576"),
    ("kernel = [1, 1], pads = [0, 0]", "expected 4 integers from 0"),
  ])
  func `windows that cannot be are refused`(attributes: String, problem: String) throws {
    let text =
      "module @m { func @f(%x: f32[1x1x3x3]) -> (f32[1]) { %y = unfold(%x) {\(attributes)} : f32[1] return %y } }"
    let error = #expect(throws: TextError.self) { try Module.parse(text) }
    #expect(try #require(error).description.contains(problem))
  }

  @Test func `an open size has windows at every size`() throws {
    let graph = """
      symbol N <= 9
      func @f(%x: f32[1x1x1x(2*N+1)]) -> (f32[1x1x2x1xN]) {
        %y = unfold(%x) {kernel = [1, 2], strides = [1, 2]} : f32[1x1x2x1xN]
        return %y
      }
      """
    for count in [1, 4] {
      let x = counting([1, 1, 1, 2 * count + 1])
      let out = try run(graph, [x], symbols: ["N": count])
      #expect(out[0].values == (0..<2 * count).map { Double($0 % count * 2 + $0 / count) })
    }
  }

  @Test func `elements are gathered along any axis, also from its end`() throws {
    let out = try run(
      """
      func @f(%x: f32[2x3], %i: i64[2]) -> (f32[2x2]) {
        %y = gather(%x, %i) {axis = 1} : f32[2x2]
        return %y
      }
      """, [counting([2, 3]), HostTensor(.i64, [2], [2, -3])])
    #expect(out[0].values == [2, 0, 5, 3])
  }

  @Test func `comparison and rounding`() throws {
    let out = try run(
      """
      func @f(%x: f32[4]) -> (bool[4], f32[4], f32[4]) {
        %c = constant() {value = 0.5} : f32[]
        %l = less(%x, %c) : bool[4]
        %f = floor(%x) : f32[4]
        %r = round(%x) : f32[4]
        return %l, %f, %r
      }
      """, [HostTensor(.f32, [4], [-1.5, 0.5, 2.5, .nan])])
    #expect(out[0].values == [1, 0, 0, 0])
    #expect(out[1].values.prefix(3) == [-2, 0, 2] && out[1].values[3].isNaN)
    #expect(out[2].values.prefix(3) == [-2, 0, 2] && out[2].values[3].isNaN)
  }

  @Test func `a state keeps what earlier calls appended`() throws {
    var interpreter = try Interpreter(
      Module.parse(
        """
        module @m {
          symbol P <= 3
          state %s : f32[1x1x4x1]
          func @first(%x: f32[1x1x1x1]) -> (f32[1x1x1x1]) {
            %y = cache_append(%s, %x) {at = 0} : f32[1x1x1x1]
            return %y
          }
          func @next(%x: f32[1x1x1x1]) -> (f32[1x1x(P+1)x1]) {
            %y = cache_append(%s, %x) {at = P} : f32[1x1x(P+1)x1]
            return %y
          }
        }
        """))
    _ = try interpreter.run("first", [HostTensor(.f32, [1, 1, 1, 1], [7])])
    _ = try interpreter.run("next", [HostTensor(.f32, [1, 1, 1, 1], [8])], symbols: ["P": 1])
    let out = try interpreter.run("next", [HostTensor(.f32, [1, 1, 1, 1], [9])], symbols: ["P": 2])
    #expect(out[0].values == [7, 8, 9])
  }

  @Test func `a window hides keys that are too far back`() throws {
    let out = try run(
      """
      func @f() -> (f32[2x4]) {
        %m = causal_mask() {queries = 2, keys = 4, window = 2} : f32[2x4]
        return %m
      }
      """, [])
    let hidden = -Double.infinity
    #expect(out[0].values == [hidden, 0, 0, hidden, hidden, hidden, 0, 0])
  }

  @Test func `fused attention equals the textbook graph`() throws {
    let textbook = """
      func @f(%q: f32[1x2x3x4], %k: f32[1x2x5x4], %v: f32[1x2x5x4]) -> (f32[1x3x2x4], f32[1x3x2x4]) {
        %s = matmul(%q, %k) {transpose_b = true} : f32[1x2x3x5]
        %c = constant() {value = 0.5} : f32[]
        %scaled = mul(%s, %c) : f32[1x2x3x5]
        %m = causal_mask() {queries = 3, keys = 5} : f32[3x5]
        %masked = add(%scaled, %m) : f32[1x2x3x5]
        %p = softmax(%masked) : f32[1x2x3x5]
        %o = matmul(%p, %v) : f32[1x2x3x4]
        %t = transpose(%o) {perm = [0, 2, 1, 3]} : f32[1x3x2x4]
        %fused = attention(%q, %k, %v) {scale = 0.5, causal = true} : f32[1x3x2x4]
        return %t, %fused
      }
      """
    func wave(_ shape: [Int], _ step: Double) -> HostTensor {
      HostTensor(
        .f32, shape, (0..<shape.reduce(1, *)).map { (Double($0) * step).remainder(dividingBy: 2) })
    }
    let out = try run(
      textbook, [wave([1, 2, 3, 4], 0.37), wave([1, 2, 5, 4], 0.61), wave([1, 2, 5, 4], 0.83)])
    for (a, b) in zip(out[0].values, out[1].values) { #expect(abs(a - b) < 1e-12) }
  }

  @Test func `random numbers are those of SplitMix64`() {
    // The first outputs for the seed 1234567 in the generator's reference implementation are
    // 6457827717110365317 and 3203168211198807973.
    let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973].map {
      (Double(UInt64($0) >> 11) / 0x1p52 - 1) * 0.5
    }
    #expect(Initializer.random(seed: 1_234_567, scale: 0.5).value(.f64, [2]).values == expected)
    let many = Initializer.random(seed: 3, scale: 2).value(.f32, [10, 100]).values
    #expect(many.allSatisfy { $0 >= -2 && $0 < 2 })
    #expect(abs(many.reduce(0, +) / 1000) < 0.1)
  }

  @Test(
    arguments: [
      .iota, .splat(0.1), .dense((0..<20).map { Double($0) / 3 }), .ropeFrequencies(base: 10_000),
      .random(seed: 7, scale: 0.3),
    ] as [Initializer])
  func `a piece of a value is that part of the whole`(initializer: Initializer) {
    for element in [ElementType.f32, .bf16, .f64] {
      let whole = initializer.value(element, [4, 5]).values
      for range in [0..<20, 0..<7, 7..<8, 8..<20, 20..<20] {
        #expect(initializer.values(element, in: range, of: 20) == Array(whole[range]))
      }
    }
  }

  @Test func `an id outside the table is an error, not a crash`() {
    #expect(throws: OpError.self) {
      try run(
        """
        buffer %t : f32[2x1] {value = iota}
        func @f(%i: i64[1]) -> (f32[1x1]) { %y = embedding(%t, %i) : f32[1x1] return %y }
        """, [HostTensor(.i64, [1], [2])])
    }
  }
}
