import Glibc

/// Standard output and standard error, unbuffered: a reader sees text as soon as it is there.
enum Console {
  static func write(_ text: String) { put(text, to: STDOUT_FILENO) }

  static func writeError(_ line: String) { put(line + "\n", to: STDERR_FILENO) }

  /// A part of a line on standard error, such as a progress bar.
  static func writeErrorPart(_ text: String) { put(text, to: STDERR_FILENO) }

  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  private static func put(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      // Nowhere is left to say that nobody can be told.
      guard count > 0 else { exit(1) }
      rest = rest.dropFirst(count)
    }
  }
}

/// A bar on standard error that fills up; draws nothing unless a person is watching.
struct ProgressBar {
  private let label: String
  private let isShown: Bool
  private var drawn = -1

  private static let width = 30

  init(_ label: String, isQuiet: Bool = false) {
    self.label = label
    isShown = Console.errorIsTerminal && !isQuiet
  }

  mutating func update(_ done: Int, of total: Int) {
    let percent = total > 0 ? Int(Double(done) / Double(total) * 100) : 100
    guard isShown, percent != drawn else { return }
    drawn = percent
    let filled = percent * Self.width / 100
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "·", count: Self.width - filled)
    Console.writeErrorPart("\r\(label) \(bar) \(percent) %")
  }

  /// Takes the bar off the screen.
  func clear() {
    if isShown, drawn >= 0 { Console.writeErrorPart("\r\u{1B}[K") }
  }
}
