import Foundation
import Tensors
import Testing

@Suite struct SafetensorsWriterTests {
  static let declarations: [SafetensorsLayout.Declaration] = [
    .init("empty", .f32, shape: [0, 3]), .init("a", .u8, shape: [5]), .init("b", .f32, shape: [2]),
    .init("c", .i64, shape: [8]), .init("d", .bf16, shape: []), .init("last", .i8, shape: [0]),
  ]

  @Test func `reads the reference library's file`() throws {
    let file = try SafetensorsFile(path: Fixtures.path("every_type.safetensors"))
    for type in ElementType.allCases where type.safetensorsName != nil {
      let tensor = try file.tensor(named: type.rawValue)
      #expect(tensor.elementType == type)
      #expect(tensor.shape == [3, 5])
      #expect(tensor.floats() == Fixtures.values(type, count: 15))
    }
    #expect(try file.tensor(named: "scalar").shape == [])
    #expect(try file.tensor(named: "empty").shape == [4, 0])
    #expect(try file.tensor(named: "grüße/你").integers() == [-2])
    #expect(file.metadata("format") == "pt")
    #expect(file.metadata("note") == "line\n\"two\"")
  }

  @Test func `what is written reads back, aligned`() throws {
    let layout = try SafetensorsLayout(Self.declarations, metadata: [.init("k", "v\n\u{1}\"é")])
    try withTemporaryFolder { folder in
      let path = "\(folder)/out.safetensors"
      var seen = 0
      var writer = try SafetensorsWriter(path: path, layout: layout) { seen += $0.count }
      try writer.append([1, 2], to: "a")
      try writer.append([3, 4, 5], to: "a")
      try writer.append(TensorData([1.5, -2] as [Float]), to: "b")
      try writer.append(TensorData((0..<8).map { Int64($0) }), to: "c")
      try writer.append([0x80, 0x3F], to: "d")
      try writer.finish()

      let file = try SafetensorsFile(path: path)
      #expect(file.entries.filter { !$0.isPadding } == layout.entries.filter { !$0.isPadding })
      #expect(file.entries.filter(\.isPadding).map(\.name) == ["__pad.0", "__pad.1", "__pad.2"])
      #expect(file.entries[0].range.lowerBound % 4096 == 0)
      for entry in file.entries where !entry.isPadding { #expect(entry.range.lowerBound % 64 == 0) }
      #expect(file.metadata == layout.metadata)
      #expect(file.header == layout.header)
      #expect(file.mapping.byteCount == layout.fileSize)
      #expect(seen == layout.fileSize - 8 - layout.header.count)
      #expect(try file.tensor(named: "a").integers() == [1, 2, 3, 4, 5])
      #expect(try file.tensor(named: "b").floats() == [1.5, -2])
      #expect(try file.tensor(named: "c").integers() == Array(0..<8))
      #expect(try file.tensor(named: "d").floats() == [1])
    }
  }

  @Test func `without padding tensors stand next to each other`() throws {
    let layout = try SafetensorsLayout(Self.declarations, dataAlignment: 8, tensorAlignment: 1)
    #expect(layout.entries.map(\.name) == Self.declarations.map(\.name))
    #expect(layout.fileSize - 8 - layout.header.count == 5 + 8 + 64 + 2)
    #expect((8 + layout.header.count) % 8 == 0)
  }

  @Test func `metadata of the same length can be replaced at the end`() throws {
    let tensors = [SafetensorsLayout.Declaration("a", .u8, shape: [1])]
    let first = try SafetensorsLayout(tensors, metadata: [.init("sum", "0000")])
    let final = try SafetensorsLayout(tensors, metadata: [.init("sum", "12ab")])
    try withTemporaryFolder { folder in
      let path = "\(folder)/out.safetensors"
      var writer = try SafetensorsWriter(path: path, layout: first)
      try writer.append([7], to: "a")
      try writer.finish(replacing: final)
      let file = try SafetensorsFile(path: path)
      #expect(file.metadata("sum") == "12ab")
    }
  }

  /// A wrong use of a writer of `a` (2 bytes) and `b` (1 byte) and the error it gets.
  struct Misuse: Sendable {
    let error: SafetensorsWriterError
    let use: @Sendable (inout SafetensorsWriter) throws -> Void

    init(
      _ error: SafetensorsWriterError,
      use: @escaping @Sendable (inout SafetensorsWriter) throws -> Void
    ) {
      self.error = error
      self.use = use
    }
  }

  @Test(arguments: [
    Misuse(.tooManyBytes("a", limit: 2)) { try $0.append([1, 2, 3], to: "a") },
    Misuse(.outOfOrder("b", expected: "a")) { try $0.append([1], to: "b") },
    Misuse(.outOfOrder("a", expected: "b")) {
      try $0.append([1, 2], to: "a")
      try $0.append([3], to: "a")
    },
    Misuse(.notDeclared("c")) {
      try $0.append([1, 2], to: "a")
      try $0.append([3], to: "b")
      try $0.append([4], to: "c")
    },
    Misuse(.otherTensor("a")) { try $0.append(TensorData([1, 2] as [Int8]), to: "a") },
    Misuse(.otherTensor("a")) {
      try $0.append(TensorData([1, 2] as [UInt8], shape: [1, 2]), to: "a")
    },
    Misuse(.incomplete("a")) { try $0.append([1], to: "a") },
    Misuse(.incomplete("b")) { try $0.append([1, 2], to: "a") },
  ])
  func `wrong bytes are refused and nothing is left`(misuse: Misuse) throws {
    let layout = try SafetensorsLayout([
      .init("a", .u8, shape: [2]), .init("b", .u8, shape: [1]),
    ])
    try withTemporaryFolder { folder in
      let error = #expect(throws: SafetensorsWriterError.self) {
        var writer = try SafetensorsWriter(path: "\(folder)/out", layout: layout)
        try misuse.use(&writer)
        try writer.finish()
      }
      #expect(error == misuse.error)
      let names = try AtomicFileTests.names(in: folder)
      #expect(names == [])
    }
  }

