import Glibc

/// A regular file opened for reading. Devices, pipes and directories are refused without waiting
/// on them, and so is a git-LFS pointer. Closes when it goes out of scope.
public struct InputFile: ~Copyable, Sendable {
  public let path: String
  /// Size when the file was opened.
  public let byteCount: Int
  /// Owned by this value.
  public let descriptor: Int32

  public init(path: String) throws(InputFileError) {
    guard !path.utf8.contains(0) else {
      throw InputFileError(path: path, problem: .system(errno: ENOENT))
    }
    // O_NONBLOCK keeps the open of a pipe without a writer from waiting.
    let descriptor = open(path.systemPath, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw InputFileError(path: path, problem: .system(errno: errno))
    }
    try self.init(descriptor: descriptor, path: path)
  }

  /// Takes over an open file; closes it when it is no regular one. `path` is for messages.
  package init(descriptor: Int32, path: String) throws(InputFileError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw InputFileError(path: path, problem: .system(errno: code))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw InputFileError(path: path, problem: .notARegularFile)
    }
    do {
      try Self.requireNoLargeFilePointer(descriptor, path, byteCount: Int(status.st_size))
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
  }

  /// Throws for what Git leaves in place of a large file that was not fetched. Such a text is shorter
  /// than 1024 bytes, so that larger files are not looked at.
  private static func requireNoLargeFilePointer(
    _ descriptor: Int32, _ path: String, byteCount: Int
  ) throws(InputFileError) {
    let beginning = Array("version https://git-lfs.github.com/spec/".utf8)
    guard (beginning.count..<1024).contains(byteCount) else { return }
    guard try bytes(of: descriptor, path, offset: 0, count: beginning.count) != beginning else {
      throw InputFileError(path: path, problem: .largeFilePointer)
    }
  }

  deinit { close(descriptor) }

  /// Exactly `count` bytes from `offset` on, copied into memory. The caller has bounded `count`.
  public func read(offset: Int = 0, count: Int) throws(InputFileError) -> [UInt8] {
    try Self.bytes(of: descriptor, path, offset: offset, count: count)
  }

  private static func bytes(
    of descriptor: Int32, _ path: String, offset: Int, count: Int
  ) throws(InputFileError) -> [UInt8] {
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count, let base = buffer.baseAddress {
        let got = pread(descriptor, base + filled, count - filled, off_t(offset + filled))
        if got > 0 {
          filled += got
        } else if got == 0 {
          break
        } else if errno != EINTR {
          code = errno
          break
        }
      }
    }
    guard code == 0 else { throw InputFileError(path: path, problem: .system(errno: code)) }
    guard bytes.count == count else { throw InputFileError(path: path, problem: .shrank) }
    return bytes
  }

  /// The whole file.
  public func readAll() throws(InputFileError) -> [UInt8] {
    try read(count: byteCount)
  }
}

/// Why a file cannot be read. The description does not name the file: the reader puts its path in
/// front.
public struct InputFileError: Error, Equatable, Sendable {
  public enum Problem: Equatable, Sendable {
    case system(errno: Int32)
    case notARegularFile
    /// It became shorter while it was read.
    case shrank
    /// A git-LFS pointer stands in its place.
    case largeFilePointer
  }

  public var path: String
  public var problem: Problem

  public init(path: String, problem: Problem) {
    self.path = path
    self.problem = problem
  }
}

extension InputFileError: CustomStringConvertible {
  public var description: String {
    switch problem {
    case .system(let code):
      "cannot be read: \(String(cString: strerror(code))); check the path and its permissions"
    case .notARegularFile: "not a regular file; give the path of a file"
    case .shrank: "became shorter while it was read; try again"
    case .largeFilePointer:
      "a git-LFS pointer in place of the file; get the file itself with git lfs pull or hf download"
    }
  }
}
