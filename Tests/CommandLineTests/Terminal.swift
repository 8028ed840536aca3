import Foundation
import Testing

/// The program on a terminal: its standard output and error, mixed as a person sees them.
enum Terminal {
  /// - Parameter columns: the width that the terminal says it has.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], columns: UInt16 = 80
  ) throws -> (status: Int32, screen: String) {
    var (controller, terminal): (Int32, Int32) = (-1, -1)
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    try #require(openpty(&controller, &terminal, nil, nil, &size) == 0)
    let slave = FileHandle(fileDescriptor: terminal, closeOnDealloc: true)
    defer { close(controller) }
    let process = Process()
    process.executableURL = try CommandLineProcess.built("paligraph")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = CommandLineProcess.root
    (process.standardOutput, process.standardError) = (slave, slave)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    try slave.close()
    let screen = everything(from: controller)
    process.waitUntilExit()
    return (process.terminationStatus, screen.replacing("\r\n", with: "\n"))
  }

  /// Reading fails when the last process has closed the terminal.
  private static func everything(from descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<count]
    }
  }
}

extension String {
  /// Whether it has a character that does more than print or begin a new line; `\r` is one that the
  /// progress bar needs.
  var controlsTerminal: Bool {
    unicodeScalars.contains { scalar in
      scalar.properties.generalCategory == .control && !["\n", "\r", "\t"].contains(scalar)
    }
  }
}
