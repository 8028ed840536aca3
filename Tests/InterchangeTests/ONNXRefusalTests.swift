import Foundation
import Interchange
import PaliGraph
import Testing

@testable import BadFiles

/// Models that are wrong or ask for what is not supported are refused with one line that says why.
@Suite struct ONNXRefusalTests {
  typealias Message = ProtobufMessage

  @Test(arguments: BadONNX.all)
  func `bad models are refused`(bad: BadONNX) throws {
    let scratch = try Scratch()
    try Data(bad.bytes).write(to: scratch.url.appending(path: "m.onnx"))
    let error = #expect(throws: ModelError.self) {
      let model = try ModelSource(path: scratch.path("m.onnx")).load()
      try model.write(try model.compile(), to: scratch.path("m.plan"))
    }
    let text = try #require(error).description
    #expect(text.hasPrefix(scratch.path("m.onnx")) && text.contains(bad.problem), "\(text)")
    #expect(!text.contains("\n"))
    #expect(!FileManager.default.fileExists(atPath: scratch.path("m.plan")))
  }

  @Test func `a file beyond what protobuf counts is refused unread`() throws {
    let scratch = try Scratch()
    let path = scratch.path("m.onnx")
    try Data(BadONNX.good.bytes).write(to: URL(filePath: path))
    truncate(path, 1 << 31 + 1)
    let error = #expect(throws: ONNXError.self) { try ImportedONNX(path: path) }
    #expect(error?.description.contains("store the weights as external data") == true)
  }

  @Test func `fields that are not known are passed over`() throws {
    let scratch = try Scratch()
    let model = BadONNX.good.text(999, "new").int(1000, 5)
    try Data(model.bytes).write(to: scratch.url.appending(path: "m.onnx"))
    #expect(try ImportedONNX(path: scratch.path("m.onnx")).warnings.isEmpty)
  }

  @Test(arguments: [([5], "5"), ([1, 2], "1x2")])
  func `an output of another shape than declared is told`(shape: [Int], text: String) throws {
    let graph = Message.graph(
      [Message.node("Neg", ["x"])], outputs: [Message.value("y", shape)])
    let scratch = try Scratch()
    try Data(Message.model(graph).bytes).write(to: scratch.url.appending(path: "m.onnx"))
    let model = try ImportedONNX(path: scratch.path("m.onnx"))
    #expect(model.warnings == ["output \"y\" is f32[2], not [\(text)]"])
  }

  @Test(arguments: ["gemm", "functions", "if_true", "large_raw_weight", "typed_int4_fields"])
  func `no beginning of a model is a model`(name: String) throws {
    let whole = try Data(contentsOf: ONNXCase.folder.appending(path: "\(name).onnx"))
    let scratch = try Scratch()
    for count in 0..<whole.count {
      try whole.prefix(count).write(to: scratch.url.appending(path: "m.onnx"))
      #expect(throws: ONNXError.self, "\(count) bytes") {
        _ = try ImportedONNX(path: scratch.path("m.onnx"))
      }
    }
  }

  /// Nothing that one wrong byte does to a model ends the process.
  @Test(arguments: ["shape_arithmetic_open", "slice_in_steps", "functions", "conv_patches"])
  func `a changed byte is refused or gives another model`(name: String) throws {
    let whole = try Data(contentsOf: ONNXCase.folder.appending(path: "\(name).onnx"))
    let scratch = try Scratch()
    for position in 0..<min(whole.count, 1500) {
      for value in [0x00, 0x7F, 0xFF, whole[position] ^ 1] as [UInt8] {
        var bytes = whole
        bytes[position] = value
        try bytes.write(to: scratch.url.appending(path: "m.onnx"))
        do {
          let model = try ModelSource(path: scratch.path("m.onnx"))
            .load(sizes: InputSizes(dims: [("batch", .upTo(4)), ("seq len", .upTo(7))]))
          _ = try model.compile()
        } catch {
          #expect(error is ModelError, "byte \(position) = \(value): \(error)")
        }
      }
    }
  }
}
