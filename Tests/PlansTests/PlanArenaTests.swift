import Plans
import Tensors
import Testing

/// What a function reads from the arena must be what it put there.
@Suite struct PlanArenaTests {
  @Test(arguments: flaws)
  func `reading what no step left whole is refused`(flaw: Flaw) throws { try flaw.expectRefusal() }

  static let flaws = [
    Flaw(
      "nothing was written there",
      "@f, step sum reads arena bytes 320..<352, which hold no whole value there"
    ) {
      $0.functions[0].steps[0].operands[1] = view(.arena(offset: 320), [2, 4])
    },
    Flaw(
      "a step reads its own result",
      "@f, step rows writes over its operand at arena bytes 320..<336"
    ) {
      $0.functions[0].steps[1].operands[1] = view(.arena(offset: 320), [2], .i64)
    },
    Flaw(
      "an output is never written",
      "@f, output rows reads arena bytes 352..<384, which hold no whole value there"
    ) {
      $0.functions[0].outputs[1].view.start = 8
    },
    Flaw(
      "a function without steps returns what another left",
      "@g, output sum reads arena bytes 192..<320, which hold no whole value there"
    ) {
      var function = PlanFunction(name: "g")
      function.outputs = [$0.functions[0].outputs[0]]
      $0.functions.append(function)
    },
    Flaw(
      "more is read than was written",
      "@f, step seen reads arena bytes 320..<352, which hold no whole value there"
    ) {
      $0.functions[0].outputs.removeLast()
      $0.functions[0].steps[1].result.shape = [1, 4]
    },
    Flaw(
      "at small sizes less is written than is read",
      "@f, output sum reads arena bytes 192..<320, which hold no whole value there"
    ) {
      $0.functions[0].outputs[0].view = view(.arena(offset: 192), [8, 4])
    },
    Flaw(
      "the steps come in another order",
      "@f, step seen reads arena bytes 320..<352, which hold no whole value there"
    ) {
      $0.functions[0].steps.swapAt(1, 2)
    },
    Flaw(
      "another value was written over a part",
      "@f, output sum reads arena bytes 192..<320, which hold no whole value there"
    ) {
      $0.functions[0].steps[1].result.region = .arena(offset: 256)
      $0.functions[0].steps[2].operands[1]?.region = .arena(offset: 256)
      $0.functions[0].outputs[1].view.region = .arena(offset: 256)
    },
    Flaw(
      "another value was written over the first bytes",
      "@f, output sum reads arena bytes 192..<320, which hold no whole value there"
    ) {
      $0.functions[0].steps[1].result.region = .arena(offset: 192)
      $0.functions[0].steps[2].operands[1]?.region = .arena(offset: 192)
      $0.functions[0].outputs[1].view.region = .arena(offset: 192)
    },
    Flaw(
      "another buffer ends in the first bytes",
      "@f, output sum reads arena bytes 192..<320, which hold no whole value there"
    ) {
      $0.functions[0].steps[1].result = view(.arena(offset: 128), [5, 4])
      $0.functions[0].steps[1].operands[1] = nil
      $0.functions[0].steps[2].operands[1] = nil
      $0.functions[0].outputs[1].view.region = .arena(offset: 128)
    },
    Flaw(
      "two inputs share their places",
      "@f, step sum reads arena bytes 0..<128, which hold no whole value there"
    ) {
      $0.functions[0].inputs[1].view.region = .arena(offset: 64)
      $0.functions[0].steps[1].operands[1]?.region = .arena(offset: 64)
    },
    Flaw(
      "a value is read through another buffer",
      "@f, step sum reads arena bytes 64..<128, which hold no whole value there"
    ) {
      $0.functions[0].steps[0].operands[0] = view(.arena(offset: 64), [4, 4])
      $0.functions[0].inputs[0].view.shape[0] = 8
    },
    Flaw(
      "a result lies across an operand",
      "@f, step sum writes over its operand at arena bytes 0..<128"
    ) {
      $0.functions[0].inputs[1].view.region = .arena(offset: 320)
      $0.functions[0].steps[1].operands[1]?.region = .arena(offset: 320)
      $0.functions[0].steps[0].result.region = .arena(offset: 64)
      $0.functions[0].outputs[0].view.region = .arena(offset: 64)
    },
  ]

  @Test func `a step may write over its operand in place`() throws {
    var plan = Plan.small
    plan.functions[0].steps[0].result.region = .arena(offset: 0)
    plan.functions[0].outputs[0].view.region = .arena(offset: 0)
    try PlanVerifier.verify(plan)
  }

  @Test func `a buffer may be used again by values of other sizes`() throws {
    let buffer = { (count: Int) in view(.arena(offset: 0), [Dim(count)]) }
    let other = view(.arena(offset: 256), [4])
    var function = PlanFunction(name: "f")
    function.inputs = [PlanPort(name: "x", view: buffer(32))]
    function.steps = [
      PlanStep(kernel: "a", name: "a", operands: [buffer(32)], result: other),
      PlanStep(kernel: "b", name: "b", operands: [other], result: buffer(8)),
      PlanStep(kernel: "c", name: "c", operands: [buffer(8)], result: other),
      PlanStep(kernel: "d", name: "d", operands: [other], result: buffer(64)),
    ]
    function.outputs = [PlanPort(name: "y", view: buffer(64)), PlanPort(name: "z", view: other)]
    var plan = Plan(name: "m")
    plan.arenaBytes = 320
    plan.functions = [function]
    try PlanVerifier.verify(plan)
    // What x left beside b is of no use.
    plan.functions[0].steps[2].operands[0] = buffer(9)
    let error = #expect(throws: PlanError.self) { try PlanVerifier.verify(plan) }
    #expect(
      error?.description
        == "@f, step c reads arena bytes 0..<36, which hold no whole value there")
  }

  @Test func `views without elements read nothing`() throws {
    var plan = Plan.small
    plan.functions[0].steps[0].operands[1] = view(.arena(offset: 320), [0, 4])
    plan.functions[0].outputs.append(
      PlanPort(name: "nothing", view: view(.arena(offset: 384), [0])))
    try PlanVerifier.verify(plan)
  }

  @Test func `states may be read before anything was written`() throws {
    var plan = Plan.small
    plan.functions[0].outputs.append(
      PlanPort(name: "values", view: view(.state(1), [1, 1, 8, 4])))
    try PlanVerifier.verify(plan)
  }
}
