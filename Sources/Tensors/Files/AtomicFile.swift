import Glibc
import Inputs

/// A file that appears under its name complete or not at all.
///
/// Bytes go to a file without a name (or, where the file system has no such files, with a hidden
/// one) in the same folder. `commit` brings them to disk and then puts the file in the place of
/// whatever had the name. A value that is dropped without `commit`, or a process that is killed,
/// changes nothing under the name; a reader that has the old file open keeps it.
///
/// A symbolic link is followed, and a name that belongs to a folder, device or pipe is refused.
/// All errors are `OutputFileError`.
public struct AtomicFile: ~Copyable {
  /// Where the file will be.
  public let path: String
  /// Bytes written so far.
  public private(set) var byteCount = 0
  private let target: String
  private let descriptor: Int32
  /// The hidden name while the file has one.
  private var temporaryPath: String?
  /// Small writes gather here.
  private var buffer: [UInt8] = []

  private static let bufferSize = 1 << 20

  public init(path: String) throws(OutputFileError) {
    try self.init(path: path, isHidden: false)
  }

  /// - Parameter isHidden: whether the file has a hidden name from the start, as where the file
  ///   system has no files without a name.
  package init(path: String, isHidden: Bool) throws(OutputFileError) {
    let target = try Self.resolve(path)
    let unnamed = isHidden ? nil : try Self.openUnnamed(for: target, path: path)
    let temporary = if let unnamed { unnamed } else { try Self.openHidden(for: target, path: path) }
    self.path = path
    self.target = target
    descriptor = temporary.descriptor
    temporaryPath = temporary.hiddenPath
  }

  deinit {
    close(descriptor)
    if let temporaryPath { unlink(temporaryPath.systemPath) }
  }

  /// Appends bytes.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    if buffer.count + bytes.count >= Self.bufferSize { try flush() }
    if bytes.count >= Self.bufferSize {
      try put(bytes, at: byteCount)
    } else {
      buffer.append(contentsOf: bytes)
    }
    byteCount += bytes.count
  }

  /// Appends bytes.
  public mutating func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }

  /// Replaces bytes that have been written.
  ///
  /// - Precondition: `offset + bytes.count <= byteCount`.
  public mutating func overwrite(
    at offset: Int, _ bytes: [UInt8]
  ) throws {
    precondition(offset >= 0 && offset + bytes.count <= byteCount, "only written bytes")
    try flush()
    try bytes.withUnsafeBytes { try put($0, at: offset) }
  }

  /// Brings what is written to disk, so that only the name can still fail.
  package mutating func bringToDisk() throws {
    try flush()
    guard fsync(descriptor) == 0 else { throw OutputFileError(path: path, errno: errno) }
  }

  /// Brings everything to disk and gives the file its name.
  public consuming func commit() throws {
    try bringToDisk()
    if temporaryPath == nil, try link(to: target) {
      return try syncFolder()
    }
    if temporaryPath == nil {
      let hidden = Self.hiddenName(beside: target)
      guard try link(to: hidden) else { throw OutputFileError(path: path, errno: EEXIST) }
      temporaryPath = hidden
    }
    guard let hidden = temporaryPath, rename(hidden.systemPath, target.systemPath) == 0 else {
      throw OutputFileError(path: path, errno: errno)
    }
    temporaryPath = nil
    try syncFolder()
  }

  private mutating func flush() throws {
    guard !buffer.isEmpty else { return }
    let start = byteCount - buffer.count
    try buffer.withUnsafeBytes { try put($0, at: start) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func put(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count, let base = bytes.baseAddress {
      let count = pwrite(descriptor, base + done, bytes.count - done, off_t(offset + done))
      if count > 0 {
        done += count
      } else if count == 0 || errno != EINTR {
        throw OutputFileError(path: path, errno: count == 0 ? EIO : errno)
      }
    }
  }

  private typealias Temporary = (descriptor: Int32, hiddenPath: String?)

  /// A file without a name; nil where the file system has none, or where `/proc`, through which it
  /// gets its name in the end, is not there.
  private static func openUnnamed(
    for target: String, path: String
  ) throws(OutputFileError) -> Temporary? {
    guard access("/proc/self/fd", X_OK) == 0 else { return nil }
    // The flag's value in the kernel's interface; Glibc's macro is not visible to Swift.
    let withoutName = O_DIRECTORY | 0o20_000_000
    let descriptor = open(folder(of: target).systemPath, O_WRONLY | O_CLOEXEC | withoutName, 0o666)
    if descriptor >= 0 { return (descriptor, nil) }
    guard [EOPNOTSUPP, EISDIR, EINVAL].contains(errno) else {
      throw OutputFileError(path: path, errno: errno)
    }
    return nil
  }

  private static func openHidden(
    for target: String, path: String
  ) throws(OutputFileError) -> Temporary {
    let name = hiddenName(beside: target)
    let descriptor = open(name.systemPath, O_WRONLY | O_CLOEXEC | O_CREAT | O_EXCL, 0o666)
    guard descriptor >= 0 else { throw OutputFileError(path: path, errno: errno) }
    return (descriptor, name)
  }

  /// Names the file that has no name. False when the name is taken.
  private func link(to name: String) throws -> Bool {
    let source = "/proc/self/fd/\(descriptor)"
    if linkat(AT_FDCWD, source, AT_FDCWD, name.systemPath, Int32(AT_SYMLINK_FOLLOW)) == 0 {
      return true
    }
    guard errno == EEXIST else { throw OutputFileError(path: path, errno: errno) }
    return false
  }

  /// Makes the new name itself survive a loss of power.
  private func syncFolder() throws {
    let folder = open(Self.folder(of: target).systemPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw OutputFileError(path: path, errno: errno) }
    defer { close(folder) }
    // Some file systems cannot sync folders and say EINVAL.
    guard fsync(folder) == 0 || errno == EINVAL else {
      throw OutputFileError(path: path, errno: errno)
    }
  }

  /// The path that will be replaced: what `path` is, or leads to.
  private static func resolve(_ path: String) throws(OutputFileError) -> String {
    guard !path.utf8.contains(0), !path.isEmpty else {
      throw OutputFileError(path: path, errno: ENOENT)
    }
    var status = stat()
    guard stat(path.systemPath, &status) == 0 else {
      guard errno == ENOENT else { throw OutputFileError(path: path, errno: errno) }
      return path
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw OutputFileError(path: path, problem: .notARegularFile)
    }
    guard let resolved = realpath(path.systemPath, nil) else {
      throw OutputFileError(path: path, errno: errno)
    }
    defer { free(resolved) }
    return String(systemPath: resolved)
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func hiddenName(beside path: String) -> String {
    "\(folder(of: path))/.paligraph-\(String(UInt64.random(in: 0...UInt64.max), radix: 36)).tmp"
  }
}
