import Foundation
import IR
import Interchange
import Tensors
import Testing

/// The files that exporting writes, and what it refuses to write.
@Suite struct ExportFileTests {
  private func export(
    _ body: String, opset: Int = 17, fileLimit: Int? = nil,
    source: @escaping ONNXExport.Source = { _ in nil }
  ) throws -> ONNXExport {
    let module = try Module.parse("module @m {\n\(body)\n}")
    var options = ONNXExport.Options()
    options.opset = opset
    options.producerVersion = "1.2.3"
    options.doc = "a model"
    if let fileLimit { options.fileLimit = fileLimit }
    let function = try #require(module[function: "f"])
    return try ONNXExport(function, in: module, options: options, source: source)
  }

  static let refused: [(body: String, opset: Int, problem: String)] = [
    ("func @f(%x: f32[2]) -> (f32[2]) { return %x }", 12, "version 12 of the standard operators"),
    ("func @f(%x: f32[2]) -> (f32[2]) { return %x }", 24, "versions 13 to 23 can"),
    (
      "func @f(%x: i64[2]) -> (i64[2]) { %y = bit_and(%x, %x) : i64[2]\n return %y }", 17,
      "%y = bit_and: bit operations need operators of version 18; give --opset 18"
    ),
    (
      "func @f(%x: bool[2]) -> (bool[2]) { %y = sub(%x, %x) : bool[2]\n return %y }", 17,
      "%y = sub: it has no meaning on flags"
    ),
    (
      """
      weight %w : f32[4x2] {packing = int8_panels}
      func @f(%x: f32[2]) -> (f32[4]) { %y = linear(%x, %w) : f32[4]\n return %y }
      """, 17, "%y = linear: %w is packed; ONNX has no such layout"
    ),
    (
      "func @f(%x: f32[2]) -> (f8e4m3[2]) { %y = cast(%x) {to = f8e4m3} : f8e4m3[2]\n return %y }",
      17, "elements of f8e4m3 need operators of version 19"
    ),
  ]

  @Test func `a tensor of no elements is one`() throws {
    let scratch = try Scratch()
    let model = try export(
      """
      buffer %none : f32[0x2] {value = splat(1.0)}
      func @f(%x: f32[3x2]) -> (y: f32[3x2]) {
        %y = concat(%none, %x) {axis = 0} : f32[3x2]
        return %y
      }
      """)
    try model.write(to: scratch.path("m.onnx"))
    let imported = try ImportedONNX(path: scratch.path("m.onnx"))
    #expect(imported.module[function: "main"]?.results.map(\.name) == ["y"])
  }

  @Test(arguments: refused)
  func `what cannot be expressed is one line`(body: String, opset: Int, problem: String) throws {
    let error = #expect(throws: ONNXError.self) { _ = try export(body, opset: opset) }
    let text = try #require(error).description
    #expect(text.contains(problem) && !text.contains("\n"), "\(text)")
  }

