import Glibc

/// Standard output and standard error, unbuffered: a reader sees text as soon as it is there.
///
/// What goes to standard output is the result, so a write that fails ends the process with status 1.
/// What goes to standard error is about the work, which goes on when nobody can be told.
enum Console {
  /// Whether whoever started this process wants writes to a closed pipe to be plain errors.
  nonisolated(unsafe) private static var ignoresClosedPipes = false

  /// To be called before any file is opened.
  static func prepare() {
    // The first files that are opened would get the numbers of standard streams that are closed, and
    // text for people would go into them. These take the numbers and fail as closed ones do.
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
    // A closed standard error must not end the process.
    ignoresClosedPipes = Interruption.isIgnored(SIGPIPE)
    signal(SIGPIPE, SIG_IGN)
  }

  static func write(_ text: String) {
    let code = put(text, to: STDOUT_FILENO)
    if code == 0 { return }
    if code == EPIPE {
      // The reader has seen enough, as in `| head`: end as programs do that never heard of it.
      if !ignoresClosedPipes {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
      }
      exit(1)
    }
    writeError("paligraph: standard output: \(String(cString: strerror(code)))")
    exit(1)
  }

  static func writeError(_ line: String) { _ = put(line + "\n", to: STDERR_FILENO) }

  /// A part of a line on standard error, such as a progress bar.
  static func writeErrorPart(_ text: String) { _ = put(text, to: STDERR_FILENO) }

  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Returns the error number of a write that failed, 0 when all is written.
  private static func put(_ text: String, to descriptor: Int32) -> Int32 {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count < 0, errno == EAGAIN {
        // Another process made the stream non-blocking.
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&waiting, 1, -1)
      } else if count == 0 || errno != EINTR {
        return count == 0 ? EIO : errno
      }
    }
    return 0
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
