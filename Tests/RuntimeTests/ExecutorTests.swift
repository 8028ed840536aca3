import Foundation
import JSON
import Plans
import Tensors
import Testing

@testable import Runtime

@Suite struct ExecutorTests {
  typealias Inputs = [(name: String, data: TensorData)]

  /// x: f32[T, 4] and ids: i64[2] → x + x, two rows of a table, and what a cache holds.
  static func plan() -> Plan {
    var plan = Plan(name: "m")
    plan.symbols = [PlanSymbol(name: "T", bound: 8)]
    plan.arenaBytes = 512
    plan.stateBytes = 128
    plan.tensors = [PlanTensor(name: "table", element: .f32, shape: [3, 4])]
    plan.states = [PlanState(name: "cache", element: .f32, shape: [1, 1, 8, 4], offset: 0)]
    var function = PlanFunction(name: "f")
    let t = Dim(symbol: "T")
    let x = view(.arena(offset: 0), [t, 4])
    let ids = view(.arena(offset: 128), [2], .i64)
    let sum = view(.arena(offset: 192), [t, 4])
    let rows = view(.arena(offset: 320), [2, 4])
    let cache = view(.state(0), [1, 1, 8, 4])
    let seen = PlanView(
      region: .state(0), element: .f32, shape: [1, 1, 2, 4], strides: [32, 32, 4, 1])
    let new = view(.arena(offset: 320), [1, 1, 2, 4])
    function.inputs = [PlanPort(name: "x", view: x), PlanPort(name: "ids", view: ids)]
    function.steps = [
      PlanStep(kernel: "add", name: "sum", operands: [x, x], result: sum),
      PlanStep(
        kernel: "embedding_f32", name: "rows", operands: [view(.tensor(0), [3, 4]), ids],
        result: rows, attributes: [JSON.Member("scale", .number(2))]),
      PlanStep(kernel: "cache_append", name: "seen", operands: [cache, new], result: seen),
    ]
    function.outputs = [PlanPort(name: "sum", view: sum), PlanPort(name: "rows", view: rows)]
    plan.functions = [function]
    return plan
  }

  static func view(
    _ region: PlanView.Region, _ shape: Shape, _ element: ElementType = .f32
  ) -> PlanView {
    let strides = (try? shape.rowMajorStrides()) ?? []
    return PlanView(region: region, element: element, shape: shape, strides: strides)
  }

  /// A function of one step on inputs that lie row by row, with all that is not given left out.
  static func plan(
    of kernel: String, _ inputs: [Shape], operands: [PlanView?], result: Shape,
    _ attributes: [JSON.Member]
  ) -> Plan {
    var function = PlanFunction(name: "f")
    function.inputs = inputs.enumerated().map {
      PlanPort(name: "x\($0)", view: view(.arena(offset: $0 << 20), $1))
    }
    let out = view(.arena(offset: inputs.count << 20), result)
    function.steps = [
      PlanStep(kernel: kernel, name: "y", operands: operands, result: out, attributes: attributes)
    ]
    function.outputs = [PlanPort(name: "y", view: out)]
    var plan = Plan(name: "m")
    plan.arenaBytes = (inputs.count + 1) << 20
    plan.functions = [function]
    return plan
  }

