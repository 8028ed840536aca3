import Foundation

/// Runs tests in a worker process, and starts another worker when a test ends it or takes too long.
struct Supervisor {
  static let secondsPerTest = 30.0

  let program: URL
  let scratch: URL

  /// Tests by folder, in order, with their outcomes.
  func run(_ folders: [URL], progress: (Int) -> Void) throws -> [(folder: URL, outcome: Outcome)] {
    var results: [(URL, Outcome)] = []
    while results.count < folders.count {
      let rest = Array(folders[results.count...])
      let worker = try Worker(program: program, scratch: scratch, folders: rest)
      for folder in rest {
        let outcome = worker.nextOutcome(seconds: Self.secondsPerTest)
        results.append((folder, outcome ?? Outcome(kind: .failed, reason: worker.end())))
        progress(results.count)
        if outcome == nil { break }
      }
      worker.stop()
    }
    return results
  }
}

/// A process that goes through a list of folders and writes a line for each.
private final class Worker {
  private let process = Process()
  private let output = Pipe()
  private var pending = Data()
  private var hasTimedOut = false

  init(program: URL, scratch: URL, folders: [URL]) throws {
    let list = scratch.appending(path: "folders.txt")
    try folders.map(\.path).joined(separator: "\n").write(
      to: list, atomically: true, encoding: .utf8)
    process.executableURL = program
    process.arguments = ["--worker", list.path, scratch.path]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    try output.fileHandleForWriting.close()
  }

  /// nil when the process ends or takes too long instead.
  func nextOutcome(seconds: Double) -> Outcome? {
    let deadline = Date().addingTimeInterval(seconds)
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let line = pending[..<end]
        pending = Data(pending[(end + 1)...])
        return Outcome(line: String(decoding: line, as: UTF8.self))
      }
      var descriptor = pollfd(
        fd: output.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
      let left = deadline.timeIntervalSinceNow
      guard left > 0, poll(&descriptor, 1, Int32(left * 1000) + 1) > 0 else {
        hasTimedOut = true
        return nil
      }
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { return nil }
      pending += data
    }
  }

  /// Ends the process and says why it gave no outcome.
  func end() -> String {
    stop()
    if hasTimedOut { return "it takes more than \(Int(Supervisor.secondsPerTest)) seconds" }
    return process.terminationReason == .uncaughtSignal
      ? "it ends the process with signal \(process.terminationStatus)"
      : "it ends the process with status \(process.terminationStatus)"
  }

  func stop() {
    if hasTimedOut { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }
}

extension Outcome {
  /// The line that a worker writes: kind, given inputs and reason, between tabs.
  var line: String {
    let text = reason.map { $0.isNewline || $0 == "\t" ? " " : $0 }
    return "\(kind.rawValue)\t\(given.joined(separator: ","))\t\(String(text))"
  }

  init(line: String) {
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    guard fields.count == 3, let kind = Kind(rawValue: fields[0]) else {
      self.init(kind: .failed, reason: "the worker wrote \(line)")
      return
    }
    let given = fields[1].split(separator: ",").map(String.init)
    self.init(kind: kind, given: given, reason: fields[2])
  }
}
