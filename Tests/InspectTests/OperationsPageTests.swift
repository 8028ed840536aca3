import Foundation
import Inspect
import Testing

@Suite struct OperationsPageTests {
  @Test func `docs/OPERATIONS.md shows what the definitions and their examples say`() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/OPERATIONS.md")
    let (shown, said) = (
      try String(contentsOf: page, encoding: .utf8).split(separator: "\n"),
      try OperationReference.markdown().split(separator: "\n")
    )
    let first = zip(shown, said).first { $0 != $1 }
    #expect(
      first == nil && shown.count == said.count,
      "run Tools/reference-pages; the page says: \(first?.0 ?? "less"), the definitions: \(first?.1 ?? "more")"
    )
  }
}
