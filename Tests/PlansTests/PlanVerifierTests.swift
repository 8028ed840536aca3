import Plans
import Tensors
import Testing

/// A change to a sound plan, and what is said about it.
struct Flaw: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let message: String
  let change: @Sendable (inout Plan) throws -> Void

  init(
    _ sentence: String, _ message: String, _ change: @escaping @Sendable (inout Plan) throws -> Void
  ) {
    testDescription = sentence
    self.message = message
    self.change = change
  }

  /// Expects the message for the small plan with this change.
  func expectRefusal() throws {
    var plan = Plan.small
    try change(&plan)
    let error = #expect(throws: PlanError.self) { try PlanVerifier.verify(plan) }
    #expect(error?.description == message)
  }
}

@Suite struct PlanVerifierTests {
  @Test func `sound plans pass`() throws {
    for plan in try [Plan(name: ""), .minimal, .small, .rich] { try PlanVerifier.verify(plan) }
  }

  @Test(arguments: memory)
  func `memory that does not add up is refused`(flaw: Flaw) throws { try flaw.expectRefusal() }

  static let memory = [
    Flaw(
      "the arena is larger than any memory", "it asks for 1152921504606846976 + 256 bytes of memory"
    ) {
      $0.arenaBytes = 1 << 60
    },
    Flaw(
      "arena and states are too large together",
      "it asks for 549755813888 + 549755813952 bytes of memory"
    ) {
      $0.arenaBytes = 1 << 39
      $0.stateBytes = 1 << 39 + 64
    },
    Flaw(
      "their sum overflows", "it asks for 9223372036854775807 + 9223372036854775807 bytes of memory"
    ) {
      $0.arenaBytes = Int.max
      $0.stateBytes = Int.max
    },
    Flaw("the arena is negative", "it asks for -64 + 256 bytes of memory") { $0.arenaBytes = -64 },
    Flaw("a symbol may only be 0", "symbol T has bound 0") { $0.symbols[0].bound = 0 },
    Flaw("a symbol may be larger than any size", "symbol T has bound 9223372036854775807") {
      $0.symbols[0].bound = Int.max
    },
    Flaw("a symbol is there twice", "two symbols have one name") {
      $0.symbols.append(PlanSymbol(name: "T", bound: 1))
    },
    Flaw("a tensor is there twice", "two tensors have one name") {
      $0.tensors.append($0.tensors[0])
    },
    Flaw("a state is there twice", "two states have one name") { $0.states[1].name = "keys" },
    Flaw("a function is there twice", "two functions have one name") {
      $0.functions.append(PlanFunction(name: "f"))
    },
    Flaw("an input is there twice", "two inputs of @f have one name") {
      $0.functions[0].inputs[1].name = "x"
    },
    Flaw("a tensor has nine axes", "tensor table: a tensor of 9 axes; at most 8 are supported") {
      $0.tensors[0].shape = [Int](repeating: 1, count: 9)
    },
    Flaw(
      "a tensor has a negative extent",
      "tensor table: an extent of -3; it must be 0 to 1099511627776"
    ) {
      $0.tensors[0].shape = [-3, -4]
    },
    Flaw(
      "a tensor's size overflows",
      "tensor table: shape [1099511627776, 1099511627776, 0] has too many elements"
    ) {
      $0.tensors[0].shape = [1 << 40, 1 << 40, 0]
    },
    Flaw(
      "a state's size overflows",
      "state keys: shape [1099511627776, 1099511627776] has too many elements"
    ) {
      $0.states[0].shape = [1 << 40, 1 << 40]
    },
    Flaw("a state leaves the states", "state values is misplaced") { $0.stateBytes = 192 },
    Flaw("a state overlaps another", "state values is misplaced") { $0.states[1].offset = 64 },
    Flaw("a state is misaligned", "state values is misplaced") {
      $0.states[1].offset = 132
      $0.stateBytes = 512
    },
    Flaw("a state begins before the states", "state keys is misplaced") {
      $0.states[0].offset = -64
    },
    Flaw("a state begins where nothing is", "state values is misplaced") {
      $0.states[1].offset = Int.max - 63
    },
    Flaw("there are too many steps", "it has 65537 steps; at most 65536 are run") { plan in
      plan.functions[0].steps = (0...PlanVerifier.stepLimit).map { _ in plan.functions[0].steps[0] }
    },
  ]

  @Test(arguments: views)
  func `views that leave their memory are refused`(flaw: Flaw) throws { try flaw.expectRefusal() }

