import Foundation
import Glibc
import Interchange
import Inputs
import Plans
import Tensors

/// Plans of models that are run without having been compiled, in the user's cache directory.
public enum PlanCache {
  /// Where the plan of a model belongs. The name depends on everything that the plan depends on: this
  /// program's version, the model's path, what is said about its sizes, and which file each of its files
  /// is, how large, and when its content and its inode last changed. (A copy with the old time of change
  /// differs in the others.)
  ///
  /// Makes the cache directory, `$XDG_CACHE_HOME/paligraph` or `~/.cache/paligraph`.
  ///
  /// - Parameter environment: where the two directories are looked up.
  public static func path(
    for source: ModelSource, sizes: InputSizes = InputSizes(),
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> String {
    let directory = try directory(environment)
    guard let resolved = realpath(source.path.systemPath, nil) else {
      throw ModelError(source.path, String(cString: strerror(errno)))
    }
    defer { free(resolved) }
    let path = String(systemPath: resolved)
    let fingerprint =
      "\(version) \(PlanFile.formatVersion) \(path)\n"
      + (sizes.isEmpty ? "" : "\(sizes.fingerprint)\n") + files(of: source, path).joined()
    let name = path.split(separator: "/").last.map(String.init) ?? "model"
    return "\(directory)/\(name.prefix(100))-\(Digest.hexadecimal(of: fingerprint)).plan"
  }

  private static func directory(_ environment: [String: String]) throws -> String {
    let directory = try location(environment: environment)
    for path in [String(directory.dropLast("/paligraph".count)), directory]
    where mkdir(path.systemPath, 0o777) != 0 && errno != EEXIST {
      throw ModelError(path, "cannot be made: \(String(cString: strerror(errno)))")
    }
    return directory
  }

  /// One line for each file of a model directory, or for the file itself.
  private static func files(of source: ModelSource, _ path: String) -> [String] {
    var files = ModelSource.files(of: path)
    // As given: what it links to may stand elsewhere, without the files beside it.
    if case .onnx(let path) = source { files += ImportedONNX.externalFiles(of: path) }
    return files.map { file in
      var status = stat()
      guard stat(file.systemPath, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        return ""
      }
      return "\(file) \(identity(of: status))\n"
    }
  }

  /// A text that differs when the name stands for another file or the file was written to. Tools can
  /// restore the time of a file's content, so device, inode and the inode's time of change count too.
  static func identity(of status: stat) -> String {
    "\(status.st_dev) \(status.st_ino) \(status.st_size) \(status.st_mtim.stamp) "
      + "\(status.st_ctim.stamp)"
  }
}

extension timespec {
  fileprivate var stamp: String { "\(tv_sec).\(tv_nsec)" }
}

extension InputSizes {
  /// A text that differs where what is said differs.
  fileprivate var fingerprint: String {
    let values = values.map { input, value in
      let bytes = value.withUnsafeBytes { Array($0) }
      return "\(input) \(value.elementType) \(value.shape) "
        + Digest.hexadecimal(of: bytes.map { String($0, radix: 16) }.joined(separator: " "))
    }
    return "\(shapes) \(dims) \(values)"
  }
}