  @Test func `all that cannot be expressed is told at once`() throws {
    let error = #expect(throws: ONNXError.self) {
      _ = try export(
        """
        func @f(%x: i64[2], %b: bool[2]) -> (i64[2], bool[2]) {
          %y = bit_and(%x, %x) : i64[2]
          %z = add(%b, %b) : bool[2]
          return %y, %z
        }
        """)
    }
    let text = try #require(error).description
    #expect(text.contains("%y = bit_and: ") && text.contains("; %z = add: "), "\(text)")
  }

  private static let weighted = """
    weight %w : f32[2x3]
    buffer %b : f32[3] {value = iota}
    func @f(%x: f32[4x2]) -> (y: f32[4x3]) {
      %p = matmul(%x, %w) : f32[4x3]
      %y = add(%p, %b) : f32[4x3]
      return %y
    }
    """
  private static let source: ONNXExport.Source = { _ in
    TensorData((0..<6).map { Float($0) }, shape: [2, 3])
  }

  @Test func `a copy of a weight has the values of that`() throws {
    let scratch = try Scratch()
    let model = try export(
      """
      weight %w : f32[2x3]
      weight %w.factor : f32[2x3] {copy_of = %w}
      func @f(%x: f32[4x2]) -> (y: f32[4x3]) {
        %y = matmul(%x, %w.factor) : f32[4x3]
        return %y
      }
      """
    ) { tensor in tensor.name == "w" ? try Self.source(tensor) : nil }
    try model.write(to: scratch.path("m.onnx"))
    let imported = try ImportedONNX(path: scratch.path("m.onnx"))
    #expect(imported.source("w.factor")?.floats() == [0, 3, 1, 4, 2, 5])
  }

  @Test func `above the limit, weights stand in a file of their own`() throws {
    let scratch = try Scratch()
    let path = scratch.path("m.onnx")
    let large = try export(Self.weighted, fileLimit: 200, source: Self.source)
    #expect(large.needsDataFile)
    try large.write(to: path)
    let data = try Data(contentsOf: URL(filePath: ONNXExport.dataPath(of: path)))
    // The second tensor begins at a page.
    #expect(data.count == 4096 + 12)
    let imported = try ImportedONNX(path: path)
    #expect(imported.source("w")?.floats() == [0, 3, 1, 4, 2, 5])
    #expect(imported.source("b")?.floats() == [0, 1, 2])

    let small = try export(Self.weighted, source: Self.source)
    #expect(!small.needsDataFile)
    try small.write(to: scratch.path("s.onnx"))
    #expect(try ImportedONNX(path: scratch.path("s.onnx")).source("b")?.floats() == [0, 1, 2])
    #expect(!FileManager.default.fileExists(atPath: scratch.path("s.onnx.data")))
  }

  @Test func `it says what it is`() throws {
    let scratch = try Scratch()
    try export(Self.weighted, source: Self.source).write(to: scratch.path("m.onnx"))
    let data = try Data(contentsOf: scratch.url.appending(path: "m.onnx"))
    for text in ["paligraph", "1.2.3", "a model", "m.f", "function"] {
      #expect(data.range(of: Data(text.utf8)) != nil, "\(text)")
    }
    // IR version 8.
    #expect(data.prefix(2) == Data([8, 8]))
  }

  @Test func `a weight without a value, or of another shape, leaves no file`() throws {
    let scratch = try Scratch()
    let path = scratch.path("m.onnx")
    let wrong: [(ONNXExport.Source, String)] = [
      ({ _ in nil }, "%w has no value"),
      ({ _ in TensorData([Float](repeating: 0, count: 6)) }, "%w has shape [6], expected [2, 3]"),
      (
        { _ in TensorData([Int64](repeating: 0, count: 6), shape: [2, 3]) },
        "%w has elements of i64"
      ),
    ]
    for (source, problem) in wrong {
      for limit in [nil, 200] {
        let error = #expect(throws: ONNXError.self) {
          try export(Self.weighted, fileLimit: limit, source: source).write(to: path)
        }
        #expect(error?.description.contains(problem) == true)
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).isEmpty)
  }

  @Test func `one that is given up leaves no file`() throws {
    struct GivenUp: Error {}
    let scratch = try Scratch()
    let model = try export(Self.weighted, fileLimit: 200, source: Self.source)
    #expect(throws: GivenUp.self) {
      try model.write(to: scratch.path("m.onnx")) { done, total in
        if done == total { throw GivenUp() }
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).isEmpty)
  }

  @Test func `half precision stays as it is, or is widened`() throws {
    let graph = """
      weight %w : bf16[2x3] {value = random(1, 1.0)}
      func @f(%x: f32[4x2]) -> (y: f32[4x3]) { %y = matmul(%x, %w) : f32[4x3]\n return %y }
      """
    let module = try Module.parse("module @m {\n\(graph)\n}")
    let function = try #require(module[function: "f"])
    let scratch = try Scratch()
    var values: [[Float]] = []
    for (widens, element) in [(false, ElementType.bf16), (true, .f32)] {
      var options = ONNXExport.Options()
      options.storedElements = widens ? ["w": .f32] : [:]
      try ONNXExport(function, in: module, options: options).write(to: scratch.path("m.onnx"))
      let imported = try ImportedONNX(path: scratch.path("m.onnx"))
      let weight = try #require(imported.module.tensors.first { $0.kind == .weight })
      let data = try #require(imported.source(weight.name))
      #expect(data.elementType == element)
      values.append(data.floats().sorted())
    }
    #expect(values[0] == values[1])
  }

  @Test func `names that are taken get a number`() throws {
    let scratch = try Scratch()
    let model = try export(
      """
      weight %w : f32[2] {value = splat(3.0)}
      func @f(%x: f32[2]) -> (x: f32[2], w: f32[2], y: f32[2], z: f32[2]) {
        %y = add(%x, %x) : f32[2]
        return %x, %w, %y, %y
      }
      """)
    try model.write(to: scratch.path("m.onnx"))
    let imported = try ImportedONNX(path: scratch.path("m.onnx"))
    var interpreter = try Interpreter(imported.module) {
      HostTensor(try #require(imported.source($0.name)))
    }
    let main = try #require(imported.module[function: "main"])
    #expect(main.results.map(\.name) == ["x.1", "w", "y", "z"])
    let found = try interpreter.run("main", [HostTensor(.f32, [2], [1, 2])])
    #expect(found.map(\.values) == [[1, 2], [3, 3], [2, 4], [2, 4]])
  }
}
