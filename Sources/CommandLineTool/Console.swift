import Glibc
import Inputs

/// Standard output and standard error, unbuffered: a reader sees text as soon as it is there.
///
/// What goes to standard output is the result, so a write that fails ends the process with status 1.
/// What goes to standard error is about the work, which goes on when nobody can be told.
///
/// Names and answers come from files that strangers made, so nothing reaches a terminal that does
/// more than print: lines and tables for people never have control characters, and a result has none
/// where standard output is a terminal.
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

  /// Writes a result: as it is to a file or pipe, for whoever reads it there; to a terminal with its
  /// line breaks and tabs, and every other control character as `\u{…}`.
  static func write(_ text: String) {
    let code = put(isTerminal(STDOUT_FILENO) ? text.printableText : text, to: STDOUT_FILENO)
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

  /// Writes lines for people on standard output: whatever names are in one, it stays one line.
  static func write(lines: [String]) { write(text(lines, on: STDOUT_FILENO)) }

  /// Writes one line on standard error, whatever names are in it.
  static func writeError(_ line: String) { _ = put(line.printableLine + "\n", to: STDERR_FILENO) }

  /// Writes what is no error on standard error: warnings, tables. A terminal gets lines that fit.
  static func writeError(lines: [String]) {
    _ = put(text(lines, on: STDERR_FILENO), to: STDERR_FILENO)
  }

  /// Printable lines; on a terminal, those that are too wide are broken between words.
  private static func text(_ lines: [String], on descriptor: Int32) -> String {
    let width = columns(of: descriptor)
    return lines.map(\.printableLine).flatMap {
      $0.utf8.count <= width ? [$0] : TextLines.wrapped($0, width: width, indent: 4)
    }.map { $0 + "\n" }.joined()
  }

  /// The columns that tables on the two streams may have; no limit where they are no terminal.
  static var outputColumns: Int { columns(of: STDOUT_FILENO) }
  static var errorColumns: Int { columns(of: STDERR_FILENO) }

  private static func columns(of descriptor: Int32) -> Int {
    isTerminal(descriptor) ? TextLines.columns(of: descriptor) : .max
  }

  /// Writes over the line on standard error on which the cursor is, and goes back to its start.
  static func overwriteErrorLine(_ text: String) {
    _ = put("\r\(text.printableLine)\r", to: STDERR_FILENO)
  }

  static var errorIsTerminal: Bool { isTerminal(STDERR_FILENO) }

  private static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

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
