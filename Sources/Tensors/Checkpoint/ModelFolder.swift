import Glibc
import Inputs

/// The folder of a model, and the only way from a file name in it to a file.
///
/// Names may come from untrusted files. Each step must be a plain name, and what it leads to, symbolic
/// links followed, must stand inside the folder. A snapshot of the Hugging Face cache
/// (`models--x/snapshots/REVISION/`) may also lead into the `blobs` folder of the same repository,
/// where all its files are links to.
///
/// Links are followed by name first. The file is then opened from the folder down with none allowed, so
/// one that is put there in between is refused and never followed.
public struct ModelFolder: Sendable {
  /// Without symbolic links.
  public let path: String
  /// Folders that files may stand in, without symbolic links.
  private let roots: [String]

  public init(path: String) throws(ModelFolderError) {
    guard let resolved = realPath(path) else { throw .unreadable(path, errno: errno) }
    var status = stat()
    guard stat(resolved.systemPath, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw .notAFolder(path)
    }
    self.path = resolved
    let steps = resolved.split(separator: "/")
    let isSnapshot = steps.count >= 2 && steps[steps.count - 2] == "snapshots"
    let blobs = isSnapshot ? realPath("\(resolved)/../../blobs") : nil
    roots = [resolved] + (blobs.map { [$0] } ?? [])
  }

  /// Whether something of this name is in the folder, be it readable or not.
  public func contains(_ name: String) -> Bool {
    guard isPlain(name) else { return false }
    var status = stat()
    return lstat("\(path)/\(name)".systemPath, &status) == 0
  }

  /// Whether a name that may stand in the folder leads to nothing there.
  func lacks(_ name: String) -> Bool {
    var status = stat()
    return isPlain(name) && stat("\(path)/\(name)".systemPath, &status) != 0 && errno == ENOENT
  }

  /// Opens a file of the folder.
  public func open(_ name: String) throws(ModelFolderError) -> InputFile {
    try open(steps: [name])
  }

  /// Opens a file in a folder of this folder and so on.
  ///
  /// - Parameter opening: the call that opens it; only tests have a reason to choose.
  package func open(
    steps: [String], by opening: ContainedOpening = .openat2
  ) throws(ModelFolderError) -> InputFile {
    let name = steps.joined(separator: "/")
    guard !steps.isEmpty, steps.allSatisfy(isPlain) else { throw .unsafeName(name, folder: path) }
    guard let resolved = realPath("\(path)/\(name)") else {
      throw .unreadable("\(path)/\(name)", errno: errno)
    }
    guard let root = roots.first(where: { resolved.utf8.starts(with: "\($0)/".utf8) }) else {
      throw .outside(name, target: resolved, folder: path)
    }
    let rest = String(decoding: resolved.utf8.dropFirst(root.utf8.count + 1), as: UTF8.self)
    let descriptor = opening.descriptor(of: rest, beneath: root)
    guard descriptor >= 0 else {
      let code = errno
      throw code == ELOOP || code == EXDEV
        ? .changed("\(path)/\(name)") : .unreadable("\(path)/\(name)", errno: code)
    }
    do throws(InputFileError) {
      return try InputFile(descriptor: descriptor, path: resolved)
    } catch {
      throw .notAFile(error)
    }
  }
}

private func isPlain(_ name: String) -> Bool {
  !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(UInt8(ascii: "/"))
    && !name.utf8.contains(0) && name.utf8.count <= 255
}

/// The path without symbolic links; nil, with `errno` set, when there is nothing.
private func realPath(_ path: String) -> String? {
  guard !path.utf8.contains(0) else {
    errno = ENOENT
    return nil
  }
  guard let resolved = realpath(path.systemPath, nil) else { return nil }
  defer { free(resolved) }
  return String(systemPath: resolved)
}

/// Why a file of a model's folder is not opened.
public enum ModelFolderError: Error, Equatable, Sendable {
  case unreadable(String, errno: Int32)
  case notAFolder(String)
  case unsafeName(String, folder: String)
  case outside(String, target: String, folder: String)
  /// Something else took its place while it was opened.
  case changed(String)
  case notAFile(InputFileError)
}

extension ModelFolderError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let path, let code):
      "\(path.printable): cannot be read: \(String(cString: strerror(code))); check the path and its "
        + "permissions"
    case .notAFolder(let path):
      "\(path.printable): not a folder; give a Hugging Face model directory"
    case .unsafeName(let name, let folder):
      "\(folder.printable): \"\(name.printable)\" is not the name of a file in this folder; name files "
        + "of the folder only"
    case .outside(let name, let target, let folder):
      "\(folder.printable): \"\(name.printable)\" leads out of the folder to \(target.printable); put "
        + "the file itself there"
    case .changed(let path):
      "\(path.printable): changed while it was opened; try again"
    case .notAFile(let error):
      "\(error.path.printable): \(error)"
    }
  }
}
