import Foundation
import IR
import Interchange
import Tensors
import Testing

@testable import BadFiles

/// What graphs become: which operations, constants and names, and what of them is computed at once.
@Suite struct ImportedGraphTests {
  typealias Message = ProtobufMessage

  // MARK: Operations

  static let idle: [(nodes: [Message], input: HostTensor, constants: [Message])] = [
    (
      [Message.node("Slice", ["x0", "t0", "t1"], ["y0"])], .f32([4], [1, 2, 3, 4]),
      [BadOperator.integers([0]), BadOperator.integers([4])]
    ),
    (
      [Message.node("Transpose", ["x0"], ["y0"], attributes: [BadOperator.ints("perm", [0, 1])])],
      .f32([1, 2], [1, 2]), []
    ),
    (
      [Message.node("Reshape", ["x0", "t0"], ["y0"])], .f32([2], [1, 2]),
      [BadOperator.integers([-1])]
    ),
    // Integers of 32 bits are computed as those of 64.
    (
      [
        Message.node("Cast", ["x0"], ["h"], attributes: [BadOperator.int("to", 6)]),
        Message.node("Cast", ["h"], ["y0"], attributes: [BadOperator.int("to", 7)]),
      ], .i64([2], [1, -2]), []
    ),
  ]

  @Test(arguments: idle)
  func `what changes nothing is no operation`(
    nodes: [Message], input: HostTensor, constants: [Message]
  ) throws {
    let model = SmallModel(
      nodes, version: 13, inputs: [input], constants: constants, yields: [input])
    #expect(try model.operations() == [])
    try model.check()
  }

  /// The last ones of equal numbers, for which the axis is turned around.
  @Test(arguments: [(16, false), (17, true)])
  func `a few single places are slices, more of them one operation`(
    extent: Int, isGather: Bool
  ) throws {
    let node = Message.node(
      "ArgMax", ["x0"], ["y0"],
      attributes: [BadOperator.int("axis", 0), BadOperator.int("select_last_index", 1)])
    let model = SmallModel(
      [node], version: 13, inputs: [.f32([extent], Array(repeating: 5, count: extent))],
      yields: [.i64([1], [Double(extent - 1)])])
    #expect(try model.operations().contains("gather") == isGather)
    try model.check()
  }

  @Test(arguments: [(64, false), (65, true)])
  func `a few known indices are slices, more of them one operation`(
    count: Int, isGather: Bool
  ) throws {
    let model = SmallModel(
      [Message.node("Gather", ["x0", "t0"], ["y0"])], version: 13,
      inputs: [.f32([130], (0..<130).map(Double.init))],
      constants: [BadOperator.integers((0..<count).map { 2 * $0 })],
      yields: [.f32([count], (0..<count).map { Double(2 * $0) })])
    #expect(try model.operations().contains("gather") == isGather)
    try model.check()
  }

  @Test func `an operator may have 4096 inputs`() throws {
    let node = Message.node("Sum", Array(repeating: "x0", count: 4096), ["y0"])
    let model = SmallModel(
      [node], version: 13, inputs: [.f32([1], [1])], yields: [.f32([1], [4096])])
    #expect(try model.operations() == Array(repeating: "add", count: 4095))
  }

  // MARK: Constants

  @Test(arguments: [([16], true), ([17], false), ([1, 2], false)])
  func `short vectors of numbers stand in the graph`(shape: [Int], isInGraph: Bool) throws {
    let numbers = 0..<shape.reduce(1, *)
    let raw = numbers.flatMap { number -> [UInt8] in [UInt8(number), 0, 0, 0, 0, 0, 0, 0] }
    let model = SmallModel(
      [Message.node("Add", ["x0", "t0"], ["y0"])], version: 13, inputs: [.i64([1], [1])],
      constants: [Message.tensor("", shape, type: 7, raw: raw)],
      yields: [.i64(shape, numbers.map { Double($0 + 1) })])
    #expect(try model.operations() == (isInGraph ? ["constant", "add"] : ["add"]))
    #expect(try model.imported().module.tensors.isEmpty == isInGraph)
    try model.check()
  }

  @Test func `integers that are too many to be shapes or indices stay in their file`() throws {
    let scratch = try Scratch()
    let count = 1 << 20 + 1
    try Data().write(to: scratch.url.appending(path: "weights"))
    truncate(scratch.path("weights"), 8 * count)
    let tensor = Message.tensor("", [count], type: 7, external: [("location", "weights")])
    let model = SmallModel(
      [Message.node("Add", ["x0", "t0"], ["y0"])], version: 13, inputs: [.i64([1], [1])],
      constants: [tensor], yields: [.i64([1], [1])])
    let source = try model.imported(from: scratch).source("t0")
    #expect(source?.mapping?.range == 0..<8 * count)
  }

