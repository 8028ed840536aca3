import Foundation
import IR
import Interchange
import Tensors
import Testing

/// What is exported and imported again computes what it did before.
@Suite struct ExportRoundTripTests {
  /// Constants of the graph are f32 in a model, sums associate otherwise.
  static let tolerance = 1e-6

  static let versions = [13, 17, 18, 20, 23]

  @Test(arguments: ExportCase.all)
  func `it computes the same`(example: ExportCase) throws {
    let module = try example.module()
    let function = try #require(module[function: "f"])
    let inputs = try function.parameters.map { id in
      ExportInputs.values(
        function[id].type.element, try function[id].type.shape.evaluate(example.symbols), id.index)
    }
    var interpreter = try Interpreter(module)
    let expected = try interpreter.run("f", inputs, symbols: example.symbols)
    for version in Self.versions where version >= example.opset {
      let imported = try roundTrip(module, opset: version, example.symbols)
      var again = try Interpreter(imported.module) { tensor in
        HostTensor(try #require(imported.source(tensor.name)))
      }
      // What nothing reads is an input all the same.
      let found = try again.run("main", inputs)
      try #require(found.count == expected.count)
      for (index, result) in function.results.enumerated() {
        #expect(imported.module[function: "main"]?.results[index].name == result.name)
        try expectEqual(found[index], expected[index], "version \(version)")
      }
    }
  }

  @Test func `every operation has a case`() {
    let covered = Set(
      ExportCase.all.flatMap { example in
        (try? example.module())?.functions.flatMap(\.operations).map(\.op) ?? []
      })
    let missing = OpRegistry.all.map(\.name).filter { !covered.contains($0) }
    // Caches are inputs and outputs, which tests of their own look at.
    #expect(missing == ["cache_append"])
  }

  private func roundTrip(
    _ module: Module, opset: Int, _ symbols: [String: Int]
  ) throws -> ImportedONNX {
    let scratch = try Scratch()
    var options = ONNXExport.Options()
    options.opset = opset
    let function = try #require(module[function: "f"])
    try ONNXExport(function, in: module, options: options).write(to: scratch.path("f.onnx"))
    let sizes = InputSizes(dims: symbols.keys.sorted().map { ($0, .upTo(9)) })
    return try ImportedONNX(path: scratch.path("f.onnx"), sizes: sizes)
  }

  private func expectEqual(_ found: HostTensor, _ expected: HostTensor, _ note: String) throws {
    let problem = ExportInputs.difference(found, expected, tolerance: Self.tolerance)
    if let problem { Issue.record("\(note): \(problem)") }
  }
}

/// Values that depend on place and parameter alone.
enum ExportInputs {
  /// Numbers of -2…2, integers of 1…3, flags.
  static func values(_ element: ElementType, _ shape: [Int], _ seed: Int) -> HostTensor {
    let values = (0..<shape.reduce(1, *)).map { index -> Double in
      let mixed = (index * 7 + seed * 5 + 3) % 11
      return switch element {
      case .bool: mixed % 3 == 0 ? 1 : 0
      case .i64: Double(1 + mixed % 3)
      default: Double(Float(2 * sin(Double(index * 13 + seed * 17 + 1))))
      }
    }
    return HostTensor(element, shape, values)
  }

  /// The first difference beyond a tolerance, relative to numbers above 1, in words.
  static func difference(
    _ found: HostTensor, _ expected: HostTensor, tolerance: Double
  ) -> String? {
    guard found.element == expected.element, found.shape == expected.shape else {
      return "\(found.element)\(found.shape), expected \(expected.element)\(expected.shape)"
    }
    for (index, (a, b)) in zip(found.values, expected.values).enumerated() {
      if a == b || (a.isNaN && b.isNaN) || abs(a - b) <= tolerance * max(1, abs(b)) { continue }
      return "element \(index) is \(a), expected \(b)"
    }
    return nil
  }
}
