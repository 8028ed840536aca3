import Glibc
import Testing

/// Notices which files directly in a folder are opened.
final class OpenWatch {
  private let descriptor: Int32

  init(_ folder: String) throws {
    descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
    try #require(descriptor >= 0)
    try #require(inotify_add_watch(descriptor, folder, UInt32(IN_OPEN)) >= 0)
  }

  deinit { close(descriptor) }

  /// The names of the files that were opened since the last call.
  func opened() -> [String] {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(descriptor, &buffer, buffer.count)
    var names: [String] = []
    var position = 0
    let headerSize = MemoryLayout<inotify_event>.size
    while position + headerSize <= count {
      let event = buffer[position...].withUnsafeBytes { $0.loadUnaligned(as: inotify_event.self) }
      let name = buffer[position + headerSize..<position + headerSize + Int(event.len)]
      if event.mask & UInt32(IN_ISDIR) == 0 {
        names.append(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
      }
      position += headerSize + Int(event.len)
    }
    return names
  }
}
