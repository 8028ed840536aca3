import Foundation
import IR
import Testing

/// Names of operations, operands and attributes that the compiler's sources quote.
@Suite struct OpNameTests {
  private static let sources: [(file: String, text: String)] = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/Compiler")
    let files = (try? FileManager.default.subpathsOfDirectory(atPath: root.path)) ?? []
    return files.filter { $0.hasSuffix(".swift") }.sorted().compactMap { file in
      (try? String(contentsOf: root.appending(path: file), encoding: .utf8)).map { (file, $0) }
    }
  }()

  /// All words in quotes of what a pattern finds.
  private static func words(_ pattern: Regex<(Substring, Substring)>) -> [(
    file: String, word: String
  )] {
    sources.flatMap { file, text in
      text.matches(of: pattern).flatMap { found in
        found.output.1.matches(of: #/"(\w+)"/#).map { (file, String($0.output.1)) }
      }
    }
  }

  @Test func `every operation that is named is registered`() {
    let named =
      Self.words(#/\b(?:is:|on: \[|\bop [=!]=|append\()\s*((?:"\w+"(?:,\s*)?)+)/#)
    #expect(named.count > 150)
    for (file, word) in named {
      #expect(OpRegistry.definition(of: word) != nil, "\(file): there is no operation \(word)")
    }
  }

  @Test func `every operand and attribute that is named is one of some operation`() {
    let attributes = Set(OpRegistry.all.flatMap { $0.attributes.map(\.name) })
    let operands = Set(OpRegistry.all.flatMap { $0.operands.map(\.name) })
    let ofAttributes =
      Self.words(#/(?:ttributes\[|attribute\(|isFlagSet\(|\.axis\()("\w+")/#)
    let ofOperands = Self.words(#/(?:\b(?!\w*ttributes)\w+\??\[)("\w+")\]/#)
    #expect(ofAttributes.count > 50 && ofOperands.count > 60)
    for (file, word) in ofAttributes {
      #expect(attributes.contains(word), "\(file): there is no attribute \(word)")
    }
    for (file, word) in ofOperands {
      #expect(operands.contains(word), "\(file): there is no operand \(word)")
    }
  }
}
