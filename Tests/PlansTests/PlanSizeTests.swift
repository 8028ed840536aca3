import Plans
import Tensors
import Testing

/// Sizes hold for every combination of the symbols' values, not only at the smallest and the largest.
@Suite struct PlanSizeTests {
  static let t = Dim(symbol: "T")
  static let u = Dim(symbol: "U")

  /// 1 at T = 1 and at T = 8, 13 between.
  static var hump: Dim { get throws { try (t - 1) * (Dim(8) - t) + 1 } }

  /// A second symbol beside T.
  static func addSymbol(_ plan: inout Plan, bound: Int = 40) {
    plan.symbols.append(PlanSymbol(name: "U", bound: bound))
  }

  @Test(arguments: flaws)
  func `what does not hold at all sizes is refused`(flaw: Flaw) throws { try flaw.expectRefusal() }

  static let flaws = [
    Flaw(
      "an operand is long between its ends",
      "@f, step sum: elements 0..<256 leave a region of 384 bytes"
    ) {
      $0.functions[0].steps[0].operands[0] = view(.arena(offset: 0), [try hump, 4])
    },
    Flaw(
      "an operand begins late between its ends",
      "@f, step sum: elements -62..<66 leave a region of 128 bytes"
    ) {
      $0.functions[0].steps[0].operands[0] = view(
        .state(0), [2], start: try hump)
    },
    Flaw(
      "an operand is long where one symbol is small and the other large",
      "@f, step sum: elements 0..<160 leave a region of 384 bytes"
    ) {
      addSymbol(&$0, bound: 8)
      $0.functions[0].steps[0].operands[0] = view(
        .arena(offset: 0), [try u * 5 - t * 5 + 5, 4])
    },
    Flaw(
      "an operand without elements has extents whose product is too large",
      "@f, step sum: a size is negative or too large"
    ) {
      $0.functions[0].steps[0].operands[0] = view(
        .state(0), [0, 16_777_216, 33_554_432], strides: [0, 0, 0])
    },
    Flaw("a size between its ends overflows", "@f, step sum: a size is negative or too large") {
      addSymbol(&$0, bound: 1 << 40)
      let far = try (u - 1) * (Dim(1 << 40) - u) + 1
      $0.functions[0].steps[0].operands[0] = view(.state(0), [far], strides: [0])
    },
    Flaw(
      "the extents of one symbol are countable, those of two are not",
      "@f, step sum: a size is negative or too large"
    ) {
      addSymbol(&$0, bound: 1 << 30)
      $0.symbols[0].bound = 1 << 30
      $0.functions[0].inputs[0].view = view(.arena(offset: 0), [1])
      $0.functions[0].outputs.removeAll()
      $0.functions[0].steps = [$0.functions[0].steps[0]]
      $0.functions[0].steps[0].operands[0] = view(.arena(offset: 0), [t, u], strides: [0, 0])
    },
    Flaw(
      "a stride is no stride between its ends",
      "@f, step sum: elements overlap with strides [T*T-9*T+12, 1]"
    ) {
      $0.arenaBytes = 8192
      $0.functions[0].steps[0].result.strides[0] = try t * t - t * 9 + 12
    },
    Flaw(
      "a result's rows have gaps", "@f, step sum: elements have gaps with strides [5, 1]"
    ) {
      $0.arenaBytes = 1024
      $0.functions[0].steps[0].result.strides[0] = 5
    },
    Flaw(
      "an input's rows have gaps where a symbol is large",
      "@f, input x: elements have gaps with strides [T+3, 1]"
    ) {
      $0.arenaBytes = 1024
      $0.functions[0].inputs[0].view.strides[0] = try t + 3
    },
    Flaw(
      "an output reads more than was written between the ends",
      "@f, output sum reads arena bytes 192..<1328, which hold no whole value there"
    ) {
      $0.arenaBytes = 4096
      $0.functions[0].outputs[0].view = view(.arena(offset: 192), [try t + hump - 1, 4])
    },
    Flaw(
      "an output begins before what was written where one symbol is small",
      "@f, output sum reads arena bytes 192..<320, which hold no whole value there"
    ) {
      $0.functions[0].steps[0].result = view(.arena(offset: 192), [1, 4], start: 4)
      $0.functions[0].steps[0].operands = []
      $0.functions[0].outputs[0].view = view(.arena(offset: 192), [1, 4], start: try t * 4 - 4)
    },
    Flaw(
      "an output is as large as memory where one symbol is small and the other large",
      "@f, output sum has 4398046511104 bytes"
    ) {
      addSymbol(&$0, bound: 1 << 40)
      $0.functions[0].outputs[0].view = view(
        .state(0), [try u - t * Dim(1 << 37) + Dim(1 << 37)], strides: [0])
    },
  ]

  @Test(arguments: overlaps)
  func `a result on a part of an operand is refused`(flaw: Flaw) throws {
    try flaw.expectRefusal()
  }

