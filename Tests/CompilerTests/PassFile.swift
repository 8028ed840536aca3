import Foundation
import Testing

/// One file test: what passes must make of a textual graph.
///
///     // pass: canonicalize
///     // Why this is so, in words.
///     module @m { … }
///
///     // expect:
///     module @m { … }
///
/// Several passes are separated by commas. `// option: dtype = bf16` sets an option of the context.
/// Where the module must stay as it is, the expectation is `// expect: unchanged`.
struct PassFile: Sendable, CustomTestStringConvertible {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("passes")
  static let rewriteVariable = "PALIGRAPH_REWRITE_EXPECTATIONS"

  let url: URL
  /// All before the expectation's marker.
  let head: String
  /// Comment lines between the marker and the expected module.
  let comment: String
  /// nil when the module must stay unchanged.
  let expected: String?

  var testDescription: String {
    "\(url.deletingLastPathComponent().lastPathComponent)/"
      + url.deletingPathExtension().lastPathComponent
  }

  /// All file tests, sorted by path.
  static func all() -> [PassFile] {
    let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    return (files?.allObjects as? [URL] ?? [])
      .filter { $0.pathExtension == "pg" }
      .sorted { $0.path < $1.path }
      .compactMap { try? PassFile(url: $0) }
  }

  init(url: URL) throws {
    self.url = url
    let text = try String(contentsOf: url, encoding: .utf8)
    guard let marker = text.range(of: "\n// expect:") else {
      (head, comment, expected) = (text, "", "")
      return
    }
    head = String(text[..<marker.lowerBound])
    let rest = text[marker.upperBound...]
    if rest.hasPrefix(" unchanged") {
      (comment, expected) = ("", nil)
      return
    }
    let lines = rest.drop { $0 != "\n" }.dropFirst()
      .split(separator: "\n", omittingEmptySubsequences: false)
    let comments = lines.prefix { $0.hasPrefix("//") }
    comment = comments.map { $0 + "\n" }.joined()
    expected = lines.dropFirst(comments.count).joined(separator: "\n")
  }

  /// The names in the `// pass:` line.
  var passes: [String] { values(of: "pass").flatMap { $0.split(separator: ",").map(Self.trimmed) } }

  /// The `// option: name = value` lines.
  var options: [(name: String, value: String)] {
    values(of: "option").compactMap { line in
      let parts = line.split(separator: "=", maxSplits: 1).map(Self.trimmed)
      return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
  }

  /// Writes `result` as the new expectation; comments stay.
  func rewriteExpectation(_ result: String) throws {
    try "\(head)\n// expect:\n\(comment)\(result)".write(to: url, atomically: true, encoding: .utf8)
  }

  private func values(of key: String) -> [String] {
    head.split(separator: "\n").filter { $0.hasPrefix("// \(key):") }
      .map { Self.trimmed($0.dropFirst("// \(key):".count)) }
  }

  private static func trimmed(_ text: Substring) -> String {
    text.trimmingCharacters(in: .whitespaces)
  }
}

/// The lines of two texts, marked as removed, added or common.
func lineDifference(from old: String, to new: String) -> String {
  let lines = new.components(separatedBy: "\n")
  let oldLines = old.components(separatedBy: "\n")
  let changes = lines.difference(from: oldLines)
  var marked = oldLines.map { "  \($0)" }
  for case .remove(let offset, let line, _) in changes { marked[offset] = "- \(line)" }
  var result: [String] = []
  var position = 0
  let inserted = Dictionary(
    uniqueKeysWithValues: changes.insertions.compactMap { change -> (Int, String)? in
      guard case .insert(let offset, let line, _) = change else { return nil }
      return (offset, line)
    })
  for line in marked {
    while let added = inserted[position] {
      result.append("+ \(added)")
      position += 1
    }
    result.append(line)
    if !line.hasPrefix("- ") { position += 1 }
  }
  while let added = inserted[position] {
    result.append("+ \(added)")
    position += 1
  }
  return result.joined(separator: "\n")
}
