import Foundation
import Testing

/// The tour through the notes, `graphs/notes/README.md`: its commands run and print what it shows, and its
/// pictures are of its graphs.
@Suite struct NotesTourTests {
  static let page = CommandLineProcess.root.appendingPathComponent("graphs/notes/README.md")

  /// A command of the page and what stands below it.
  struct Command: CustomTestStringConvertible, Sendable {
    let text: String
    /// Lines of standard output, or of standard error where the command fails; `…` stands for any lines.
    let shown: [String]

    var testDescription: String { text }
    var fails: Bool { shown.first?.hasPrefix("paligraph: ") ?? false }
  }

  /// Blocks of the page that begin with ```console, whose commands may use files of those before them.
  static let blocks: [[Command]] = {
    let text = (try? String(contentsOf: page, encoding: .utf8)) ?? ""
    return text.components(separatedBy: "\n```console\n").dropFirst().map { part in
      let lines = part.components(separatedBy: "\n```")[0].components(separatedBy: "\n")
      var commands: [Command] = []
      var isOpen = false
      for line in lines {
        if line.hasPrefix("$ ") {
          commands.append(Command(text: String(line.dropFirst(2)), shown: []))
        } else if isOpen, let last = commands.popLast() {
          commands.append(Command(text: last.text + "\n" + line, shown: []))
        } else if let last = commands.popLast() {
          commands.append(Command(text: last.text, shown: last.shown + [line]))
        }
        isOpen = line.hasSuffix("\\")
      }
      return commands
    }
  }()

  /// A folder in which the repository's folders can be read by the names that the page uses.
  private func workplace() throws -> Scratch {
    let scratch = try Scratch()
    for name in ["graphs", "Examples", "Tests", "docs"] {
      try FileManager.default.createSymbolicLink(
        at: scratch.url.appendingPathComponent(name),
        withDestinationURL: CommandLineProcess.root.appendingPathComponent(name))
    }
    return scratch
  }

  private func run(_ command: String, in scratch: Scratch) throws -> CommandLineProcess {
    let script = "program=$0; paligraph() { \"$program\" \"$@\"; }; cd \"$PLACE\" && \(command)"
    return try CommandLineProcess.run(
      [], environment: ["PLACE": scratch.url.path, "XDG_CACHE_HOME": scratch.path("cache")],
      shell: script)
  }

  @Test func `the page has a part and a command for every note`() throws {
    let page = try String(contentsOf: Self.page, encoding: .utf8)
    let parts = page.components(separatedBy: "\n## ").dropFirst()
    let numbered = parts.filter { $0.first?.isNumber ?? false }
    #expect(numbered.map { Int($0.prefix { $0.isNumber }) } == (1...14).map { $0 })
    for part in numbered {
      #expect(part.contains("\n```console\n"), "\(part.prefix(20))")
      #expect(part.contains("![") || part.contains("the picture of"), "\(part.prefix(20))")
    }
  }

  @Test(arguments: blocks)
  func `a command prints what the page shows`(block: [Command]) throws {
    let scratch = try workplace()
    for command in block {
      let result = try run(command.text, in: scratch)
      #expect(result.status == (command.fails ? 1 : 0), "\(command.text): \(result.errors)")
      guard !command.shown.isEmpty else { continue }
      let found = command.fails ? result.errors : result.output
      let lines = found.split(separator: "\n", omittingEmptySubsequences: false)
        .map(String.init)
      #expect(
        isShown(lines.last == "" ? Array(lines.dropLast()) : lines, command.shown[...]),
        "\(command.text) prints\n\(found.prefix(2000))")
    }
  }

  /// Whether lines are those that are shown, where `…` stands for any number of lines.
  private func isShown(_ lines: [String], _ shown: ArraySlice<String>) -> Bool {
    var start = 0
    var isAnywhere = false
    for line in shown {
      if line == "…" {
        isAnywhere = true
        continue
      }
      let candidates = isAnywhere ? start..<lines.count : start..<min(start + 1, lines.count)
      guard let place = candidates.first(where: { isAlike(lines[$0], line) }) else { return false }
      start = place + 1
      isAnywhere = false
    }
    return isAnywhere || start == lines.count
  }

  /// Whether two lines have the same words, and numbers that differ in the last shown digit at most:
  /// instruction sets round differently.
  private func isAlike(_ line: String, _ shown: String) -> Bool {
    let (a, b) = (line.split(separator: " "), shown.split(separator: " "))
    return a.count == b.count
      && zip(a, b).allSatisfy { found, expected in
        if found == expected { return true }
        guard let x = Double(found), let y = Double(expected) else { return false }
        return abs(x - y) < 1.5e-4
      }
  }

  // MARK: Pictures

  /// `siglip_loss.main` of `pictures/siglip_loss.main.svg`.
  static let pictures: [String] = {
    let text = (try? String(contentsOf: page, encoding: .utf8)) ?? ""
    return text.matches(of: /\]\(pictures\/([a-z0-9_.]+)\.svg\)/).map { String($0.output.1) }
  }()

  /// A picture ends with the digest of the DOT text that it was drawn from.
  @Test(arguments: pictures)
  func `a picture is up to date`(name: String) throws {
    let parts = name.split(separator: ".")
    try #require(parts.count == 2)
    let digest = try run(
      "paligraph dump graphs/notes/\(parts[0]).pg --format dot --function \(parts[1]) | sha256sum",
      in: workplace())
    let picture = try String(
      contentsOf: Self.page.deletingLastPathComponent()
        .appendingPathComponent("pictures/\(name).svg"), encoding: .utf8)
    #expect(digest.status == 0)
    #expect(
      picture.hasSuffix("<!-- sha256 of its DOT text: \(digest.output.prefix(64)) -->\n"),
      "run Tools/render-notes")
  }

  @Test func `every graph has a picture, and every picture is shown`() throws {
    func names(_ folder: String, _ ending: String) throws -> [String] {
      try FileManager.default.contentsOfDirectory(
        atPath: Self.page.deletingLastPathComponent().appendingPathComponent(folder).path
      ).filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }
    }
    let drawn = Set(Self.pictures.compactMap { $0.split(separator: ".").first.map(String.init) })
    // The graph that is refused cannot be drawn.
    #expect(Set(try names("", ".pg")).subtracting(drawn) == ["view_without_contiguous"])
    #expect(Set(try names("pictures", ".svg")) == Set(Self.pictures))
  }
}
