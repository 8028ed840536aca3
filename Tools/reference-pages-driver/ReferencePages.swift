import Foundation
import Inspect

/// Writes the pages of the reference: `ReferencePages ROOT`. With `--check` it writes nothing and ends with
/// status 1 where a page is not what it would write.
@main
enum ReferencePages {
  static func main() throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let isCheck = arguments.first == "--check"
    if isCheck { arguments.removeFirst() }
    guard arguments.count == 1 else { fail("usage: ReferencePages [--check] ROOT") }
    let root = URL(fileURLWithPath: arguments[0])
    let pages = [
      "docs/OPERATIONS.md": try OperationReference.markdown(),
      "docs/PASSES.md": try PassReference.markdown { try examples(of: $0, root) },
    ]
    var stale: [String] = []
    for (path, text) in pages.sorted(by: { $0.key < $1.key }) {
      let file = root.appendingPathComponent(path)
      if (try? String(contentsOf: file, encoding: .utf8)) == text { continue }
      stale.append(path)
      if !isCheck { try text.write(to: file, atomically: true, encoding: .utf8) }
    }
    if isCheck, !stale.isEmpty {
      fail("out of date: \(stale.joined(separator: ", ")); run Tools/reference-pages")
    }
  }

  /// The file tests of a pass: their names are sentences.
  private static func examples(of pass: String, _ root: URL) throws -> [(String, String)] {
    let folder = "Tests/CompilerTests/passes/\(pass)"
    let names = try FileManager.default.contentsOfDirectory(
      atPath: root.appendingPathComponent(folder).path)
    return names.filter { $0.hasSuffix(".pg") }.sorted().map { name in
      (String(name.dropLast(3)).replacing("-", with: " "), "../\(folder)/\(name)")
    }
  }

  private static func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(1)
  }
}
