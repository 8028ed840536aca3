import Foundation
import IR
import JSON
import PaliGraph
import Tensors
import Testing

/// Checkpoints as they are found: what transformers loads in another spelling is the same model here.
@Suite struct FoundCheckpointTests {
  static let original = CompiledModels.root.appending(
    path: "Tests/Fixtures/parity/gemma-hub-layout")

  /// A copy of a tiny model, changed.
  static func withCopy(_ change: (URL) throws -> Void, _ body: (ImportedModel) throws -> Void)
    throws
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: "found-\(UUID())")
    try FileManager.default.copyItem(at: original, to: folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    try change(folder)
    try body(try ModelSource(path: folder.path).load())
  }

  static func replace(_ old: String, _ new: String, in name: String, of folder: URL) throws {
    let url = folder.appending(path: name)
    let text = try String(contentsOf: url, encoding: .utf8)
    try #require(text.contains(old))
    try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: url)
  }

  /// In place of an old part of a file: the new one.
  @Test(arguments: [
    (
      "config.json", "\"PaliGemmaForConditionalGeneration\"",
      "\"FSDPPaliGemmaForConditionalGeneration\""
    ),
    ("config.json", "\"PaliGemmaForConditionalGeneration\"", "\"MyOwnGemma\", \"Another\""),
    (
      "config.json", "\"model_type\": \"paligemma\"",
      "\"model_type\": \"paligemma\", \"a\": [NaN, -Infinity]"
    ),
    (
      "config.json", "\"model_type\": \"paligemma\"",
      "\"model_type\": \"paligemma\", \"quantization_config\": null"
    ),
    ("config.json", "\"torch_dtype\"", "\"dtype\""),
    (
      "config.json", "\"model_type\": \"paligemma\"",
      "\"model_type\": \"paligemma\", \"_attn_implementation\": \"sdpa\""
    ),
    ("preprocessor_config.json", "{\n    \"height\": 56,\n    \"width\": 56\n  }", "[56, 56]"),
    ("preprocessor_config.json", "{\n    \"height\": 56,\n    \"width\": 56\n  }", "56"),
    (
      "preprocessor_config.json", "\"resample\": 3",
      "\"resample\": \"BICUBIC\", \"unread\": Infinity"
    ),
  ])
  func `another spelling is the same model`(name: String, old: String, new: String) throws {
    let expected = try ModelSource(path: Self.original.path).load()
    try Self.withCopy {
      try Self.replace(old, new, in: name, of: $0)
    } _: { model in
      #expect(model.module.text() == expected.module.text())
      #expect(model.sections == expected.sections)
    }
  }

  @Test func `weights of 64 bits are those of 32`() throws {
    let expected = try ModelSource(path: Self.original.path).load()
    try Self.withCopy { folder in
      let file = try SafetensorsFile(path: folder.appending(path: "model.safetensors").path)
      let wide = folder.appending(path: "wide").path
      let tensors = try file.entries.filter { !$0.isPadding }.map {
        ($0.name, try file.tensor(named: $0.name).converted(to: .f64))
      }
      let layout = try SafetensorsLayout(
        tensors.map { .init($0.0, .f64, shape: $0.1.shape) }, metadata: [])
      var writer = try SafetensorsWriter(path: wide, layout: layout)
      for (name, data) in tensors { try writer.append(data, to: name) }
      try writer.finish()
      try FileManager.default.removeItem(at: folder.appending(path: "model.safetensors"))
      try FileManager.default.moveItem(
        atPath: wide, toPath: folder.appending(path: "model.safetensors").path)
    } _: { model in
      #expect(model.module.text() == expected.module.text())
      for tensor in model.module.tensors where tensor.kind == .weight {
        let (found, weight) = (try model.source(tensor.name), try expected.source(tensor.name))
        #expect(found?.elementType == .f32 && found?.floats() == weight?.floats(), "\(tensor.name)")
      }
    }
  }

  @Test func `a list of files with more keys is read`() throws {
    let expected = try ModelSource(path: Self.original.path).load()
    try Self.withCopy { folder in
      let file = try SafetensorsFile(path: folder.appending(path: "model.safetensors").path)
      let map = file.entries.map { "\"\($0.name)\": \"weights.safetensors\"" }.joined(
        separator: ",")
      let index =
        "{\"metadata\": {\"total_parameters\": 1, \"x\": null}, \"weight_map\": {\(map)}, \"y\": []}"
      try Data(index.utf8).write(to: folder.appending(path: "model.safetensors.index.json"))
      try FileManager.default.moveItem(
        at: folder.appending(path: "model.safetensors"),
        to: folder.appending(path: "weights.safetensors"))
    } _: { model in
      #expect(model.module.text() == expected.module.text())
    }
  }
}
