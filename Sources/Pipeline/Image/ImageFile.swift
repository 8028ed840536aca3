import Glibc

/// Reads a picture file whole, after checking that it is a regular file and not too long.
///
/// Opening never waits, so a pipe or a device in place of the file is an error, not a hang.
func readImageFile(_ path: String) throws(ImageError) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
  guard descriptor >= 0 else { throw ImageError(.unreadable(systemMessage())) }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else { throw ImageError(.unreadable(systemMessage())) }
  guard status.st_mode & S_IFMT == S_IFREG else { throw ImageError(.notARegularFile) }
  guard status.st_size <= ImageLimits.fileBytes else { throw ImageError(.tooManyBytes) }

  var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
  var filled = 0
  while filled < bytes.count {
    let count = bytes.withUnsafeMutableBytes { buffer in
      read(descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
    }
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { throw ImageError(.unreadable(systemMessage())) }
    if count == 0 { break }
    filled += count
  }
  return filled == bytes.count ? bytes : Array(bytes[..<filled])
}

/// The C library's words for the last error.
private func systemMessage() -> String {
  String(cString: strerror(errno))
}
