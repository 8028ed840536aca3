import Foundation
import IR
import Testing

/// `docs/IR.md` shows graphs that can be read and knows every operation.
@Suite struct ReferencePageTests {
  private static let page = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/IR.md")

  private static func text() throws -> String { try String(contentsOf: page, encoding: .utf8) }

  static func graphs() throws -> [String] {
    try text().components(separatedBy: "\n```pg\n").dropFirst().map {
      $0.components(separatedBy: "\n```")[0]
    }
  }

  @Test(arguments: try graphs())
  func `every graph on the page reads back as it prints`(graph: String) throws {
    let printed = try Module.parse(graph).description
    #expect(try Module.parse(printed).description == printed)
  }

  @Test func `every operation is on the page`() throws {
    let text = try Self.text()
    #expect(OpRegistry.all.map(\.name).filter { !text.contains("`\($0)`") } == [])
  }

  @Test(arguments: OpRegistry.all.map(\.name))
  func `every operation has an example that runs`(op: String) throws {
    let definition = try #require(OpRegistry.definition(of: op))
    let example = try definition.example()
    #expect(try example.results().count == example.module.functions[0].results.count)
  }

  @Test func `the reshape that the page warns of is refused in its words`() throws {
    let graph = try #require(try Self.graphs().first { $0.contains("module @heads") })
    let error = try #require(throws: TextError.self) {
      try Module.parse(graph.replacing("reshape(%copy)", with: "reshape(%turned)"))
    }
    #expect(
      error.items.map(\.message) == [
        "strides [192x8x32x1] of f32[1x4x6x8] cannot be read as [1x4x48]; "
          + "insert contiguous before reshape"
      ])
  }
}
