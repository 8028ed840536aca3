import JSON
import Plans
import Tensors
import Testing

@testable import Runtime

/// A kernel whose result lies on an operand that it still reads would read what it wrote: an id, say, that
/// was in range when it was checked.
@Suite struct OperandSharingTests {
  /// A step of a function over one buffer of the arena, whose result is this operand of it.
  struct Case: Sendable, CustomTestStringConvertible {
    let kernel: String
    let operand: Int
    let element: ElementType
    let shape: [Int]
    let operands: [(element: ElementType, shape: [Int])]
    let attributes: [JSON.Member]
    var testDescription: String { "\(kernel), operand \(operand)" }

    init(
      _ kernel: String, _ operand: Int, _ element: ElementType = .f32, _ shape: [Int] = [4],
      of operands: [(element: ElementType, shape: [Int])],
      _ attributes: [JSON.Member] = []
    ) {
      (self.kernel, self.operand, self.element, self.shape) = (kernel, operand, element, shape)
      self.operands = operands
      self.attributes = attributes
    }

    /// With the result in its own buffer, or in that of the operand.
    func plan(isShared: Bool) -> Plan {
      func view(_ place: Int, _ element: ElementType, _ shape: [Int]) -> PlanView {
        ExecutorTests.view(.arena(offset: 256 * place), shape.map { Dim($0) }, element)
      }
      var function = PlanFunction(name: "f")
      let views = operands.enumerated().map { view($0, $1.element, $1.shape) }
      function.inputs = views.enumerated().map { PlanPort(name: "x\($0)", view: $1) }
      let place = isShared ? operand : operands.count
      function.steps = [
        PlanStep(
          kernel: kernel, name: "y", operands: views, result: view(place, element, shape),
          attributes: attributes)
      ]
      var plan = Plan(name: "m")
      plan.arenaBytes = 256 * (operands.count + 1)
      plan.functions = [function]
      return plan
    }
  }

  static let number: (element: ElementType, shape: [Int]) = (.f32, [4])
  static let ids: (element: ElementType, shape: [Int]) = (.i64, [4])
  static let flags: (element: ElementType, shape: [Int]) = (.bool, [4])
  static let picture: (element: ElementType, shape: [Int]) = (.f32, [1, 2, 2, 4])
  static let axis = JSON.Member("axis", 0)
  static let window = [
    JSON.Member("dilations", [1, 1]), JSON.Member("kernel", [1, 1]),
    JSON.Member("pads", [0, 0, 0, 0]),
    JSON.Member("strides", [1, 1]),
  ]

  static let refused = [
    Case("gather", 0, .i64, of: [ids, ids], [axis]),
    Case("gather", 1, .i64, of: [ids, ids], [axis]),
    Case("scatter", 0, of: [number, ids, number], [JSON.Member("reduction", "none")]),
    Case("scatter", 1, .i64, of: [ids, ids, ids], [JSON.Member("reduction", "none")]),
    Case("scatter", 2, of: [number, ids, number], [JSON.Member("reduction", "none")]),
    Case("masked_scatter", 1, .bool, of: [flags, flags, flags]),
    Case("masked_scatter", 2, of: [number, flags, number]),
    Case("top_k", 0, .i64, of: [ids], [axis, JSON.Member("largest", .bool(true))]),
    Case("where", 1, of: [flags, number, number]),
    Case("where", 0, .bool, of: [flags, flags, flags]),
    Case("copy", 0, of: [number]), Case("concat", 0, of: [number], [axis]),
    Case(
      "cumsum", 0, of: [number],
      [axis, JSON.Member("exclusive", .bool(true)), JSON.Member("reverse", .bool(false))]),
    Case(
      "matmul", 0, .f32, [2, 2], of: [(.f32, [2, 2]), (.f32, [2, 2])],
      [JSON.Member("transpose_a", .bool(false)), JSON.Member("transpose_b", .bool(false))]),
    Case("linear_f32", 0, .f32, [2, 2], of: [(.f32, [2, 2]), (.f32, [2, 2])]),
    Case("linear_f32", 1, .f32, [2, 2], of: [(.f32, [2, 2]), (.f32, [2, 2])]),
    Case("layer_norm", 1, of: [number, number], [JSON.Member("eps", .number(1e-5))]),
    Case(
      "rms_norm", 1, of: [number, number],
      [JSON.Member("eps", .number(1e-5)), JSON.Member("weight_offset", 0)]),
    Case("rope", 1, of: [number, number, number]), Case("rope", 2, of: [number, number, number]),
    Case(
      "conv_f32", 0, .f32, [1, 2, 2, 4], of: [picture, (.f32, [4, 4])],
      window + [JSON.Member("activation", "none")]),
    Case(
      "depthwise_conv", 0, .f32, [1, 2, 2, 4], of: [picture, (.f32, [1, 4])],
      window + [JSON.Member("activation", "none")]),
    Case("max_pool", 0, .f32, [1, 2, 2, 4], of: [picture], window),
    Case(
      "attention", 0, .f32, [1, 2, 2, 4], of: [picture, picture, picture],
      [
        JSON.Member("causal", .bool(false)), JSON.Member("products", "f32"),
        JSON.Member("scale", 1),
      ]),
    Case(
      "attention", 2, .f32, [1, 2, 2, 4], of: [picture, picture, picture],
      [
        JSON.Member("causal", .bool(false)), JSON.Member("products", "f32"),
        JSON.Member("scale", 1),
      ]),
  ]