  static let views = [
    Flaw(
      "a result ends one element behind the arena",
      "@f, step rows: elements 0..<17 leave a region of 64 bytes"
    ) {
      $0.functions[0].steps[1].result = view(.arena(offset: 320), [17])
    },
    Flaw(
      "an operand is too long at its largest",
      "@f, step sum: elements 0..<28 leave a region of 96 bytes"
    ) {
      let t = Dim(symbol: "T")
      $0.arenaBytes = 96
      $0.functions[0].inputs[0].view.shape = [3, 4]
      $0.functions[0].inputs.remove(at: 1)
      $0.functions[0].steps[0].operands[0] = view(.arena(offset: 0), [try t - 1, 4])
    },
    Flaw(
      "an operand is too long at its smallest",
      "@f, step sum: elements 0..<128 leave a region of 384 bytes"
    ) {
      let t = Dim(symbol: "T")
      $0.functions[0].steps[0].operands[0] = view(.arena(offset: 0), [try Dim(33) - t, 4])
    },
    Flaw(
      "a tensor is read past its end", "@f, step rows: elements 0..<16 leave a region of 48 bytes"
    ) {
      $0.functions[0].steps[1].operands[0]?.shape = [4, 4]
    },
    Flaw(
      "a tensor is read before its start",
      "@f, step rows: elements -1..<11 leave a region of 48 bytes"
    ) {
      $0.functions[0].steps[1].operands[0]?.start = -1
    },
    Flaw(
      "a tensor is read backwards from its start",
      "@f, step rows: elements -8..<4 leave a region of 48 bytes"
    ) {
      $0.functions[0].steps[1].operands[0]?.strides = [-4, 1]
    },
    Flaw(
      "a state is read past its end", "@f, step seen: elements 32..<64 leave a region of 128 bytes"
    ) {
      $0.functions[0].steps[2].operands[0]?.start = 32
    },
    Flaw(
      "an output repeats itself beyond any memory", "@f, output sum has 4398046511104 bytes"
    ) {
      $0.functions[0].outputs[0].view.shape = [1_099_511_627_776]
      $0.functions[0].outputs[0].view.strides = [0]
    },
    Flaw(
      "an output is read past its end",
      "@f, output sum: elements 0..<49 leave a region of 192 bytes"
    ) {
      $0.functions[0].outputs[0].view.shape = [49]
      $0.functions[0].outputs[0].view.strides = [1]
    },
    Flaw(
      "an input is written past the arena",
      "@f, input x: elements 0..<97 leave a region of 384 bytes"
    ) {
      $0.functions[0].inputs[0].view = view(.arena(offset: 0), [97])
    },
    Flaw("an offset is negative", "@f, step sum: arena offset -64 is misplaced") {
      $0.functions[0].steps[0].operands[0]?.region = .arena(offset: -64)
    },
    Flaw("an offset is misaligned", "@f, step sum: arena offset 4 is misplaced") {
      $0.functions[0].steps[0].operands[0]?.region = .arena(offset: 4)
    },
    Flaw("an offset lies behind the arena", "@f, step sum: arena offset 448 is misplaced") {
      $0.functions[0].steps[0].operands[0]?.region = .arena(offset: 448)
    },
    Flaw(
      "an offset is the largest integer there is",
      "@f, step sum: arena offset 9223372036854775744 is misplaced"
    ) {
      $0.functions[0].steps[0].operands[0]?.region = .arena(offset: Int.max - 63)
    },
    Flaw("a tensor is not there", "@f, step rows: tensor 1 does not exist or has other elements") {
      $0.functions[0].steps[1].operands[0]?.region = .tensor(1)
    },
    Flaw(
      "a tensor's number is negative",
      "@f, step rows: tensor -1 does not exist or has other elements"
    ) {
      $0.functions[0].steps[1].operands[0]?.region = .tensor(-1)
    },
    Flaw("a state is not there", "@f, step seen: state 2 does not exist or has other elements") {
      $0.functions[0].steps[2].result.region = .state(2)
    },
    Flaw(
      "a tensor is read as another type",
      "@f, step rows: tensor 0 does not exist or has other elements"
    ) {
      $0.functions[0].steps[1].operands[0]?.element = .bf16
    },
    Flaw(
      "a state is read as another type",
      "@f, step seen: state 0 does not exist or has other elements"
    ) {
      $0.functions[0].steps[2].operands[0]?.element = .i32
    },
    Flaw("an output is a packed tensor", "@f, output table cannot read a tensor in f32_panels") {
      $0.tensors[0].packing = .f32
      $0.functions[0].steps.removeLast(2)
      $0.functions[0].outputs[1] = PlanPort(name: "table", view: view(.tensor(0), [3, 4]))
    },
    Flaw("a packed tensor is read as it is", "@f, step rows cannot read a tensor in f32_panels") {
      $0.tensors[0].packing = .f32
    },
    Flaw(
      "a part of a packed tensor is read", "@f, step rows cannot read a tensor in f32_panels"
    ) {
      $0.tensors[0].packing = .f32
      $0.functions[0].steps[1].kernel = "embedding_f32_panels"
      $0.functions[0].steps[1].operands[0]?.shape = [2, 4]
    },
    Flaw(
      "a packed tensor is read in other steps", "@f, step rows cannot read a tensor in f32_panels"
    ) {
      $0.tensors[0].packing = .f32
      $0.functions[0].steps[1].kernel = "embedding_f32_panels"
      $0.functions[0].steps[1].operands[0]?.strides = [1, 1]
    },
    Flaw("a symbol is unknown", "@f, step sum: there is no symbol U") {
      $0.functions[0].steps[0].operands[0]?.shape[0] = Dim(symbol: "U")
    },
    Flaw("a count's symbol is unknown", "@f, step sum: there is no symbol U") {
      $0.functions[0].steps[0].multiplyAdds = Dim(symbol: "U")
    },
    Flaw("a stride's symbol is unknown", "@f, step sum: there is no symbol U") {
      $0.functions[0].steps[0].operands[0]?.strides[0] = Dim(symbol: "U")
    },
    Flaw("a start's symbol is unknown", "@f, step sum: there is no symbol U") {
      $0.functions[0].steps[0].operands[0]?.start = Dim(symbol: "U")
    },
    Flaw("a stride is missing", "@f, step sum: 2 extents, 1 strides") {
      $0.functions[0].steps[0].operands[0]?.strides = [1]
    },
    Flaw("there is a stride too many", "@f, step sum: 2 extents, 3 strides") {
      $0.functions[0].steps[0].result.strides = [4, 4, 1]
    },
    Flaw("there are nine axes", "@f, step sum: 9 extents, 9 strides") {
      $0.functions[0].steps[0].operands[0] = view(.arena(offset: 0), Shape(repeating: 1, count: 9))
    },
    Flaw("an extent is negative", "@f, step sum: a size is negative or too large") {
      $0.functions[0].steps[0].operands[0]?.shape[0] = -1
    },
    Flaw(
      "an extent is negative beside an empty one", "@f, step sum: a size is negative or too large"
    ) {
      $0.functions[0].steps[0].operands[0]?.shape = [0, -1]
    },
    Flaw("elements without number share one place", "@f, step sum: a size is negative or too large")
    {
      $0.functions[0].steps[0].operands[0] = view(
        .arena(offset: 0), [Dim(1 << 40), Dim(1 << 40)], strides: [0, 0])
    },
    Flaw("a stride reaches far", "@f, step sum: a size is negative or too large") {
      $0.functions[0].steps[0].operands[0]?.strides[0] = Dim(Dim.limit)
    },
    // 2^15 * -2^48 is the smallest integer, whose magnitude is none.
    Flaw(
      "a stride reaches as far back as integers go", "@f, step sum: a size is negative or too large"
    ) {
      $0.functions[0].steps[0].operands[0] = view(
        .arena(offset: 0), [Dim(1 << 15 + 1)], strides: [Dim(-Dim.limit)])
    },
    Flaw("a symbol's power overflows", "@f, step sum: a size is negative or too large") {
      let t = Dim(symbol: "T")
      $0.symbols[0].bound = 1 << 40
      $0.functions[0].inputs[0].view = view(.arena(offset: 0), [1])
      $0.functions[0].steps[0].operands[0] = view(.arena(offset: 0), [try t * t], strides: [0])
    },
  ]

