import Glibc
import JSON
import Tensors

/// Checks on where output goes, made before any work.
enum OutputPaths {
  /// Throws `OutputFileError` for a path that no file can be written to. Leaves nothing behind.
  static func check(_ paths: [String]) throws {
    for path in paths { _ = try AtomicFile(path: path) }
  }

  /// Makes a directory unless it is there.
  static func makeDirectory(_ path: String) throws {
    var status = stat()
    if mkdir(path, 0o777) == 0 { return }
    let code = errno
    guard code == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw FileError(path, "cannot be made a directory: \(String(cString: strerror(code)))")
    }
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    var file = try AtomicFile(path: path)
    try file.write(bytes)
    try file.commit()
  }
}

extension Int {
  /// `12.3 MB` of a count of bytes.
  var inMegabytes: String { "\((Double(self) / 1e6).formatted(decimals: 1)) MB" }
}

extension Double {
  /// Decimal digits as C's `%.Nf` writes them.
  func formatted(decimals: Int) -> String {
    let scale = pow(10, Double(decimals))
    let scaled = (self * scale).rounded()
    guard decimals > 0, scaled.isFinite, scaled.magnitude < 1e15 else { return "\(self)" }
    let digits = String(Int(scaled.magnitude))
    let padded = String(repeating: "0", count: max(decimals + 1 - digits.count, 0)) + digits
    return (scaled < 0 ? "-" : "") + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }
}

/// Time since it was made.
struct Stopwatch {
  private let start = ContinuousClock.now

  var seconds: Double {
    let (seconds, attoseconds) = start.duration(to: .now).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }

  /// `1.23 s`
  var text: String { "\(seconds.formatted(decimals: 2)) s" }
}
