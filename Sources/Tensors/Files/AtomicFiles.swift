import Glibc
import Inputs

/// Several files that appear under their names together.
public enum AtomicFiles {
  /// Holds a file that cannot be copied.
  private final class Pending {
    private var file: AtomicFile?
    let path: String

    init(path: String, _ fill: (inout AtomicFile) throws -> Void) throws {
      self.path = path
      var file = try AtomicFile(path: path)
      try fill(&file)
      try file.bringToDisk()
      self.file = consume file
    }

    func commit() throws { try file.take()?.commit() }
  }

  /// Writes all files before the first one gets its name. When a name cannot be given, those of these files
  /// that have one already are removed again; files that they replaced are not brought back.
  ///
  /// - Parameter fill: writes the content of the file with this index.
  public static func write(
    _ paths: [String], fill: (_ index: Int, _ file: inout AtomicFile) throws -> Void
  ) throws {
    let files = try paths.enumerated().map { index, path in
      try Pending(path: path) { try fill(index, &$0) }
    }
    var made: [String] = []
    do {
      for file in files {
        if access(file.path.systemPath, F_OK) != 0 { made.append(file.path) }
        try file.commit()
      }
    } catch {
      for path in made { unlink(path.systemPath) }
      throw error
    }
  }
}