  @Test func `softmax along the first axis reads a turned operand`() throws {
    var turned = Self.view(.arena(offset: 0), [3, 2])
    turned.strides = [1, 3]
    let executor = try Self.executor(
      Self.plan(
        of: "softmax", [[2, 3]], operands: [turned], result: [3, 2], [JSON.Member("axis", 0)]))
    let outputs = try executor.run(
      0, inputs: [("x0", TensorData([Float(0), 0, 0, 50, 0, 0], shape: [2, 3]))])
    let third = Float(1) / 3
    let expected: [Float] = [third, 1, third, 0, third, 0]
    #expect(zip(outputs[0].data.floats(), expected).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test(arguments: [(inputs: 3, outputs: 300), (300, 3)])
  func `a convolution has the scratch that its rows, inputs and outputs need`(
    inputs: Int, outputs: Int
  ) throws {
    let shapes: [Shape] = [[1, 8, 16, Dim(inputs)], [Dim(outputs), Dim(inputs)]]
    let window = [
      JSON.Member("activation", "none"), JSON.Member("dilations", [1, 1]),
      JSON.Member("kernel", [1, 1]), JSON.Member("pads", [0, 0, 0, 0]),
      JSON.Member("strides", [1, 1]),
    ]
    let executor = try Self.executor(
      Self.plan(
        of: "conv_f32", shapes,
        operands: shapes.enumerated().map { Self.view(.arena(offset: $0 << 20), $1) },
        result: [1, 8, 16, Dim(outputs)], window))
    func bytes(_ rows: Int, _ inputs: Int, _ outputs: Int) throws -> Int {
      let needed = Kernels.convScratch(
        rows: rows, inputs: inputs, outputs: outputs, isPacked: false)
      return try ThreadPool(threadCount: executor.threadCount, scratch: needed).scratch.byteCount
    }
    #expect(try executor.scratchBytes == bytes(128, inputs, outputs))
    // Another number would be noticed.
    for other in try [bytes(1, inputs, outputs), bytes(128, outputs, outputs)] {
      #expect(executor.scratchBytes != other)
    }
  }

  /// An executor on a plan with the table 0, 1, 2 …
  static func executor(_ plan: Plan) throws -> Executor {
    let directory = FileManager.default.temporaryDirectory.appending(path: "runtime-\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.appending(path: "m.plan").path
    try PlanWriter.write(plan, extras: [], to: path) { tensor in
      let count = tensor.shape.reduce(1, *)
      return TensorData((0..<count).map { Float($0) }, shape: tensor.shape)
    }
    return try Executor(PlanFile(path: path), threads: 2)
  }

  static func inputs(rows: Int = 3, ids: [Int64] = [2, 0]) -> Inputs {
    let x = TensorData((0..<rows * 4).map { Float($0) }, shape: [rows, 4])
    return [("ids", TensorData(ids)), ("x", x)]
  }

  @Test func `a function runs on whole tensors, symbols taken from their shapes`() throws {
    let executor = try Self.executor(Self.plan())
    for rows in [3, 8, 1] {
      let outputs = try executor.run(0, inputs: Self.inputs(rows: rows))
      try #require(outputs.map(\.name) == ["sum", "rows"])
      #expect(outputs[0].data.shape == [rows, 4])
      #expect(outputs[0].data.floats() == (0..<rows * 4).map { 2 * Float($0) })
      #expect(outputs[1].data.floats() == [16, 18, 20, 22, 0, 2, 4, 6])
    }
  }

  /// Some CPUs take a hundred times as long for them.
  @Test func `numbers too small for f32's exponent count as 0, for the executor alone`() throws {
    let executor = try Self.executor(Self.plan())
    let tiny = Float.leastNonzeroMagnitude * 1000
    let x = TensorData([Float](repeating: tiny, count: 32), shape: [8, 4])
    let outputs = try executor.run(0, inputs: [("ids", TensorData([Int64(0), 1])), ("x", x)])
    #expect(outputs[0].data.floats() == [Float](repeating: 0, count: 32))
    #expect(tiny + tiny == Float.leastNonzeroMagnitude * 2000)
  }

  @Test(arguments: [
    ("x is missing", "input x is missing; give it with --input x=FILE.npy"),
    ("z is unknown", "it has no input 'z'; its inputs are x, ids"),
    ("x is narrow", "input x has shape [2, 3], expected [T, 4]"),
    ("x is long", "T = 9 is outside 1...8, the sizes that the plan was compiled for"),
    ("ids are floats", "input ids holds f32, expected i64"),
    ("an id is large", "id 3 at position 1 is outside a table of 3 rows"),
  ])
  func `a call that does not fit is refused`(fault: String, message: String) throws {
    let x = TensorData([Float](repeating: 1, count: 12), shape: [3, 4])
    let ids = TensorData([Int64(0), 1])
    let calls: [String: Inputs] = [
      "x is missing": [("ids", ids)],
      "z is unknown": [("x", x), ("ids", ids), ("z", x)],
      "x is narrow": [
        ("x", TensorData([Float](repeating: 1, count: 6), shape: [2, 3])), ("ids", ids),
      ],
      "x is long": [
        ("x", TensorData([Float](repeating: 1, count: 36), shape: [9, 4])), ("ids", ids),
      ],
      "ids are floats": [("x", x), ("ids", TensorData([Float(0), 1]))],
      "an id is large": Self.inputs(ids: [0, 3]),
    ]
    let executor = try Self.executor(Self.plan())
    let inputs = try #require(calls[fault])
    let error = #expect(throws: ExecutionError.self) { try executor.run(0, inputs: inputs) }
    #expect(error?.description == message)
    // The executor still works.
    #expect(try executor.run(0, inputs: Self.inputs())[0].data.shape == [3, 4])
  }

  @Test(arguments: [0, -1, 9, Int.max, Int.min])
  func `a symbol stays within its bound`(value: Int) throws {
    let executor = try Self.executor(Self.plan())
    let error = #expect(throws: ExecutionError.self) { try executor.setSymbol(0, to: value) }
    #expect(error?.description.hasPrefix("T = \(value) is outside 1...8") == true)
  }

  /// Which sizes fit together no plan can say: T - U rows are fewer than none where U is larger.
  @Test func `a symbol that makes a view leave its memory changes nothing`() throws {
    var plan = Self.plan()
    plan.symbols.append(PlanSymbol(name: "U", bound: 8))
    let (t, u) = (Dim(symbol: "T"), Dim(symbol: "U"))
    plan.functions[0].inputs.append(
      PlanPort(name: "odd", view: Self.view(.arena(offset: 384), [try t - u, 4])))
    plan.functions[0].outputs.append(
      PlanPort(
        name: "last",
        view: PlanView(
          region: .arena(offset: 0), element: .f32, shape: [4], strides: [1],
          start: try (t - u) * 4)))
    plan.functions[0].steps[0].result.region = .arena(offset: 0)
    plan.functions[0].outputs[0].view.region = .arena(offset: 0)
    let executor = try Self.executor(plan)
    try executor.setSymbol(0, to: 8)
    try executor.setSymbol(1, to: 6)
    let error = #expect(throws: ExecutionError.self) { try executor.setSymbol(0, to: 4) }
    #expect(error?.description == "@f would leave its memory at these sizes")
    #expect(executor.input(0, of: 0)?.shape[0] == 8)
    #expect(executor.input(2, of: 0)?.shape[0] == 2)
  }

  /// A function that hands an input on, and the strides that the input lies in.
  static func echo(_ element: ElementType, _ shape: Shape, strides: [Dim]) -> Plan {
    var plan = Plan(name: "echo")
    plan.symbols = [PlanSymbol(name: "T", bound: 8)]
    plan.arenaBytes = 1024
    var function = PlanFunction(name: "f")
    let x = PlanView(region: .arena(offset: 512), element: element, shape: shape, strides: strides)
    function.inputs = [PlanPort(name: "x", view: x)]
    function.outputs = [PlanPort(name: "y", view: x)]
    plan.functions = [function]
    return plan
  }

  static let layouts: [(shape: Shape, strides: [Dim], extents: [Int])] = [
    ([2, 3], [3, 1], [2, 3]), ([2, 3], [1, 2], [2, 3]), ([2, 2, 3], [3, 6, 1], [2, 2, 3]),
    ([Dim(symbol: "T"), 3], [3, 1], [5, 3]), ([1, 6], [0, 1], [1, 6]),
    ([2, 3, 1], [1, 2, 9], [2, 3, 1]),
    ([], [], []), ([0, 3], [3, 1], [0, 3]),
  ]

  /// 512 bytes of the arena stand before the input and some behind it: nothing but its places changes.
  @Test(arguments: layouts, [ElementType.f32, .i64, .bf16, .u8])
  func `an input is written through its strides`(
    layout: (shape: Shape, strides: [Dim], extents: [Int]), element: ElementType
  ) throws {
    let executor = try Self.executor(
      Self.echo(element, layout.shape, strides: layout.strides))
    let count = layout.extents.reduce(1, *)
    let numbers = TensorData((0..<count).map { Int64($0 + 1) }, shape: layout.extents)
    let value =
      element.isFloatingPoint
      ? TensorData((0..<count).map { Float($0 + 1) }, shape: layout.extents) : numbers
    let output = try executor.run(0, inputs: [("x", value)])[0].data
    #expect(output.shape == layout.extents)
    #expect(output.elementType == element)
    try expectPlaces(of: output, in: executor, layout.strides.compactMap(\.constant))
    if element.isFloatingPoint {
      #expect(output.floats() == value.floats())
    } else {
      #expect(output.integers() == value.integers())
    }
  }

  /// Expects the elements at their places in the memory of the input, and zeros elsewhere in the arena.
  private func expectPlaces(
    of tensor: TensorData, in executor: Executor, _ strides: [Int]
  ) throws {
    guard tensor.elementCount > 0 else { return }
    let (size, input) = (tensor.elementType.byteCount, try #require(executor.input(0, of: 0)))
    let arena = UnsafeRawBufferPointer(start: input.base - 512, count: 1024)
    tensor.withUnsafeBytes { bytes in
      var expected = [UInt8](repeating: 0, count: 1024)
      for index in 0..<tensor.elementCount {
        var (rest, place) = (index, 0)
        for (extent, stride) in zip(tensor.shape, strides).reversed() {
          place += rest % extent * stride
          rest /= extent
        }
        for byte in 0..<size { expected[512 + place * size + byte] = bytes[index * size + byte] }
      }
      #expect(arena.elementsEqual(expected))
    }
  }

  @Test func `a port takes and gives its own number and type of elements`() throws {
    let executor = try Self.executor(Self.echo(.f32, [2, 3], strides: [1, 2]))
    try executor.write([Float](repeating: 1, count: 6), to: 0, of: 0)
    for count in [0, 5, 7] {
      let error = #expect(throws: ExecutionError.self) {
        try executor.write([Float](repeating: 2, count: count), to: 0, of: 0)
      }
      #expect(error?.description == "@f, input x has 6 of f32, expected \(count) of f32")
    }
    let error = #expect(throws: ExecutionError.self) {
      try executor.write([Int64(1)], to: 0, of: 0)
    }
    #expect(error?.description == "@f, input x has 6 of f32, expected 1 of i64")
    let sum = try executor.withElements(of: 0, of: 0, as: Float.self) { span in
      span.indices.reduce(0) { $0 + span[$1] }
    }
    #expect(sum == 6)
    #expect(throws: ExecutionError.self) {
      try executor.withElements(of: 0, of: 0, as: Int64.self) { $0.count }
    }
    #expect(executor.argmax([Float]().span) == nil)
  }