  @Test(arguments: writes)
  func `writing where nothing may be written is refused`(flaw: Flaw) throws {
    try flaw.expectRefusal()
  }

  static let writes = [
    Flaw("a step writes a weight", "@f, step sum writes to a weight") {
      $0.functions[0].steps[0].result = view(.tensor(0), [3, 4])
    },
    Flaw("an input is a weight", "@f, input x is not in the arena") {
      $0.functions[0].inputs[0].view = view(.tensor(0), [3, 4])
    },
    Flaw("an input is a state", "@f, input x is not in the arena") {
      $0.functions[0].inputs[0].view = view(.state(0), [1, 1, 8, 4])
    },
    Flaw("all rows of a result are one", "@f, step sum: elements overlap with strides [0, 1]") {
      $0.functions[0].steps[0].result.strides = [0, 1]
    },
    Flaw("rows of a result overlap", "@f, step sum: elements overlap with strides [3, 1]") {
      $0.functions[0].steps[0].result.strides = [3, 1]
    },
    Flaw("a result is written backwards", "@f, step sum: elements overlap with strides [4, -1]") {
      $0.functions[0].steps[0].result.strides = [4, -1]
      $0.functions[0].steps[0].result.start = 3
    },
    Flaw(
      "a state's part is written onto itself",
      "@f, step seen: elements overlap with strides [32, 32, 0, 1]"
    ) {
      $0.functions[0].steps[2].result.strides[2] = 0
    },
    Flaw("an input's elements are one", "@f, input x: elements overlap with strides [0, 0]") {
      $0.functions[0].inputs[0].view.strides = [0, 0]
    },
  ]

  @Test func `strides of axes that are one element long do not matter`() throws {
    var plan = Plan.small
    plan.functions[0].steps[2].result.strides = [0, -5, 4, 1]
    try PlanVerifier.verify(plan)
  }

  @Test func `names are escaped in messages`() throws {
    let escape = "\u{1B}[2J"
    var plan = Plan.small
    plan.functions[0].name = escape
    plan.functions[0].steps[0].name = escape
    plan.functions[0].steps[0].operands[0]?.shape[0] = Dim(symbol: escape)
    let error = #expect(throws: PlanError.self) { try PlanVerifier.verify(plan) }
    #expect(
      error?.description == #"@\u{1b}[2J, step \u{1b}[2J: there is no symbol \u{1b}[2J"#)
  }
}
