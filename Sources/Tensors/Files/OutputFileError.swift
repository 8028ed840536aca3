import Glibc
import Inputs

/// Why a file cannot be written. The description is one printable line that begins with the file.
public struct OutputFileError: Error, Equatable, Sendable {
  public enum Problem: Equatable, Sendable {
    case system(errno: Int32)
    /// Something else than a file has the name.
    case notARegularFile
  }

  public var path: String
  public var problem: Problem

  public init(path: String, problem: Problem) {
    self.path = path
    self.problem = problem
  }

  init(path: String, errno: Int32) {
    self.init(path: path, problem: .system(errno: errno))
  }
}

extension OutputFileError: CustomStringConvertible {
  public var description: String {
    switch problem {
    case .system(let code):
      "\(path.printable): cannot be written: \(String(cString: strerror(code))); \(Self.cure(code))"
    case .notARegularFile:
      "\(path.printable): cannot be written: not a regular file; choose another name"
    }
  }

  private static func cure(_ code: Int32) -> String {
    switch code {
    case ENOSPC, EDQUOT: "make room"
    case EFBIG: "raise the limit on the size of files (ulimit -f) or choose another disk"
    default: "choose a path in a writable folder"
    }
  }
}
