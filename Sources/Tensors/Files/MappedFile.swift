import CFileGuard
import Glibc
import Inputs

/// A regular file mapped read-only. Unmapped with the last reference.
///
/// A page is read from disk when it is first touched. The mapping keeps the file's content as of
/// opening when the file is replaced by renaming, which is how this project writes. When another
/// process shortens the file in place, touching a page that is gone ends this process with SIGBUS, or
/// with a line that names the file where the program asked for that (`reportLostPages`).
///
/// Sharing between threads is safe: nothing in an instance ever changes.
public final class MappedFile: @unchecked Sendable {
  public let path: String
  /// The whole file, valid as long as this object lives. Prefer `withUnsafeBytes`.
  public let unsafeBytes: UnsafeRawBufferPointer

  public var byteCount: Int { unsafeBytes.count }

  public convenience init(path: String) throws(InputFileError) {
    try self.init(InputFile(path: path))
  }

  /// Maps an open file; the mapping does not need the file to stay open. An empty file is fine.
  public init(_ file: borrowing InputFile) throws(InputFileError) {
    path = file.path
    guard file.byteCount > 0 else {
      unsafeBytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let base = mmap(nil, file.byteCount, PROT_READ, MAP_PRIVATE, file.descriptor, 0),
      base != MAP_FAILED
    else {
      throw InputFileError(path: file.path, problem: .system(errno: errno))
    }
    // A hint, where the kernel has large pages for files: fewer faults, and streaming is not stopped at
    // the end of each small page.
    madvise(base, file.byteCount, MADV_HUGEPAGE)
    unsafeBytes = UnsafeRawBufferPointer(start: base, count: file.byteCount)
    pg_guard_add(base, file.byteCount, path.printable)
  }

  deinit {
    if let base = unsafeBytes.baseAddress {
      pg_guard_remove(base)
      munmap(UnsafeMutableRawPointer(mutating: base), unsafeBytes.count)
    }
  }

  /// From now on a page of any mapped file that is gone, or that the disk cannot read, is one line on
  /// standard error with the file's name and the end of the process, in place of SIGBUS. For programs;
  /// a library leaves signals alone.
  public static func reportLostPages(exitStatus: Int32) { pg_guard_install(exitStatus) }

  /// Lends the bytes of a range, which must lie within the file.
  public func withUnsafeBytes<Result, Failure: Error>(
    in range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "range within the file")
    return try withExtendedLifetime(self) { () throws(Failure) -> Result in
      try body(UnsafeRawBufferPointer(rebasing: unsafeBytes[range]))
    }
  }

  /// How a range is about to be used.
  public enum Advice: Sendable {
    /// Start reading it now, without waiting.
    case willNeed
    /// It is read once from front to back.
    case sequential
    /// Its pages may leave memory; touching them again reads the file again.
    case dontNeed
  }

  /// Tells the kernel how a range is about to be used. A hint: never fails.
  public func advise(_ advice: Advice, in range: Range<Int>) {
    let range = range.clamped(to: 0..<byteCount)
    guard let base = unsafeBytes.baseAddress, !range.isEmpty else { return }
    let flag =
      switch advice {
      case .willNeed: MADV_WILLNEED
      case .sequential: MADV_SEQUENTIAL
      case .dontNeed: MADV_DONTNEED
      }
    let start = range.lowerBound & ~(sysconf(Int32(_SC_PAGESIZE)) - 1)
    madvise(UnsafeMutableRawPointer(mutating: base + start), range.upperBound - start, flag)
  }
}