  // MARK: Names

  @Test(arguments: [("layer", "layer"), ("", "y0")])
  func `values of a function have its node's name or output before theirs`(
    name: String, prefix: String
  ) throws {
    let function = Message.function(
      "A", [Message.node("Neg", ["x"], ["h"]), Message.node("Abs", ["h"])])
    let model = SmallModel(
      [Message.node("A", ["x0"], ["y0"], name: name, domain: "f")], version: 13,
      inputs: [.f32([1], [3])], yields: [.f32([1], [3])], functions: [function])
    let main = try #require(try model.imported().module[function: "main"])
    #expect(main.values.map(\.name) == ["x0", "\(prefix)/h", "\(prefix)/y"])
  }

  // MARK: Sizes

  /// A model that reads `x` of these named sizes, and yields `y`.
  private func sized(_ names: [String], _ nodes: [Message], tensors: [Message], type: Int)
    -> [UInt8]
  {
    let shape = Message().messages(1, names.map { Message().text(2, $0) })
    let tensor = Message().int(1, 1).message(2, shape)
    let input = Message().text(1, "x").message(2, Message().message(1, tensor))
    let graph = Message.graph(
      nodes, inputs: [input], outputs: [Message.value("y", [names.count], type: type)],
      tensors: tensors)
    return Message.model(graph).bytes
  }

  private func imported(
    _ bytes: [UInt8], dims: [(name: String, extent: InputSizes.Extent)]
  ) throws -> ImportedONNX {
    let scratch = try Scratch()
    try Data(bytes).write(to: scratch.url.appending(path: "m.onnx"))
    return try ImportedONNX(path: scratch.path("m.onnx"), sizes: InputSizes(dims: dims))
  }

  @Test func `named sizes become symbols of names that shapes can hold`() throws {
    let names = ["batch", "seq len", "seq.len", "2nd", "größe"]
    let bytes = sized(names, [Message.node("Shape", ["x"])], tensors: [], type: 7)
    let model = try imported(bytes, dims: names.map { ($0, .upTo(4)) })
    #expect(
      model.module.symbols.map(\.name) == ["BATCH", "SEQ_LEN", "SEQ_LEN_2", "N2ND", "GR_SSE"])
  }

  @Test(arguments: [([], "none"), (["n", "seq len"], "n, seq len")])
  func `a size of an unknown name is refused with those that are known`(
    names: [String], known: String
  ) throws {
    let bytes = sized(names, [Message.node("Shape", ["x"])], tensors: [], type: 7)
    let error = #expect(throws: ONNXError.self) {
      try imported(bytes, dims: [("m", .fixed(1))])
    }
    let text = try #require(error).description
    #expect(text == "it has no dimension \"m\" for --dim; its named dimensions are \(known)")
  }

  /// Operators on `s`, which is [n, m] of at most 4 each, and `t`, which is [9, 9], and what they yield where
  /// n is 2 and m is 3.
  static let sums: [(op: String, inputs: [String], element: ElementType, result: [Double])] = [
    ("Identity", ["s"], .i64, [2, 3]), ("Add", ["s", "t"], .i64, [11, 12]),
    ("Sub", ["t", "s"], .i64, [7, 6]), ("Mul", ["s", "t"], .i64, [18, 27]),
    ("Min", ["s", "t"], .i64, [2, 3]), ("Max", ["s", "t"], .i64, [9, 9]),
    ("Equal", ["s", "s"], .bool, [1, 1]), ("Equal", ["s", "t"], .bool, [0, 0]),
    ("Less", ["s", "t"], .bool, [1, 1]), ("Less", ["t", "s"], .bool, [0, 0]),
    ("Less", ["s", "s"], .bool, [0, 0]),
  ]

  @Test(arguments: sums)
  func `what follows from open sizes is computed while importing`(
    op: String, inputs: [String], element: ElementType, result: [Double]
  ) throws {
    let bytes = sized(
      ["n", "m"], [Message.node("Shape", ["x"], ["s"]), Message.node(op, inputs)],
      tensors: [BadOperator.integers([9, 9]).text(8, "t")], type: element == .bool ? 9 : 7)
    let model = try imported(bytes, dims: [("n", .upTo(4)), ("m", .upTo(4))])
    let main = try #require(model.module[function: "main"])
    let moving: Set = ["constant", "iota", "concat", "reshape"]
    #expect(moving.isSuperset(of: main.operations.map(\.op)))
    var interpreter = try Interpreter(model.module)
    let results = try interpreter.run("main", [HostTensor(.f32, [2, 3], repeating: 0)])
    #expect(results == [HostTensor(element, [2], result)])
  }
}
