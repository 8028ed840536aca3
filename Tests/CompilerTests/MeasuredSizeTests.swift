import Foundation
import IR
import Plans
import Runtime
import Tensors
import Testing

@testable import Compiler

/// Graphs whose sizes follow from their data: what comes after sees as many rows as were found, in the
/// interpreter and as plans.
@Suite struct MeasuredSizeTests {
  static let chosenRows = """
    module @m {
      symbol ROWS_1 <= 7
      func @main(%x: f32[6x4], %flags: bool[6]) -> (rows: f32[(ROWS_1-1)x4], sum: f32[4], size: i64[1]) {
        %found = nonzero(%flags) {count = ROWS_1-1} : i64[(ROWS_1-1)x1]
        %places = reshape(%found) {shape = [ROWS_1-1]} : i64[ROWS_1-1]
        %picked = gather(%x, %places) : f32[(ROWS_1-1)x4]
        %rows = mul(%picked, %picked) : f32[(ROWS_1-1)x4]
        %sum = sum(%rows) {axes = [0], keep_dims = false} : f32[4]
        %size = iota() {count = 1, start = ROWS_1-1} : i64[1]
        return %rows, %sum, %size
      }
    }
    """

  /// Only the number of rows is asked for.
  static let counted = """
    module @m {
      symbol ROWS_1 <= 7
      func @main(%x: f32[2x3]) -> (size: i64[1]) {
        %found = nonzero(%x) {count = ROWS_1-1} : i64[(ROWS_1-1)x2]
        %size = iota() {count = 1, start = ROWS_1-1} : i64[1]
        return %size
      }
    }
    """

  /// Two boxes overlap by a half, one stands apart.
  static let boxes = """
    module @m {
      symbol ROWS_1 <= 4
      func @main(%boxes: f32[1x3x4], %scores: f32[1x1x3]) -> (kept: i64[(ROWS_1-1)x3], scores: f32[ROWS_1-1]) {
        %kept = non_max_suppression(%boxes, %scores) {count = ROWS_1-1, limit = 3, iou_threshold = 0.3, score_threshold = 0.1} : i64[(ROWS_1-1)x3]
        %column = slice(%kept) {axis = 1, start = 2, end = 3} : i64[(ROWS_1-1)x1]
        %copy = contiguous(%column) : i64[(ROWS_1-1)x1]
        %places = reshape(%copy) {shape = [ROWS_1-1]} : i64[ROWS_1-1]
        %line = reshape(%scores) {shape = [3]} : f32[3]
        %best = gather(%line, %places) : f32[ROWS_1-1]
        return %kept, %best
      }
    }
    """

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let graph: String
    let inputs: [HostTensor]
    let expected: [[Double]]
  }

  static let cases: [Case] = [
    Case(
      testDescription: "some rows", graph: chosenRows,
      inputs: [counting([6, 4]), HostTensor(.bool, [6], [0, 1, 0, 0, 1, 0])],
      expected: [[16, 25, 36, 49, 256, 289, 324, 361], [272, 314, 360, 410], [2]]),
    Case(
      testDescription: "no rows", graph: chosenRows,
      inputs: [counting([6, 4]), HostTensor(.bool, [6], repeating: 0)],
      expected: [[], [0, 0, 0, 0], [0]]),
    Case(
      testDescription: "all rows", graph: chosenRows,
      inputs: [HostTensor(.f32, [6, 4], repeating: 2), HostTensor(.bool, [6], repeating: 1)],
      expected: [Array(repeating: 4, count: 24), [24, 24, 24, 24], [6]]),
    Case(
      testDescription: "their number alone", graph: counted,
      inputs: [HostTensor(.f32, [2, 3], [0, 1, -1, 0, .nan, 0])], expected: [[3]]),
    Case(
      testDescription: "boxes that overlap", graph: boxes,
      inputs: [
        HostTensor(.f32, [1, 3, 4], [0, 0, 2, 2, 1, 0, 3, 2, 2, 7, 0, 5]),
        HostTensor(.f32, [1, 1, 3], [0.5, 0.75, 0.25]),
      ], expected: [[0, 0, 1, 0, 0, 2], [0.75, 0.25]]),
    Case(
      testDescription: "boxes of low scores", graph: boxes,
      inputs: [
        HostTensor(.f32, [1, 3, 4], repeating: 1), HostTensor(.f32, [1, 1, 3], [0.1, 0, .nan]),
      ], expected: [[], []]),
  ]

  private static func counting(_ shape: [Int]) -> HostTensor {
    HostTensor(.f32, shape, (0..<shape.reduce(1, *)).map(Double.init))
  }

  @Test(arguments: cases)
  func `the interpreter finds as many rows as there are`(example: Case) throws {
    var interpreter = try Interpreter(Module.parse(example.graph))
    let results = try interpreter.run("main", example.inputs)
    #expect(results.map(\.values) == example.expected)
  }

  @Test(arguments: cases)
  func `plans do so too, again and again`(example: Case) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sizes-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "m.plan").path
    try Compilation(Module.parse(example.graph)).write(to: path) { _ in nil }
    let executor = try Executor(try PlanFile(path: path), threads: 2)
    let module = try Module.parse(example.graph)
    let main = try #require(module[function: "main"])
    let inputs = zip(main.parameters, example.inputs).map { (main[$0].name, $1.data) }
    for _ in 0..<2 {
      let results = try executor.run(0, inputs: inputs)
      #expect(results.map { HostTensor($0.data).values } == example.expected)
    }
  }

  @Test func `a count that is no symbol less 1 is refused`() {
    let graph = Self.counted.replacing("count = ROWS_1-1}", with: "count = ROWS_1}")
    #expect(throws: TextError.self) { try Module.parse(graph) }
  }
}
