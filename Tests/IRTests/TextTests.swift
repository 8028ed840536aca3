import IR
import Testing

/// The example of the design: it must read back exactly as it is written here.
let patchEmbedding = """
  module @patch_embedding {
    weight %kernel : f32[32x3x14x14]
    weight %bias : f32[32]
    weight %table : f32[16x32]
    buffer %ids : i64[1x16] {non_persistent, value = iota}

    func @main(%pixels: f32[1x3x56x56]) -> (f32[1x16x32]) {
      %grid   = patch_conv(%pixels, %kernel, bias = %bias) {stride = 14} : f32[1x32x4x4]
      %flat   = reshape(%grid) {shape = [1, 32, 16]}                     : f32[1x32x16]
      %t      = transpose(%flat) {perm = [0, 2, 1]}                      : f32[1x16x32]
      %tokens = contiguous(%t)                                           : f32[1x16x32]
      %pos    = embedding(%table, %ids)                                  : f32[1x16x32]
      %out    = add(%tokens, %pos)                                       : f32[1x16x32]
      return %out
    }
  }

  """

@Suite struct TextTests {
  @Test func `the canonical text prints exactly as it was read`() throws {
    #expect(try Module.parse(patchEmbedding).description == patchEmbedding)
  }

  @Test(arguments: [
    "symbol T <= 8\n state %s : f32[1x1x20x4]\n func @f(%x: f32[1x1xTx4]) -> (out: f32[1x1x(2*T+1)x4]) {"
      + " %y = cache_append(%s, %x) {at = T+1} : f32[1x1x(2*T+1)x4] return %y }",
    "func @f(%x: f32[2]) -> (f32[2], f32[]) { %c = constant() {value = -1.5e-07} : f32[]"
      + " %y = mul(%x, %c) : f32[2] at 64 using mul_f32 return %y, %c }",
    "weight %r : bf16[3] {value = random(7, 0.5)}\n weight %q : f64[2x2] {value = random(0, -1e-06)}",
    "weight %\"a/b \\\"c\\\"\" : bf16[3]\n buffer %d : f64[2] {value = [1.0, -inf]}",
    "func @f(%x: f32[2]) -> (\"/a b\": f32[2], \"7\": f32[2], \"a.b\": f32[2]) { return %x, %x, %x }",
    "func @f(%x: f32[2x3]) -> (f32[3x2]) { %y = transpose(%x) {perm = [1, 0]} : f32[3x2] return %y }",
  ])
  func `printing and parsing are inverse`(body: String) throws {
    let printed = try Module.parse("module @m {\n\(body)\n}").description
    #expect(try Module.parse(printed).description == printed)
  }

  @Test(arguments: [
    ("module @m { weight %w : f32[2 }", "1:30", "unexpected character 0x20 in a shape"),
    (
      "module @m {\n  func @f(%x: f32[2]) -> (f32[2]) {\n    %y = frob(%x) : f32[2]\n    return %y\n  }\n}",
      "3:10", "unknown operation 'frob'"
    ),
    (
      "module @m {\n  func @f(%x: f32[2]) -> (f32[3]) {\n    %y = neg(%x) : f32[3]\n    return %y\n  }\n}",
      "3:5", "result has type f32[3], expected f32[2]"
    ),
    ("module @m { func @f(%x: f32[2]) -> (f32[2]) { return %z } }", "1:54", "%z is not defined"),
    ("module @m { weight %w : f32[99999999999999999999] }", "1:28", "too large"),
    ("module @m { weight %w : f32[281474976710656x281474976710656] }", "1:20", "too many elements"),
    (
      "module @m { func @f(%x: f32[4x6]) -> (f32[24]) { %t = transpose(%x) {perm = [1, 0]} : f32[6x4]"
        + " %y = reshape(%t) {shape = [24]} : f32[24] return %y } }", "1:96",
      "insert contiguous before reshape"
    ),
    (
      "module @m { weight %w : f32[1048576x1048576] {value = splat(1.0)} }", "1:20",
      "its value would be more than 1073741824 bytes"
    ),
    (
      "module @m { weight %w : f32[16777216x16777216] {value = iota} }", "1:20",
      "its value would be more than 1073741824 bytes"
    ),
    (
      "module @m { weight %w : bf16[536870913] {value = random(1)} }", "1:20",
      "its value would be more than 1073741824 bytes"
    ),
    ("module @m { weight %w : f32[1]\n weight %w : f32[1] }", "2:9", "%w is defined twice"),
    (
      "module @m { func @f(%x: f32[T]) -> (f32[T]) { return %x } }", "1:28",
      "symbol 'T' is not defined"
    ),
    (
      "module @m { func @f(%x: f32[2]) -> (f32[2]) { %y = add(%x) : f32[2] return %y } }", "1:47",
      "operand 'b' is missing"
    ),
    (
      "module @m { func @f(%x: f32[2]) -> (f32[2]) { %y = neg(%x) {eps = 1} : f32[2] return %y } }",
      "1:47", "has no attribute 'eps'"
    ),
    ("module @m { weight %w : f32[1] {value = random(-1)} }", "1:48", "expected an integer"),
    (
      "module @m { buffer %b : i64[1] {value = random(1)} }", "1:20",
      "random needs a floating-point type, found i64[1]"
    ),
    (
      "module @m { func @f(%x: i64[2]) -> (i64[2]) { %y = exp(%x) : i64[2] return %y } }", "1:47",
      "expected a floating-point tensor"
    ),
    ("module @m { # }", "1:13", "unexpected character '#'"),
    ("module @m {", "1:12", "expected symbol, weight, buffer, state, func or '}'"),
    ("", "1:1", "expected 'module'"),
  ])
  func `errors name line and column`(text: String, place: String, message: String) {
    let error = #expect(throws: TextError.self) { try Module.parse(text) }
    #expect(error?.items.first?.location.description == place)
    #expect(error?.description.contains(message) == true, "\(String(describing: error))")
  }
}
