import Foundation
import Testing

/// `docs/EXTENDING.md` follows one example through the code. What it quotes must stand there.
@Suite struct ExtendingPageTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A file and the lines of it that the page shows.
  struct Excerpt: CustomTestStringConvertible {
    let path: String
    let lines: [Substring]

    var testDescription: String { "\(path): \(lines.first ?? "")" }
  }

  static let excerpts: [Excerpt] = {
    let page = (try? String(contentsOf: root.appending(path: "docs/EXTENDING.md"), encoding: .utf8))
    let lines = (page ?? "").split(separator: "\n", omittingEmptySubsequences: false)
    return lines.indices.dropFirst().filter {
      lines[$0].hasPrefix("```") && lines[$0 - 1].hasPrefix("`") && lines[$0 - 1].hasSuffix("`")
    }.map { start in
      Excerpt(
        path: String(lines[start - 1].dropFirst().dropLast()),
        lines: lines[(start + 1)...].prefix { $0 != "```" }.map { $0 })
    }
  }()

  @Test(arguments: excerpts)
  func `an excerpt stands in its file`(excerpt: Excerpt) throws {
    let file = Self.root.appending(path: excerpt.path)
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect("\n\(text)".contains("\n" + excerpt.lines.joined(separator: "\n") + "\n"))
  }

  @Test func `all parts have excerpts`() {
    for part in ["IR", "Compiler", "Interchange", "Validation", "CKernels", "Runtime"] {
      #expect(Self.excerpts.contains { $0.path.hasPrefix("Sources/\(part)/") }, "\(part)")
    }
    #expect(Self.excerpts.contains { $0.path.hasPrefix("Tests/CompilerTests/passes/") })
  }
}
