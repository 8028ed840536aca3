import Foundation
import Testing

/// A line of the list of bad inputs: files, a command on them and what must come of it.
struct BadInput: Sendable, CustomTestStringConvertible {
  enum Verdict: Sendable {
    /// Status 1 and one line that holds this.
    case refused(String)
    /// Status 0; standard output or error holds this.
    case accepted(String)
    /// Status 2 and one line that holds this: the command line itself cannot be taken.
    case misused(String)
  }

  /// Section and number, such as "2.1.4".
  let line: String
  let what: String
  let verdict: Verdict
  let environment: [String: String]
  /// Makes the files and returns the command line.
  let make: @Sendable (BadInputFolder) throws -> [String]

  init(
    _ line: String, _ what: String, _ verdict: Verdict, environment: [String: String] = [:],
    make: @escaping @Sendable (BadInputFolder) throws -> [String]
  ) {
    (self.line, self.what, self.verdict) = (line, what, verdict)
    (self.environment, self.make) = (environment, make)
  }

  var testDescription: String { "\(line) \(what)" }

  /// A file that is compiled by itself: a graph or an ONNX model.
  init(_ line: String, _ what: String, _ verdict: Verdict, file name: String, _ bytes: [UInt8]) {
    self.init(line, what, verdict) { folder in
      let path = try folder.write(bytes, to: name)
      let command = ["compile", path, "-o", folder.output("x.plan")]
      // Without the warnings that come before an error.
      if case .refused = verdict { return command + ["--quiet"] }
      return command
    }
  }

  /// The small model with something about its folder changed.
  init(
    _ line: String, _ what: String, _ verdict: Verdict,
    model change: @escaping @Sendable (BadInputFolder) throws -> Void
  ) {
    self.init(line, what, verdict) { folder in
      try folder.copyModel()
      try change(folder)
      return ["compile", folder.path, "-o", folder.output("x.plan")]
    }
  }
}

/// Where a case happens: `given` holds what strangers made, `out` is where results go, and beside them
/// stands what nobody may look at.
final class BadInputFolder {
  let scratch: Scratch
  /// The folder of the strangers.
  let path: String
  static let secret = "a secret that stands outside of the folder"

  init() throws {
    scratch = try Scratch()
    path = scratch.path("given")
    for name in ["given", "out"] {
      try FileManager.default.createDirectory(
        atPath: scratch.path(name), withIntermediateDirectories: false)
    }
    // As long as the weights that external data expect.
    _ = try scratch.write(Self.secret, to: "secret")
    try #require(mkfifo(scratch.path("pipe"), 0o600) == 0)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func output(_ name: String) -> String { scratch.path("out/\(name)") }

  /// Writes a file, in place of one that may be there, and returns its path.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  /// Makes a file of zeros after what it holds.
  func extend(_ name: String, to byteCount: Int) throws {
    try #require(truncate(file(name), byteCount) == 0)
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }

  func link(_ name: String, to target: String) throws {
    try? remove(name)
    try #require(symlink(target, file(name)) == 0)
  }

  func copyModel(_ model: String = PictureRunTests.model) throws {
    let source = CommandLineProcess.root.appendingPathComponent(model)
    for name in [
      "config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json",
      "picture.png",
    ] {
      try write(Array(try Data(contentsOf: source.appendingPathComponent(name))), to: name)
    }
  }

  func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file(name))))
  }

  /// Exchanges a part of a text file, which must be there.
  func replace(_ old: String, _ new: String, in name: String) throws {
    let text = String(decoding: try bytes(name), as: UTF8.self)
    try #require(text.contains(old), "\(name) holds \(old)")
    try write(text.replacingOccurrences(of: old, with: new), to: name)
  }

  /// All that stands in `given` and `out`.
  var content: [String] {
    ["given", "out"].flatMap { part in
      (FileManager.default.enumerator(atPath: scratch.path(part))?.allObjects ?? [])
        .map { "\(part)/\($0)" }
    }.sorted()
  }
}
