import Glibc

/// The user pressed Ctrl-C, or the process was asked to end.
struct Interruption: Error, CustomStringConvertible {
  let description = "interrupted; nothing was written"

  /// Set by the signal handler, which may do no more than that.
  nonisolated(unsafe) private static var wasAsked: sig_atomic_t = 0

  private static let signals = [SIGINT, SIGTERM]

  /// Lets requests to end through, which a parent process may have blocked.
  static func unblock() {
    var set = sigset_t()
    sigemptyset(&set)
    for number in signals { sigaddset(&set, number) }
    sigprocmask(SIG_UNBLOCK, &set, nil)
  }

  /// From now on a request to end is noticed by `check` instead of ending the process at once, so
  /// that files under way can be taken back.
  static func startWatching() {
    for number in signals { signal(number) { _ in Interruption.wasAsked = 1 } }
  }

  /// A request to end ends the process again.
  static func stopWatching() {
    for number in signals { signal(number, SIG_DFL) }
  }

  /// Throws `Interruption` when the process was asked to end.
  static func check() throws {
    if wasAsked != 0 { throw Interruption() }
  }
}
