import Foundation
import Testing

/// `Package.swift` lists for each target what its files import, and `docs/ARCHITECTURE.md` shows the layers.
@Suite struct PackageTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  struct Target: CustomTestStringConvertible {
    let name: String
    let folder: String
    let uses: Set<String>

    var testDescription: String { name }
    var isLayer: Bool { folder.hasPrefix("Sources/") }

    /// Modules that its files import, of this package and others.
    func imports() throws -> Set<String> {
      let folder = PackageTests.root.appending(path: folder)
      let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      return try files.filter { $0.hasSuffix(".swift") }.reduce(into: []) { modules, file in
        let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        for found in text.matches(of: #/(?m)^[@\w ]*\bimport (\w+)$/#) {
          modules.insert(String(found.output.1))
        }
      }
    }
  }

  static let targets: [Target] = {
    let url = root.appending(path: "Package.swift")
    guard let package = try? String(contentsOf: url, encoding: .utf8) else { return [] }
    let begin =
      #/\.(module|systemLibrary|target|executableTarget|tests|testTarget)\(\s*(?:name:\s*)?"(\w+)"/#
    let starts = package.matches(of: begin)
    return zip(starts, starts.dropFirst().map(\.range.lowerBound) + [package.endIndex]).map {
      start, end in
      let (kind, word) = (start.output.1, String(start.output.2))
      let rest = package[start.range.upperBound..<end]
      let path = rest.firstMatch(of: #/path:\s*"([^"]*)"/#).map { String($0.output.1) }
      let name = kind == "tests" ? "\(word)Tests" : word
      let list = rest.firstMatch(of: #/^,\s*(?:dependencies:\s*)?\[([^\]]*)\]/#)?.output.1 ?? ""
      return Target(
        name: name,
        folder: path ?? (kind.hasPrefix("test") ? "Tests/\(name)" : "Sources/\(name)"),
        uses: Set(list.matches(of: #/\w+/#).map { String($0.output) }))
    }
  }()

  @Test func `all targets are found`() throws {
    let names = Set(Self.targets.map(\.name))
    #expect(names.count == Self.targets.count && names.count > 50)
    #expect(Self.targets.flatMap(\.uses).filter { !names.contains($0) } == [])
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: Self.root.appending(path: "Sources").path)
    #expect(
      Set(Self.targets.filter(\.isLayer).map { String($0.folder.dropFirst(8)) }) == Set(folders))
  }

  @Test(arguments: targets)
  func `a target lists what its files import, and nothing else`(target: Target) throws {
    let programs: Set = ["paligraph", "AskPicture", "RunPlan", "Soak"]
    let modules = Set(Self.targets.map(\.name))
    let isC =
      target.name.first == "C"
      && !["Compiler", "CompilerTests", "CommandLineTests"].contains(target.name)
    guard !isC else { return #expect(target.uses.isEmpty) }
    // A program that tests start is built for them, and not imported.
    let uses = target.name == "CommandLineTests" ? target.uses.subtracting(programs) : target.uses
    #expect(try target.imports().intersection(modules).subtracting(programs) == uses)
  }

  @Test func `the table of layers is the package's, lowest first`() throws {
    let page = try String(
      contentsOf: Self.root.appending(path: "docs/ARCHITECTURE.md"), encoding: .utf8)
    let section = try #require(page.components(separatedBy: "\n## Layers\n").last)
      .components(separatedBy: "\n## ")[0]
    let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { row in
      let cells = row.split(separator: "|").map { cell in
        cell.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
      }
      return [cells[0], cells.count > 2 ? cells[2] : ""]
    }
    let layers = Self.targets.filter(\.isLayer)
    #expect(rows == layers.map { [$0.name, $0.uses.sorted().joined(separator: ", ")] })
    for (index, layer) in layers.enumerated() {
      #expect(layer.uses.isSubset(of: layers[..<index].map(\.name)), "\(layer.name)")
    }
  }
}