  @Test(arguments: refused)
  func `a result on an operand that is still read is refused`(c: Case) throws {
    // The step is sound but for that.
    _ = try ExecutorTests.executor(c.plan(isShared: false))
    let error = #expect(throws: PlanFileError.self) {
      try ExecutorTests.executor(c.plan(isShared: true))
    }
    #expect(error?.problem == "@f, step y (\(c.kernel)): the result lies on operand \(c.operand)")
  }

  @Test func `a result may be an operand that the kernel reads element by element`() throws {
    let add = Case("add", 1, of: [Self.number, Self.number])
    let executor = try ExecutorTests.executor(add.plan(isShared: true))
    let x = TensorData([Float(1), 2, 3, 4])
    try executor.setInputs([("x0", x), ("x1", x)], of: 0)
    try executor.run(0)
    #expect(executor.input(1, of: 0)?.tensorData.floats() == [2, 4, 6, 8])
  }

  @Test func `what is appended to a cache may not come from it`() throws {
    var plan = ExecutorTests.plan()
    let cache = ExecutorTests.view(.state(0), [1, 1, 8, 4])
    plan.functions[0].steps[2].operands[1] = cache
    plan.functions[0].steps[2].result = cache
    let error = #expect(throws: PlanFileError.self) { try ExecutorTests.executor(plan) }
    #expect(error?.problem == "@f, step seen (cache_append): the result lies on operand 1")
  }

  @Test func `a size that is measured may be none of what was written before`() throws {
    let count = try Dim(symbol: "N") - 1
    func found(_ offset: Int) -> PlanView {
      ExecutorTests.view(.arena(offset: offset), [count, 1], .i64)
    }
    var function = PlanFunction(name: "f")
    let flags = ExecutorTests.view(.arena(offset: 0), [4], .bool)
    function.inputs = [PlanPort(name: "x", view: flags)]
    function.steps = [64, 128].map { offset in
      PlanStep(
        kernel: "nonzero", name: "at\(offset)", operands: [flags], result: found(offset),
        attributes: [JSON.Member("count", count.json)])
    }
    var plan = Plan(name: "m")
    plan.symbols = [PlanSymbol(name: "N", bound: 5)]
    plan.arenaBytes = 192
    plan.functions = [function]
    let error = #expect(throws: PlanFileError.self) { try ExecutorTests.executor(plan) }
    #expect(
      error?.problem
        == "@f, step at128 (nonzero): the size that it measures is one of earlier values")
    plan.functions[0].steps.removeLast()
    _ = try ExecutorTests.executor(plan)
  }

  @Test func `sizes that only fit together are set together`() throws {
    let (a, b) = (Dim(symbol: "A"), Dim(symbol: "B"))
    var function = PlanFunction(name: "f")
    function.inputs = [
      PlanPort(name: "a", view: ExecutorTests.view(.arena(offset: 0), [a])),
      PlanPort(name: "b", view: ExecutorTests.view(.arena(offset: 64), [b])),
    ]
    var rest = ExecutorTests.view(.arena(offset: 0), [try a - b])
    rest.start = b
    function.outputs = [PlanPort(name: "rest", view: rest)]
    var plan = Plan(name: "m")
    plan.symbols = [PlanSymbol(name: "A", bound: 8), PlanSymbol(name: "B", bound: 8)]
    plan.arenaBytes = 128
    plan.functions = [function]
    let executor = try ExecutorTests.executor(plan)
    for (count, first) in [(8, 5), (6, 6), (2, 1), (7, 3)] {
      let values = (0..<count).map { Float($0) }
      let outputs = try executor.run(
        0, inputs: [("a", TensorData(values)), ("b", TensorData(Array(values.prefix(first))))])
      #expect(outputs[0].data.floats() == Array(values.dropFirst(first)))
    }
    #expect(throws: ExecutionError.self) {
      try executor.run(
        0, inputs: [("a", TensorData([Float(1)])), ("b", TensorData([Float(1), 2]))])
    }
  }
}
