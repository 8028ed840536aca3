import Plans
import Tensors
import Testing

@testable import Runtime

/// `masked_scatter` with a flag for each row, whose elements go together, and with one for each element.
@Suite struct MaskedScatterTests {
  static let x: [Float] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]

  /// x: f32[3, 4], a mask that is read as bool[3, 4] with some strides, and a source.
  private static func executor(strides: [Dim], flags: Int, sourceCount: Int) throws -> Executor {
    var plan = Plan(name: "m")
    plan.arenaBytes = 256
    let x = ExecutorTests.view(.arena(offset: 0), [3, 4])
    let flags = ExecutorTests.view(.arena(offset: 64), [Dim(flags)], .bool)
    let source = ExecutorTests.view(.arena(offset: 128), [Dim(sourceCount)])
    let out = ExecutorTests.view(.arena(offset: 192), [3, 4])
    let mask = PlanView(
      region: .arena(offset: 64), element: .bool, shape: [3, 4], strides: strides)
    var function = PlanFunction(name: "f")
    function.inputs = [
      PlanPort(name: "x", view: x), PlanPort(name: "flags", view: flags),
      PlanPort(name: "source", view: source),
    ]
    function.steps = [
      PlanStep(
        kernel: "masked_scatter", name: "merged", operands: [x, mask, source], result: out)
    ]
    function.outputs = [PlanPort(name: "merged", view: out)]
    plan.functions = [function]
    return try ExecutorTests.executor(plan)
  }

  @Test(
    arguments: [
      ([1, 0, 1], [1, 0], 8, [20, 21, 22, 23, 4, 5, 6, 7, 24, 25, 26, 27]),
      ([0, 0, 0], [1, 0], 1, x),
      ([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], [4, 1], 3, [0, 20, 2, 3, 4, 5, 6, 7, 8, 9, 21, 22]),
      // Flags for columns.
      ([0, 1, 0, 0], [0, 1], 3, [0, 20, 2, 3, 4, 21, 6, 7, 8, 22, 10, 11]),
      // The source is short by one.
      ([1, 0, 1], [1, 0], 7, nil),
      ([0, 1, 1, 0], [0, 1], 5, nil),
    ] as [([UInt8], [Dim], Int, [Float]?)])
  func `the source's elements take the places in order`(
    mask: [UInt8], strides: [Dim], sourceCount: Int, expected: [Float]?
  ) throws {
    let executor = try Self.executor(
      strides: strides, flags: mask.count, sourceCount: sourceCount)
    let source = (0..<sourceCount).map { Float(20 + $0) }
    func run() throws -> [Float] {
      try executor.run(
        0,
        inputs: [
          ("x", TensorData(Self.x, shape: [3, 4])),
          ("flags", try TensorData(.bool, shape: [mask.count], bytes: mask)),
          ("source", TensorData(source, shape: [sourceCount])),
        ])[0].data.floats()
    }
    guard let expected else {
      #expect(throws: ExecutionError.self) { try run() }
      return
    }
    #expect(try run() == expected)
  }
}
