import Foundation
import IR
import Interchange
import Tensors
import Testing

@testable import BadFiles

/// Where elements are read in each coordinate mode, by the formulas of ONNX's `Resize`.
@Suite struct ONNXResizeTests {
  /// What becomes of [10, 20, 30, 40].
  struct Case: Sendable, CustomTestStringConvertible {
    let coordinates: String
    let expected: [Double]
    var testDescription: String { "\(coordinates) to \(expected.count)" }
  }

  /// `pytorch_half_pixel` reads a single element at place 0, every other mode where its formula says.
  static let cases = [
    Case(coordinates: "half_pixel", expected: [25]),
    Case(coordinates: "half_pixel_symmetric", expected: [25]),
    Case(coordinates: "pytorch_half_pixel", expected: [10]),
    Case(coordinates: "align_corners", expected: [10]),
    Case(coordinates: "asymmetric", expected: [10]),
    Case(coordinates: "half_pixel", expected: [15, 35]),
    Case(coordinates: "half_pixel_symmetric", expected: [15, 35]),
    Case(coordinates: "pytorch_half_pixel", expected: [15, 35]),
    Case(coordinates: "align_corners", expected: [10, 40]),
    Case(coordinates: "asymmetric", expected: [10, 30]),
  ]

  @Test(arguments: cases)
  func `places follow the coordinate mode`(resize: Case) throws {
    let shape = [1, 1, 1, resize.expected.count]
    let node = ProtobufMessage.node(
      "Resize", ["x", "", "", "sizes"],
      attributes: [
        BadOperator.text("mode", "linear"),
        BadOperator.text("coordinate_transformation_mode", resize.coordinates),
      ])
    let graph = ProtobufMessage.graph(
      [node], inputs: [.value("x", [1, 1, 1, 4])], outputs: [.value("y", shape)],
      tensors: [BadOperator.integers(shape).text(8, "sizes")])
    let scratch = try Scratch()
    let model = ProtobufMessage.model(graph, sets: [.operators(19)])
    try Data(model.bytes).write(to: scratch.url.appending(path: "m.onnx"))

    let imported = try ImportedONNX(path: scratch.path("m.onnx"))
    var interpreter = try Interpreter(imported.module) { tensor in
      HostTensor(try #require(imported.source(tensor.name)))
    }
    let x = HostTensor(.f32, [1, 1, 1, 4], [10, 20, 30, 40])
    #expect(try interpreter.run("main", [x]).first?.values == resize.expected)
  }
}
