import Foundation
import Interchange
import PaliGraph
import Testing

@testable import BadFiles

/// Operators with attributes and constants that no model has in earnest: refused with one line, without a
/// crash and without much memory.
@Suite struct ONNXOperatorRefusalTests {
  @Test(arguments: BadOperator.all)
  func `they are refused`(bad: BadOperator) throws {
    let scratch = try Scratch()
    try Data(bad.bytes).write(to: scratch.url.appending(path: "m.onnx"))
    let error = #expect(throws: ModelError.self) {
      let model = try ModelSource(path: scratch.path("m.onnx")).load()
      try model.write(try model.compile(), to: scratch.path("m.plan"))
    }
    let text = try #require(error).description
    #expect(text.contains(bad.problem), "\(text)")
    #expect(!text.contains("\n"))
    #expect(!FileManager.default.fileExists(atPath: scratch.path("m.plan")))
  }

  /// Some of the operators' models; each has one node.
  static func models() throws -> [ONNXCase] {
    try ONNXCase.all().filter { $0.name.hasPrefix("backend/") }.enumerated()
      .filter { $0.offset % 5 == 0 }.map(\.element)
  }

  /// Nothing that one wrong byte does to a model ends the process.
  @Test(arguments: try models())
  func `a changed byte is refused or gives another model`(model: ONNXCase) throws {
    let whole = try Data(contentsOf: URL(filePath: model.path))
    let scratch = try Scratch()
    for position in 0..<min(whole.count, 600) {
      for value in [0x7F, 0xFF] as [UInt8] {
        var bytes = whole
        bytes[position] = value
        try bytes.write(to: scratch.url.appending(path: "m.onnx"))
        do {
          let changed = try ModelSource(path: scratch.path("m.onnx")).load(sizes: model.sizes)
          _ = try changed.compile()
        } catch {
          #expect(error is ModelError, "byte \(position) = \(value): \(error)")
        }
      }
    }
  }
}
