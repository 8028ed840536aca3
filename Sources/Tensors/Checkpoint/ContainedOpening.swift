import CFiles
import Glibc
import Inputs

/// Ways to open a file below a folder where no step on the way may be a symbolic link.
package enum ContainedOpening: Sendable {
  /// One system call; where the kernel has none, step by step.
  case openat2
  /// Folder after folder.
  case stepByStep

  /// An open descriptor, or a negative number with `errno` set: `ELOOP` for a link in the way.
  ///
  /// - Parameter path: without `.` and `..`.
  func descriptor(of path: String, beneath root: String) -> Int32 {
    let folder = cfiles_open_folder(AT_FDCWD, root.systemPath)
    guard folder >= 0 else { return folder }
    if self == .openat2 {
      let descriptor = cfiles_open_beneath(folder, path.systemPath)
      // Filters of system calls answer with either where they do not know the call.
      if descriptor >= 0 || (errno != ENOSYS && errno != EPERM) {
        close(folder, keeping: errno)
        return descriptor
      }
    }
    return Self.walk(path, from: folder)
  }

  /// Takes over `folder`.
  private static func walk(_ path: String, from folder: Int32) -> Int32 {
    var folder = folder
    let steps = path.split(separator: "/").map(String.init)
    for step in steps.dropLast() {
      let next = cfiles_open_folder(folder, step.systemPath)
      // A link is no folder to this call.
      let code = errno == ENOTDIR && isLink(step, in: folder) ? ELOOP : errno
      close(folder, keeping: code)
      guard next >= 0 else { return next }
      folder = next
    }
    guard let last = steps.last else {
      close(folder, keeping: ENOENT)
      return -1
    }
    let file = openat(folder, last.systemPath, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    close(folder, keeping: errno)
    return file
  }

  private static func isLink(_ name: String, in folder: Int32) -> Bool {
    var status = stat()
    return fstatat(folder, name.systemPath, &status, AT_SYMLINK_NOFOLLOW) == 0
      && status.st_mode & S_IFMT == S_IFLNK
  }
}

/// Closes a descriptor and sets `errno` afterwards.
private func close(_ descriptor: Int32, keeping code: Int32) {
  Glibc.close(descriptor)
  errno = code
}
