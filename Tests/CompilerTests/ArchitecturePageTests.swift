import Compiler
import Foundation
import Testing

/// `docs/ARCHITECTURE.md` lists the passes as they run.
@Suite struct ArchitecturePageTests {
  private static let page = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/ARCHITECTURE.md")

  @Test func `the table of passes is the pipeline`() throws {
    let text = try String(contentsOf: Self.page, encoding: .utf8)
    let section = try #require(text.components(separatedBy: "\n## Passes\n").last)
      .components(separatedBy: "\n## ")[0]
    let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { row in
      row.split(separator: "|").prefix(2)
        .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
        .joined(separator: ", ")
    }
    #expect(rows == PassManager.pipeline.map { "\($0.name), \($0.exactness.rawValue)" })
  }
}
