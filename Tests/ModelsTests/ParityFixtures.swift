import Foundation

/// The committed tiny checkpoints in `Tests/Fixtures/parity`.
enum ParityFixtures {
  static let directory = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/parity")

  /// Every case's folder name, sorted.
  static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path)
      .filter { $0.hasPrefix("gemma") }
      .sorted()
  }

  static func path(_ name: String) -> String {
    directory.appending(path: name).path
  }
}
