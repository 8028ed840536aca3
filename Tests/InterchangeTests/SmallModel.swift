import Foundation
import IR
import Interchange
import Tensors
import Testing

@testable import BadFiles

/// A model whose nodes read inputs `x0`, `x1` … and constants `t0`, `t1` …, and yield `y0`, `y1` ….
struct SmallModel: Sendable {
  typealias Message = ProtobufMessage

  let inputs: [HostTensor]
  let outputs: [HostTensor]
  private let bytes: [UInt8]

  /// - Parameters:
  ///   - constants: tensors; their names are given here.
  ///   - outputs: what the model should yield.
  init(
    _ nodes: [Message], version: Int, inputs: [HostTensor], constants: [Message] = [],
    yields outputs: [HostTensor], functions: [Message] = []
  ) {
    self.inputs = inputs
    self.outputs = outputs
    func values(_ name: String, _ tensors: [HostTensor]) -> [Message] {
      tensors.enumerated().map {
        Message.value("\(name)\($0)", $1.shape, type: Self.numbers[$1.element] ?? 0)
      }
    }
    let graph = Message.graph(
      nodes, inputs: values("x", inputs), outputs: values("y", outputs),
      tensors: constants.enumerated().map { $1.text(8, "t\($0)") })
    bytes =
      Message.model(graph, sets: [Message.operators(version)], functions: functions).bytes
  }

  /// ONNX's numbers of element types.
  private static let numbers: [ElementType: Int] = [
    .f32: 1, .u8: 2, .i8: 3, .u16: 4, .i16: 5, .i32: 6, .i64: 7, .bool: 9,
  ]

  func imported(_ sizes: InputSizes = InputSizes()) throws -> ImportedONNX {
    try imported(from: try Scratch(), sizes)
  }

  func imported(from folder: Scratch, _ sizes: InputSizes = InputSizes()) throws -> ImportedONNX {
    try Data(bytes).write(to: folder.url.appending(path: "m.onnx"))
    return try ImportedONNX(path: folder.path("m.onnx"), sizes: sizes)
  }

  /// The operations that it is imported as, in order.
  func operations() throws -> [String] {
    try #require(imported().module[function: "main"]).operations.map(\.op)
  }

  /// Imports it and compares what the interpreter makes of the inputs.
  func check() throws {
    let imported = try imported()
    var interpreter = try Interpreter(imported.module) { tensor in
      HostTensor(try #require(imported.source(tensor.name)))
    }
    let results = try interpreter.run("main", inputs)
    try #require(results.count == outputs.count)
    for (result, expected) in zip(results, outputs) {
      #expect(result.element == expected.element)
      try #require(result.shape == expected.shape)
      let isEqual = zip(result.values, expected.values).map { a, b in
        a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 1e-6 * abs(b)
      }
      #expect(!isEqual.contains(false), "\(result.values), expected \(expected.values)")
    }
  }
}

extension HostTensor {
  static func f32(_ shape: [Int], _ values: [Double]) -> HostTensor {
    HostTensor(.f32, shape, values)
  }

  static func i64(_ shape: [Int], _ values: [Double]) -> HostTensor {
    HostTensor(.i64, shape, values)
  }
}