  static let overlaps = [
    Flaw(
      "a transposed operand", "@f, step sum writes over its operand at arena bytes 0..<128"
    ) {
      $0.functions[0].steps[0].result = view(.arena(offset: 0), [4, t])
      $0.functions[0].steps[0].operands = [view(.arena(offset: 0), [4, t], strides: [1, 4])]
      $0.functions[0].outputs.removeFirst()
    },
    Flaw(
      "a row that is read for all rows",
      "@f, step sum writes over its operand at arena bytes 0..<16"
    ) {
      $0.functions[0].steps[0].result.region = .arena(offset: 0)
      $0.functions[0].steps[0].operands = [view(.arena(offset: 0), [1, 4])]
      $0.functions[0].outputs.removeFirst()
    },
    Flaw(
      "the row behind the first", "@f, step sum writes over its operand at arena bytes 0..<128"
    ) {
      $0.functions[0].steps[0].result = view(.arena(offset: 0), [1, 4], start: 4)
      $0.functions[0].outputs.removeFirst()
    },
    Flaw(
      "an operand of other elements",
      "@f, step rows writes over its operand at arena bytes 128..<144"
    ) {
      $0.functions[0].steps[1].result.region = .arena(offset: 128)
      $0.functions[0].outputs.removeLast()
    },
    Flaw(
      "the same places as elements of another type",
      "@f, step sum writes over its operand at arena bytes 0..<128"
    ) {
      $0.functions[0].steps[0].result = view(.arena(offset: 0), [t, 4], .i32)
      $0.functions[0].outputs.removeFirst()
    },
    Flaw(
      "an operand that is reached at the largest sizes only",
      "@f, step sum writes over its operand at arena bytes 0..<128"
    ) {
      $0.functions[0].steps[0].result.region = .arena(offset: 64)
      $0.functions[0].inputs.removeLast()
      $0.functions[0].steps.removeLast(2)
      $0.functions[0].outputs.removeAll()
    },
    Flaw(
      "a cache that is appended from itself",
      "@f, step seen writes over its operand, elements 4..<12 of a state"
    ) {
      $0.functions[0].steps[2].operands[1] = view(.state(0), [1, 1, 2, 4], start: 4)
    },
    Flaw(
      "a cache that begins later",
      "@f, step seen writes over its operand, elements 0..<32 of a state"
    ) {
      $0.functions[0].steps[2].result.start = 4
    },
    Flaw(
      "a cache in other steps",
      "@f, step seen writes over its operand, elements 0..<32 of a state"
    ) {
      $0.functions[0].steps[2].result.strides[2] = 8
    },
    Flaw(
      "a cache with another number of axes",
      "@f, step seen writes over its operand, elements 0..<29 of a state"
    ) {
      $0.functions[0].steps[2].operands[0] = view(.state(0), [1, 1, 8], strides: [32, 32, 4])
    },
    Flaw(
      "one row of a cache, as if others came in other steps",
      "@f, step seen writes over its operand, elements 0..<4 of a state"
    ) {
      $0.functions[0].steps[2].operands[0] = view(
        .state(0), [1, 1, 1, 4], strides: [32, 32, 8, 1])
    },
    Flaw(
      "rows of a cache in other steps than the one that is written",
      "@f, step seen writes over its operand, elements 0..<12 of a state"
    ) {
      $0.functions[0].steps[2].operands = [
        view(.state(0), [1, 1, 2, 4], strides: [32, 32, 8, 1]), nil,
      ]
      $0.functions[0].steps[2].result.shape[2] = 1
    },
  ]

  /// -(U² - U + 1) seems to lie between -9 and 1, but U + 1 of it are -(U³ + 1).
  @Test func `an axis that only seems to turn reaches nothing behind it`() throws {
    var plan = Plan.small
    Self.addSymbol(&plan, bound: 3)
    let u = Self.u
    plan.functions[0].steps[0].operands[0] = view(
      .state(0), [try u + 2], strides: [try u - u * u - 1], start: 31)
    try PlanVerifier.verify(plan)
    plan.functions[0].steps[0].operands[0]?.start = 32
    let error = #expect(throws: PlanError.self) { try PlanVerifier.verify(plan) }
    #expect(error?.description == "@f, step sum: elements 4..<33 leave a region of 128 bytes")
  }

  @Test func `parts of one state that do not meet are apart`() throws {
    var plan = Plan.small
    plan.functions[0].steps[2].operands[1] = view(.state(0), [1, 1, 2, 4], start: 8)
    try PlanVerifier.verify(plan)
  }

  /// What only depends on how symbols are combined is left to the executor, which looks at each call.
  @Test func `a size may be negative where symbols do not fit together`() throws {
    var plan = Plan.small
    Self.addSymbol(&plan, bound: 8)
    let (t, u) = (Self.t, Self.u)
    // The last rows of x from row U on, in a buffer as large as can be needed.
    let rest = view(.arena(offset: 0), [try t - u, 4], start: try u * 4)
    let copy = view(.arena(offset: 384), [try t - u, 4])
    plan.arenaBytes = 512
    plan.functions[0].steps.append(
      PlanStep(kernel: "copy", name: "rest", operands: [rest], result: copy))
    plan.functions[0].outputs.append(PlanPort(name: "rest", view: copy))
    try PlanVerifier.verify(plan)
  }

  /// Found rows: as many as one symbol less 1, which is none or one here.
  @Test func `sizes that may be 0 keep their shape`() throws {
    var plan = Plan.small
    Self.addSymbol(&plan, bound: 2)
    let rows = try Self.u - 1
    let found = view(.arena(offset: 384), [rows, 2, 4])
    plan.arenaBytes = 512
    plan.functions[0].steps.append(
      PlanStep(kernel: "some", name: "found", operands: [], result: found))
    plan.functions[0].outputs.append(
      PlanPort(name: "flat", view: view(.arena(offset: 384), [try rows * 8])))
    plan.functions[0].outputs.append(
      PlanPort(name: "turned", view: view(.arena(offset: 384), [4, rows, 2], strides: [1, 8, 4])))
    try PlanVerifier.verify(plan)
  }
}