  @Test func `times and the search for NaN go together`() throws {
    var plan = Self.plan()
    plan.functions[0].steps[0].kernel = "div"
    let executor = try Self.executor(plan)
    executor.startProfile()
    executor.checksFinite = true
    let error = #expect(throws: ExecutionError.self) {
      try executor.run(0, inputs: Self.inputs())
    }
    #expect(
      error?.description
        == "@f: the first result with numbers that are not finite is %sum, computed by div: 1 NaN of 12"
    )
    let profile = try #require(executor.profile)
    #expect(profile.events.count == 1 && profile.describe(profile.events[0]).step == "sum")
  }

  /// The second step fails; the first one has left its result.
  @Test func `a call that fails midway leaves sizes and results of the next one right`() throws {
    let executor = try Self.executor(Self.plan())
    executor.startProfile()
    for rows in [2, 7, 1] {
      #expect(throws: ExecutionError.self) {
        try executor.run(0, inputs: Self.inputs(rows: rows, ids: [0, 3]))
      }
      let outputs = try executor.run(0, inputs: Self.inputs(rows: 3))
      #expect(outputs[0].data.floats() == (0..<12).map { 2 * Float($0) })
      #expect(outputs[1].data.floats() == [16, 18, 20, 22, 0, 2, 4, 6])
    }
    let profile = try #require(executor.profile)
    #expect(profile.events.count == 3 * (1 + 3))
    #expect(profile.totals().map(\.calls).sorted() == [3, 3, 6])
  }

  @Test func `states live until they are cleared`() throws {
    var plan = Self.plan()
    plan.functions.append(PlanFunction(name: "peek"))
    plan.functions[1].outputs = [PlanPort(name: "seen", view: Self.view(.state(0), [1, 1, 8, 4]))]
    let executor = try Self.executor(plan)
    _ = try executor.run(0, inputs: Self.inputs())
    let kept = try executor.run(1, inputs: [])[0].data.floats()
    #expect(kept == [16, 18, 20, 22, 0, 2, 4, 6] + [Float](repeating: 0, count: 24))
    executor.clearStates()
    let cleared = try executor.run(1, inputs: [])[0].data.floats()
    #expect(cleared == [Float](repeating: 0, count: 32))
  }

  @Test func `a profile lists every step that ran`() throws {
    let executor = try Self.executor(Self.plan())
    #expect(executor.profile == nil)
    executor.startProfile()
    for _ in 0..<2 { _ = try executor.run(0, inputs: Self.inputs()) }
    let profile = try #require(executor.profile)
    #expect(
      profile.events.map { profile.describe($0).step }
        == ["sum", "rows", "seen", "sum", "rows", "seen"])
    #expect(profile.events.allSatisfy { $0.start <= $0.end })
    #expect(Set(profile.totals().map(\.kernel)) == ["add", "embedding_f32", "cache_append"])
    #expect(profile.totals().allSatisfy { $0.calls == 2 })
    #expect(profile.totals(ofFunction: 0).map(\.kernel) == profile.totals().map(\.kernel))
    #expect(profile.totals(ofFunction: 1).isEmpty)
  }

  @Test func `a profile knows the work of each step at the sizes of its call`() throws {
    let plan = Self.plan()
    let executor = try Self.executor(plan)
    executor.startProfile()
    for _ in 0..<2 { _ = try executor.run(0, inputs: Self.inputs()) }
    let profile = try #require(executor.profile)
    let limits = MachineLimits(readBandwidth: 1e9, f32: 1e9, bf16: 4e9, int8: 8e9, dispatch: 0)
    let measured = try profile.measurements(limits)
    let sizes = Dictionary(
      uniqueKeysWithValues: zip(plan.symbols.map(\.name), try #require(profile.calls.first)))
    #expect(profile.calls.count == 2 && measured.count == 6)
    for (step, entry) in zip(plan.functions[0].steps + plan.functions[0].steps, measured) {
      #expect(entry.work == (try plan.work(of: step, at: sizes)))
      #expect(entry.limit == max(Double(entry.work.operations), Double(entry.work.bytes)) / 1e9)
      #expect(entry.bytes == entry.work.bytes + entry.work.arenaBytes && entry.bytes > 0)
    }
  }

  @Test(arguments: [
    ("linear_int8_panels", 8.0), ("linear_int4_panels", 8), ("linear_bf16_panels", 4),
    ("linear_f32", 1), ("attention", 1),
  ])
  func `the peak of a kernel is that of its weights`(kernel: String, peak: Double) {
    let limits = MachineLimits(readBandwidth: 1, f32: 1, bf16: 4, int8: 8, dispatch: 0)
    #expect(limits.peak(of: kernel) == peak)
  }

  /// A change to one step of the plan, and what is said about it.
  struct Flaw: Sendable, CustomTestStringConvertible {
    let message: String
    let change: @Sendable (inout PlanFunction) -> Void
    var testDescription: String { message }
  }

  static let flaws = [
    Flaw(message: "step sum (sum_up): this program has no such kernel; compile the plan again") {
      $0.steps[0].kernel = "sum_up"
    },
    Flaw(message: "step sum (add): operand 1 is missing") { $0.steps[0].operands.removeLast() },
    Flaw(message: "step sum (add): operand 1 holds i64, expected f32") {
      $0.steps[0].operands[1] = $0.inputs[1].view
    },
    // Column by column: all bytes are written, as the plan's verifier wants them to be.
    Flaw(message: "step sum (add): the result is not dense") {
      $0.steps[0].result.strides = [1, Dim(symbol: "T")]
    },
    Flaw(message: "step sum (add): b does not broadcast to the result") {
      $0.steps[0].operands[1]?.shape[1] = 2
    },
    Flaw(message: "step rows (embedding_f32): table, ids and result do not fit together") {
      $0.steps[1].operands[1]?.shape = [1]
    },
    Flaw(message: "step rows (embedding_f32): scale is missing") {
      $0.steps[1].attributes = []
    },
    Flaw(message: "step seen (cache_append): the result is no part of the cache") {
      $0.steps[2].result.region = .arena(offset: 0)
    },
    Flaw(message: "step seen (cache_append): new does not fit the cache") {
      $0.steps[2].operands[1]?.shape = [1, 1, 2, 2]
    },
  ]

  @Test(arguments: flaws)
  func `a step that its kernel cannot take is refused when the plan is loaded`(flaw: Flaw) throws {
    var plan = Self.plan()
    flaw.change(&plan.functions[0])
    let error = #expect(throws: PlanFileError.self) { try Self.executor(plan) }
    #expect(error?.problem == "@f, \(flaw.message)")
  }
}
