import Foundation
import Testing

/// A built program, `paligraph` unless said otherwise, in a process of its own.
struct CommandLineProcess {
  let status: Int32
  /// Whether a signal ended it; `status` is then the signal.
  let wasKilled: Bool
  let output: String
  let errors: String

  /// The lines on standard error.
  var errorLines: [Substring] { errors.split(separator: "\n") }

  /// Runs the program and waits for its end.
  ///
  /// - Parameters:
  ///   - shell: a script that runs the program as `"$0" "$@"` in circumstances of its own.
  ///   - signal: what to send the process once it has printed something.
  static func run(
    _ arguments: [String], of program: String = "paligraph", environment: [String: String] = [:],
    shell: String? = nil, signal: Int32? = nil
  ) throws -> CommandLineProcess {
    let process = Process()
    let executable = try built(program)
    process.executableURL = shell == nil ? executable : URL(fileURLWithPath: "/bin/sh")
    process.arguments = (shell.map { ["-c", $0, executable.path] } ?? []) + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = root
    // Errors go to a file, since a pipe that nobody reads from holds no long ones.
    let errorFile = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())")
    try Data().write(to: errorFile)
    defer { try? FileManager.default.removeItem(at: errorFile) }
    let (output, errors) = (Pipe(), try FileHandle(forUpdating: errorFile))
    (process.standardOutput, process.standardError) = (output, errors)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    var written = Data()
    if let signal {
      written = output.fileHandleForReading.availableData
      kill(process.processIdentifier, signal)
    }
    written += output.fileHandleForReading.readDataToEndOfFile()
    let text = String(decoding: written, as: UTF8.self)
    process.waitUntilExit()
    let problem = String(decoding: try Data(contentsOf: errorFile), as: UTF8.self)
    return CommandLineProcess(
      status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
      output: text, errors: problem)
  }

  /// The top of the source tree.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// What was built stands beside the bundle of tests.
  static func built(_ product: String) throws -> URL {
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let candidates = [own.deletingLastPathComponent(), root.appendingPathComponent(".build/debug")]
      .map { $0.appendingPathComponent(product) }
    return try #require(candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) })
  }
}

/// A directory that is removed with this value.
final class Scratch {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("paligraph-command-line-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  func write(_ text: String, to name: String) throws -> String {
    try text.write(to: url.appendingPathComponent(name), atomically: false, encoding: .utf8)
    return path(name)
  }

  /// All names in it, sorted.
  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
  }
}
