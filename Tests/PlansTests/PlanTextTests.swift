import JSON
import Plans
import Tensors
import Testing

@Suite struct PlanTextTests {
  @Test func `a listing shows memory, tensors and every step with its places`() {
    #expect(
      Plan.small.text() == """
        plan @m
          arena 384 bytes, lower bound 352
          symbol T <= 8
          tensor %table : f32[3, 4]
          state %keys : f32[1, 1, 8, 4] at 0
          state %values : f32[1, 1, 8, 4] at 128

          func @f
            input %x = arena+0:f32[Tx4]
            input %ids = arena+128:i64[2]
            0  %sum = add(arena+0:f32[Tx4], arena+0:f32[Tx4]) -> arena+192:f32[Tx4]
            1  %rows = embedding_f32(%table:f32[3x4], arena+128:i64[2]) -> arena+320:f32[2x4]
            2  %seen = cache_append(%keys:f32[1x1x8x4], arena+320:f32[1x1x2x4]) \
        -> %keys:f32[1x1x2x4] strides [32, 32, 4, 1]
            output sum = arena+192:f32[Tx4]
            output rows = arena+320:f32[2x4]

        """)
  }

  @Test func `a listing of one function leaves the others out`() throws {
    let text = try Plan.rich.text(function: "peek")
    #expect(text.contains("func @peek"))
    #expect(!text.contains("func @f"))
    #expect(text.contains("output seen = %values:f32[1x1xP+1x4] strides [32, 32, 4, 1]"))
  }

  @Test func `absent operands, starts and attributes are shown`() throws {
    let text = try Plan.rich.text(function: "f")
    #expect(text.contains("some(arena+192[4*T-4...]:f32[1x4], none, "))
    #expect(text.contains("%number:f32[4xT] strides [0, 0], none) {array = [1,[2.5,\"x\"],[]], "))
  }

  @Test func `nothing in a listing reaches the terminal unescaped`() throws {
    let escape = "\u{1B}[2J\u{202E}"
    var plan = try Plan.rich
    plan.name = escape
    plan.symbols[0].name = escape
    plan.tensors[0].name = escape
    plan.states[0].name = escape
    plan.functions[0].name = escape
    plan.functions[0].inputs[0].name = escape
    plan.functions[0].outputs[0].name = escape
    plan.functions[0].steps[0].name = escape
    plan.functions[0].steps[0].kernel = escape
    plan.functions[0].steps[0].attributes = [.init(escape, .string(escape))]
    let t = Dim(symbol: escape)
    plan.functions[0].steps[0].result = view(.arena(offset: 0), [t], strides: [t], start: t)
    #expect(!plan.text().unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" })
  }
}
