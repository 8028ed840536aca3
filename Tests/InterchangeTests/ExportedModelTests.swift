import Compiler
import Foundation
import IR
import Interchange
import PaliGraph
import Plans
import Runtime
import Tensors
import Testing

/// Functions with caches and the functions of the bundled model, exported in both stages.
@Suite struct ExportedModelTests {
  static let root = ONNXCase.folder.deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let stages = [false, true]

  private func model(_ path: String) throws -> ImportedModel {
    try ModelSource(path: Self.root.appending(path: path).path).load()
  }

  /// A function written and read again; open sizes are up to `bound`.
  private func roundTrip(
    _ model: ImportedModel, _ function: String, _ isOptimized: Bool, in scratch: Scratch,
    dims: [String] = [], bound: Int = 570
  ) throws -> ImportedModel {
    let path = scratch.path("\(function).onnx")
    try model.export(function: function, isOptimized: isOptimized, dtype: .f32).write(to: path)
    return try ModelSource(path: path).load(
      sizes: InputSizes(dims: dims.map { ($0, .upTo(bound)) }))
  }

  private func interpreter(_ model: ImportedModel) throws -> Interpreter {
    let source = model.source
    return try Interpreter(model.module) { HostTensor(try #require(try source($0.name))) }
  }

  @Test(arguments: stages)
  func `caches go from call to call`(isOptimized: Bool) throws {
    let scratch = try Scratch()
    let block = try model("graphs/gemma-block.pg")
    var original = try interpreter(block)
    let prefill = try roundTrip(block, "prefill", isOptimized, in: scratch, dims: ["T"], bound: 12)
    let decode = try roundTrip(block, "decode", isOptimized, in: scratch, dims: ["P"], bound: 11)
    var (first, next) = (try interpreter(prefill), try interpreter(decode))

    let prompt = ExportInputs.values(.f32, [1, 5, 32], 1)
    let expected = try original.run("prefill", [prompt])
    var outputs = try first.run("main", [prompt])
    #expect(ExportInputs.difference(outputs[0], expected[0], tolerance: 1e-5) == nil)
    let names = try #require(prefill.module[function: "main"]).results.map(\.name)
    #expect(names == ["y", "present.cache.key", "present.cache.value"])
    for step in 0..<3 {
      let token = ExportInputs.values(.f32, [1, 1, 32], 10 + step)
      let expected = try original.run("decode", [token], symbols: ["P": 5 + step])
      try #require(outputs.count == 3 && expected.count == 1)
      #expect(outputs[1].shape == [1, 1, 5 + step, 8])
      outputs = try next.run("main", [token, outputs[1], outputs[2]])
      #expect(ExportInputs.difference(outputs[0], expected[0], tolerance: 1e-5) == nil)
    }
  }

  @Test func `a state that does not only grow comes and goes whole`() throws {
    let module = try Module.parse(
      """
      module @m {
        state %cache : f32[1x1x6x2]
        func @f(%x: f32[1x1x2x2]) -> (y: f32[1x1x5x2]) {
          %a = cache_append(%cache, %x) {at = 0} : f32[1x1x2x2]
          %b = cache_append(%cache, %x) {at = 3} : f32[1x1x5x2]
          return %b
        }
      }
      """)
    let scratch = try Scratch()
    let function = try #require(module[function: "f"])
    try ONNXExport(function, in: module).write(to: scratch.path("f.onnx"))
    let imported = try ImportedONNX(path: scratch.path("f.onnx"))
    var again = try Interpreter(imported.module)
    let x = HostTensor(.f32, [1, 1, 2, 2], [1, 2, 3, 4])
    let before = HostTensor(.f32, [1, 1, 6, 2], repeating: 9)
    let found = try again.run("main", [x, before])
    try #require(found.count == 2)
    #expect(found[0].values == [1, 2, 3, 4, 9, 9, 1, 2, 3, 4])
    #expect(found[1].values == [1, 2, 3, 4, 9, 9, 1, 2, 3, 4, 9, 9])
  }

  @Test func `a size that no input has is an input`() throws {
    let module = try Module.parse(
      """
      module @m {
        symbol P <= 9
        func @f() -> (y: i64[P]) {
          %y = iota() {count = P} : i64[P]
          return %y
        }
      }
      """)
    let scratch = try Scratch()
    let function = try #require(module[function: "f"])
    try ONNXExport(function, in: module).write(to: scratch.path("f.onnx"))
    let error = #expect(throws: ONNXError.self) {
      try ImportedONNX(path: scratch.path("f.onnx"))
    }
    // Sizes that come with data are what the importer has no plans for.
    #expect(error?.description.contains("Range") == true, "\(error?.description ?? "")")
  }

  // MARK: The bundled model

  @Test(arguments: stages)
  func `the vision tower is the same`(isOptimized: Bool) throws {
    let scratch = try Scratch()
    let mini = try model("Examples/mini-paligemma")
    let again = try roundTrip(mini, "vision", isOptimized, in: scratch)
    try expectSame(
      mini, "vision", again, ["pixel_values": ExportInputs.values(.f32, [1, 3, 96, 96], 1)], scratch
    )
  }

  @Test(arguments: stages)
  func `reading the prompt is the same`(isOptimized: Bool) throws {
    let scratch = try Scratch()
    let mini = try model("Examples/mini-paligemma")
    let again = try roundTrip(mini, "prefill", isOptimized, in: scratch, dims: ["T"])
    let prompt = Array(repeating: 1760.0, count: 64) + [2, 5, 9, 40]
    let inputs = [
      "image_features": ExportInputs.values(.f32, [1, 64, 128], 1),
      "input_ids": HostTensor(.i64, [1, 68], prompt),
    ]
    try expectSame(mini, "prefill", again, inputs, scratch)
  }

  /// Behind caches of zeros: states begin with them.
  @Test(arguments: stages)
  func `a further token is the same`(isOptimized: Bool) throws {
    let scratch = try Scratch()
    let mini = try model("Examples/mini-paligemma")
    let again = try roundTrip(mini, "decode", isOptimized, in: scratch, dims: ["P"])
    let main = try #require(again.module[function: "main"])
    var (original, copy) = (try interpreter(mini), try interpreter(again))
    let token = HostTensor(.i64, [1, 1], [40])
    let caches = try main.parameters.dropFirst().map {
      HostTensor(.f32, try main[$0].type.shape.evaluate(["P": 3]), repeating: 0)
    }
    let expected = try original.run("decode", [token], symbols: ["P": 3])
    let found = try copy.run("main", [token] + caches)
    #expect(ExportInputs.difference(found[0], expected[0], tolerance: 1e-4) == nil)
    #expect(found.count == 1 + caches.count)
  }

  /// The first output of both functions as plans of f32.
  private func expectSame(
    _ model: ImportedModel, _ function: String, _ again: ImportedModel,
    _ inputs: [String: HostTensor], _ scratch: Scratch
  ) throws {
    func run(_ model: ImportedModel, _ function: String) throws -> HostTensor {
      let path = scratch.path("\(function).plan")
      try model.write(try model.compile(dtype: .f32), to: path)
      let executor = try Executor(try PlanFile(path: path), threads: 2)
      let outputs = try executor.run(
        try #require(executor.function(named: function)),
        inputs: inputs.map { ($0.key, $0.value.data) })
      return HostTensor(try #require(outputs.first).data)
    }
    let (expected, found) = (try run(model, function), try run(again, "main"))
    #expect(ExportInputs.difference(found, expected, tolerance: 1e-4) == nil)
  }
}
