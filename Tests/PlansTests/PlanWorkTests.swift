import JSON
import Plans
import Tensors
import Testing

/// The least work of a function, from its steps alone.
@Suite struct PlanWorkTests {
  private func view(_ shape: Shape, _ region: PlanView.Region = .arena(offset: 0)) -> PlanView {
    PlanView(region: region, element: .f32, shape: shape, strides: shape)
  }

  /// Strides of 0 make views of few bytes as large as sizes can be, and a step may say that it does anything.
  @Test func `figures beyond Int are Int's largest`() throws {
    let huge = Shape(repeating: Dim(1 << 20), count: 4)
    let operands = [PlanView?](repeating: view(huge), count: 3)
    let size = Dim(symbol: "T")
    let step = PlanStep(
      kernel: "matmul", name: "y", operands: operands, result: view(huge),
      multiplyAdds: try size * size * size * size * Dim(Dim.limit))
    let work = try Plan(name: "m").work(of: step, at: ["T": 1 << 20])
    #expect(work.arenaBytes == Int.max)
    #expect(work.operations == Int.max)
    var function = PlanFunction(name: "f")
    function.steps = [step, step]
    var plan = Plan(name: "m")
    plan.functions = [function]
    #expect(try plan.work(ofFunction: 0, at: ["T": 1 << 20]) == work)
  }

  @Test func `a step that says it does less than nothing does nothing`() throws {
    let step = PlanStep(
      kernel: "matmul", name: "y", operands: [], result: view([1]), multiplyAdds: -7)
    #expect(try Plan(name: "m").work(of: step, at: [:]).operations == 0)
  }

  @Test func `products, attention and tensors are counted`() throws {
    let tokens = Dim(symbol: "T")
    var plan = Plan(name: "m")
    plan.symbols = [PlanSymbol(name: "T", bound: 9)]
    plan.tensors = [
      PlanTensor(name: "w", element: .f32, shape: [5, 7]),
      PlanTensor(name: "q", element: .f32, shape: [20, 8], packing: .int8),
      PlanTensor(name: "table", element: .f32, shape: [100, 7]),
      PlanTensor(name: "positions", element: .f32, shape: [9, 6]),
    ]
    var function = PlanFunction(name: "f")
    function.steps = [
      PlanStep(
        kernel: "embedding_f32", name: "x",
        operands: [view([100, 7], .tensor(2)), view([1, tokens])], result: view([1, tokens, 7])),
      PlanStep(
        kernel: "linear_f32", name: "y",
        operands: [view([1, tokens, 7]), view([5, 7], .tensor(0)), nil],
        result: view([1, tokens, 5]), multiplyAdds: try tokens * 35),
      PlanStep(
        kernel: "linear_int8_panels", name: "z",
        operands: [view([1, tokens, 8]), view([20, 8], .tensor(1))],
        result: view([1, tokens, 20]), multiplyAdds: try tokens * 160),
      PlanStep(
        kernel: "attention", name: "a",
        operands: [view([1, 4, tokens, 6]), view([1, 2, 11, 6]), view([1, 2, 11, 3])],
        result: view([1, tokens, 4, 3]), multiplyAdds: try tokens * 396),
      PlanStep(
        kernel: "rope", name: "r",
        operands: [view([1, 4, tokens, 6]), view([tokens, 6], .tensor(3))],
        result: view([1, 4, tokens, 6])),
      PlanStep(
        kernel: "matmul", name: "p",
        operands: [view([6, tokens]), view([6, 5])], result: view([tokens, 5]),
        multiplyAdds: try tokens * 30),
    ]
    plan.functions = [function]
    let attention = try plan.work(ofFunction: 0, at: ["T": 3], kernel: "attention")
    #expect(attention.operations == 2 * 4 * 3 * 11 * (6 + 3) && attention.bytes == 0)
    let work = try plan.work(ofFunction: 0, at: ["T": 3])
    let linear = 2 * 3 * 5 * 7 + 2 * 3 * 20 * 8
    #expect(work.operations == linear + 2 * 4 * 3 * 11 * (6 + 3) + 2 * 3 * 5 * 6)
    // Two panels of 16 rows, each 16 scales and 8 columns of bytes; the table is only looked up.
    // Of a table of positions, those of the tokens.
    #expect(work.tensorBytes == 5 * 7 * 4 + 2 * (64 + 16 * 8) + 3 * 6 * 4)
    #expect(work.bytes == work.tensorBytes)
    let product = try plan.work(of: function.steps[5], at: ["T": 3])
    #expect(product.arenaBytes == (6 * 3 + 6 * 5 + 3 * 5) * 4 && product.bytes == 0)
    let sum = try function.steps.map { try plan.work(of: $0, at: ["T": 3]).arenaBytes }.reduce(0, +)
    #expect(work.arenaBytes == sum)
  }

  @Test func `of states counts what is filled, where it is read`() throws {
    let filled = try Dim(symbol: "P") + 1
    var plan = Plan(name: "m")
    plan.symbols = [PlanSymbol(name: "P", bound: 9)]
    plan.states = [PlanState(name: "keys", element: .f32, shape: [1, 2, 10, 6], offset: 0)]
    let keys = view([1, 2, filled, 6], .state(0))
    var function = PlanFunction(name: "f")
    function.steps = [
      PlanStep(
        kernel: "cache_append", name: "k",
        operands: [view([1, 2, 10, 6], .state(0)), view([1, 2, 1, 6])], result: keys),
      PlanStep(
        kernel: "attention", name: "a", operands: [view([1, 4, 1, 6]), keys, keys],
        result: view([1, 1, 4, 6])),
    ]
    plan.functions = [function]
    #expect(try plan.work(ofFunction: 0, at: ["P": 4]).stateBytes == 2 * (2 * 5 * 6) * 4)
  }
}