  @Test(arguments: [
    (["a", "a"], SafetensorsLayoutError.duplicateName("a")),
    (["__metadata__"], .duplicateName("__metadata__")), (["__pad.7"], .reservedName("__pad.7")),
  ])
  func `names that make no file are refused`(names: [String], error: SafetensorsLayoutError) {
    #expect(throws: error) { try SafetensorsLayout(names.map { .init($0, .u8, shape: [1]) }) }
  }

  /// Padded up to a multiple of the alignment, so that nothing has to be in it.
  @Test func `a header may be as long as readers take it`() throws {
    let limit = SafetensorsFile.headerLimit
    let length = try SafetensorsLayout([], dataAlignment: 8 + limit, tensorAlignment: 1).header
      .count
    #expect(length == limit)
    #expect(throws: SafetensorsLayoutError.headerTooLarge(limit + 1)) {
      try SafetensorsLayout([], dataAlignment: 9 + limit, tensorAlignment: 1)
    }
  }

  @Test func `tensors may have as many bytes together as one of them`() throws {
    let (extent, count) = (TensorData.extentLimit, TensorData.byteLimit / TensorData.extentLimit)
    func layout(_ shapes: [[Int]]) throws -> SafetensorsLayout {
      try SafetensorsLayout(
        shapes.enumerated().map { .init("\($0)", .u8, shape: $1) }, tensorAlignment: 1)
    }
    let full = try layout([[extent, count - 1], [extent]])
    #expect(full.fileSize == 8 + full.header.count + TensorData.byteLimit)
    #expect(throws: TensorShapeError.tooLarge([1])) { try layout([[extent, count], [1]]) }
    #expect(throws: TensorShapeError.tooLarge([extent, count])) {
      try layout([[extent, count], [extent, count]])
    }
  }

  @Test func `canonically equivalent names are two tensors`() throws {
    let layout = try SafetensorsLayout(
      ["\u{E9}", "e\u{301}"].map { .init($0, .u8, shape: [1]) }, tensorAlignment: 1)
    try withTemporaryFolder { folder in
      let path = "\(folder)/out"
      var writer = try SafetensorsWriter(path: path, layout: layout)
      try writer.append([1], to: "\u{E9}")
      try writer.append([2], to: "e\u{301}")
      try writer.finish()
      let file = try SafetensorsFile(path: path)
      #expect(try file.tensor(named: "e\u{301}").integers() == [2])
    }
  }
}
