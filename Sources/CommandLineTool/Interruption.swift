import Glibc

/// The user pressed Ctrl-C, closed the terminal, or the process was asked to end.
struct Interruption: Error, CustomStringConvertible {
  /// The signal that asked.
  let number: Int32

  let description = "interrupted; nothing was written"

  /// What a shell reports of a process that the signal ended.
  var exitStatus: Int32 { 128 + number }

  /// The signal that asked, 0 for none. Set by the signal handler, which may do no more than that.
  nonisolated(unsafe) private static var asked: sig_atomic_t = 0

  private static let signals = [SIGINT, SIGTERM, SIGHUP]

  /// Lets requests to end through, which a parent process may have blocked.
  static func unblock() {
    var set = sigset_t()
    sigemptyset(&set)
    for number in signals { sigaddset(&set, number) }
    sigprocmask(SIG_UNBLOCK, &set, nil)
  }

  /// Within `body` a request to end is noticed by `check` instead of ending the process at once, so
  /// that files under way can be taken back. What the process was started to ignore, as `nohup` does,
  /// stays ignored. However `body` ends, requests end the process again after it, so that nothing on
  /// the way out can keep it from ending; one that came too late for `body` to notice does so then.
  static func watching<Result>(_ body: () throws -> Result) rethrows -> Result {
    let watched = signals.filter { !isIgnored($0) }
    for number in watched { signal(number) { Interruption.asked = sig_atomic_t($0) } }
    let result: Result
    do {
      defer { for number in watched { signal(number, SIG_DFL) } }
      result = try body()
    }
    if asked != 0 { raise(Int32(asked)) }
    return result
  }

  /// Whether the process ignores a signal.
  static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    // Functions in C have no equality in Swift.
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Throws `Interruption` when the process was asked to end.
  static func check() throws {
    if asked != 0 { throw Interruption(number: Int32(asked)) }
  }
}
