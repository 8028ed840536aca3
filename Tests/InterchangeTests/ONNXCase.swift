import Foundation
import Interchange
import Tensors
import Testing

/// A small model with inputs, and what ONNX Runtime makes of them. `Tools/references/onnx_models`
/// writes them.
struct ONNXCase: Sendable, CustomTestStringConvertible {
  let name: String
  private let given: [String]
  private let openSizes: InputSizes

  var testDescription: String { name }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/onnx")

  static func all() throws -> [ONNXCase] {
    let data = try Data(contentsOf: folder.appending(path: "cases.json"))
    return try JSONDecoder().decode([Entry].self, from: data).map(Self.init)
  }

  private struct Entry: Decodable {
    let name: String
    let shapes: [String: [Int]]
    /// `3` fixes a size, `<=3` bounds it.
    let dims: [String: String]
    /// Inputs whose values are given while compiling.
    let values: [String]?
  }

  private init(_ entry: Entry) throws {
    name = entry.name
    given = entry.values ?? []
    openSizes = InputSizes(
      shapes: entry.shapes.map { ($0.key, $0.value) },
      dims: try entry.dims.map { name, text in
        let number = try #require(Int(text.drop { $0 == "<" || $0 == "=" }))
        return (name, text.hasPrefix("<") ? .upTo(number) : .fixed(number))
      })
  }

  /// What is said about its inputs.
  var sizes: InputSizes {
    get throws {
      var sizes = openSizes
      sizes.values = try tensors("input").filter { given.contains($0.name) }.map {
        (input: $0.name, value: $0.data)
      }
      return sizes
    }
  }

  /// The inputs that are given when it runs.
  func inputs() throws -> [(name: String, data: TensorData)] {
    try tensors("input").filter { !given.contains($0.name) }
  }

  var path: String { Self.folder.appending(path: "\(name).onnx").path }

  /// Tensors whose names begin with `input.` or `output.`, without that.
  func tensors(_ kind: String) throws -> [(name: String, data: TensorData)] {
    let file = try SafetensorsFile(path: Self.folder.appending(path: "\(name).safetensors").path)
    return try file.entries.filter { $0.name.hasPrefix("\(kind).") }.map {
      (String($0.name.dropFirst(kind.count + 1)), try file.tensor(named: $0.name))
    }
  }
}

/// A folder for one test, removed with the value.
final class Scratch {
  let url = FileManager.default.temporaryDirectory.appending(path: "onnx-\(UUID())")

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }
}
