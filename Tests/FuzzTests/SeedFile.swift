import CFuzzEngine
import Foundation
import FuzzTargets

/// A committed input of an entry: a small valid file, or one that a fuzzer once found.
struct SeedFile {
  let name: String
  let bytes: [UInt8]

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/fuzz")

  /// The files of an entry by name.
  static func all(of entry: FuzzEntry) throws -> [SeedFile] {
    let folder = folder.appendingPathComponent(entry.name)
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
      SeedFile(
        name: name, bytes: [UInt8](try Data(contentsOf: folder.appendingPathComponent(name))))
    }
  }

  /// The one whose name begins with `minimal`.
  static func minimal(of entry: FuzzEntry) throws -> [SeedFile] {
    try all(of: entry).filter { $0.name.hasPrefix("minimal") }
  }
}

extension FuzzSession {
  /// Runs an input; should that end the process, its description is the last line that is printed.
  func run(_ bytes: [UInt8], named description: String) -> Outcome {
    var note = "\(entry.name): \(description)"
    note.withUTF8 { fuzz_note($0.baseAddress, $0.count) }
    return run(bytes)
  }
}
