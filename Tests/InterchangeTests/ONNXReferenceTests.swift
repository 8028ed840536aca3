import Compiler
import Foundation
import IR
import Interchange
import PaliGraph
import Plans
import Runtime
import Tensors
import Testing

/// Imported models compute what ONNX Runtime computes: as they were imported, in the interpreter, and
/// as plans that went through all passes.
@Suite struct ONNXReferenceTests {
  static let tolerance = 1e-4

  @Test(arguments: try ONNXCase.all())
  func `the imported graph computes what ONNX Runtime does`(model: ONNXCase) throws {
    let imported = try ImportedONNX(path: model.path, sizes: model.sizes)
    var interpreter = try Interpreter(imported.module) { tensor in
      HostTensor(try #require(imported.source(tensor.name)))
    }
    let inputs = try model.tensors("input")
    let main = try #require(imported.module[function: "main"])
    let values = try main.parameters.map { id in
      HostTensor(try #require(inputs.first { $0.name == main[id].name }).data)
    }
    let outputs = try interpreter.run("main", values)
    for (result, value) in zip(main.results, outputs) {
      try compare(value, try #require(result.name), of: model)
    }
  }

  @Test(arguments: try ONNXCase.all())
  func `the plan computes what ONNX Runtime does`(model: ONNXCase) throws {
    let scratch = try Scratch()
    let imported = try ModelSource(path: model.path).load(sizes: model.sizes)
    // f16 weights are otherwise stored as bf16, which rounds them.
    try imported.write(try imported.compile(dtype: .f32), to: scratch.path("model.plan"))
    let executor = try Executor(try PlanFile(path: scratch.path("model.plan")), threads: 2)
    for output in try executor.run(0, inputs: try model.inputs()) {
      try compare(HostTensor(output.data), output.name, of: model)
    }
  }

  /// Constants are folded, weights derived from others and widened.
  @Test(arguments: ["gemm_scaled", "conv", "typed_bfloat16_raw", "exports/llama-old17-sdpa"])
  func `the optimised graph can be exported, with what passes made of weights`(
    name: String
  ) throws {
    let model = try #require(try ONNXCase.all().first { $0.name == name })
    let scratch = try Scratch()
    let imported = try ModelSource(path: model.path).load(sizes: model.sizes)
    try imported.export(function: "main", isOptimized: true).write(to: scratch.path("out.onnx"))
    let again = try ModelSource(path: scratch.path("out.onnx")).load(sizes: InputSizes())
    try again.write(try again.compile(dtype: .f32), to: scratch.path("model.plan"))
    let executor = try Executor(try PlanFile(path: scratch.path("model.plan")), threads: 2)
    for output in try executor.run(0, inputs: try model.inputs()) {
      try compare(HostTensor(output.data), output.name, of: model)
    }
  }

  @Test(arguments: try ONNXCase.all())
  func `the graph reads back as it prints`(model: ONNXCase) throws {
    let module = try ImportedONNX(path: model.path, sizes: model.sizes).module
    #expect(try Module.parse(module.description).description == module.description)
  }

  private func compare(_ value: HostTensor, _ name: String, of model: ONNXCase) throws {
    let expected = HostTensor(
      try #require(try model.tensors("output").first { $0.name == name }).data)
    #expect(value.element == expected.element, "\(name)")
    try #require(value.shape == expected.shape, "\(name)")
    let differences = zip(value.values, expected.values).map { a, b in
      a == b || (a.isNaN && b.isNaN) ? 0 : abs(a - b) / max(1, abs(b))
    }
    let worst = differences.reduce(0) { $0.isNaN || $1.isNaN ? .infinity : max($0, $1) }
    #expect(
      worst <= Self.tolerance, "\(name): \(value.values.prefix(8)), \(expected.values.prefix(8))")
  }
}
