import Glibc

/// The program with little memory, time and few files.
enum LimitedProcess {
  /// Address space in KiB, seconds of processor time, open files.
  static let limits = (memory: 3 << 20, seconds: 30, files: 64)

  /// Sanitizers reserve more address space than there is.
  static let isSanitized =
    dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil

  static func run(
    _ arguments: [String], environment: [String: String] = [:]
  ) throws -> CommandLineProcess {
    let memory = isSanitized ? "" : "ulimit -v \(limits.memory);"
    return try CommandLineProcess.run(
      arguments, environment: environment,
      shell: "\(memory) ulimit -t \(limits.seconds); ulimit -n \(limits.files); exec \"$0\" \"$@\"")
  }
}
