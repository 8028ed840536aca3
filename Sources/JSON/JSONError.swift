import Inputs

/// What is wrong with a JSON text or with a value in it. The description is one printable line that
/// names the byte offset or the field; the caller puts the file's name in front of it.
public enum JSONError: Error, Equatable, Sendable {
  /// The file cannot be opened or read.
  case unreadable(InputFileError)
  /// More bytes than the caller allows.
  case tooLarge(bytes: Int, limit: Int)
  /// Not JSON at this byte.
  case malformed(SyntaxFault)
  /// Containers nest deeper than the caller allows.
  case tooDeep(limit: Int)
  /// More values than the caller allows.
  case tooManyValues(limit: Int)
  case outOfMemory
  /// Two members of the object at `path` have the same key.
  case duplicateKey(String, path: String)
  /// The field at `path` is absent.
  case missing(path: String)
  /// The field at `path` has another type or range.
  case unexpected(path: String, expected: String, found: String)
}

extension JSONError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let error):
      "\(error)"
    case .tooLarge(let bytes, let limit):
      "\(bytes) bytes of JSON; at most \(limit) are read"
    case .malformed(let fault):
      "not valid JSON at byte \(fault.offset): \(fault.problem)"
    case .tooDeep(let limit):
      "JSON nested more than \(limit) levels deep"
    case .tooManyValues(let limit):
      "JSON of more than \(limit) values"
    case .outOfMemory:
      "not enough memory to read this JSON"
    case .duplicateKey(let key, let path):
      "\(path.isEmpty ? "the top level" : path.printable) has the key \"\(key.printable)\" twice"
    case .missing(let path):
      "\(path.printable) is missing"
    case .unexpected(let path, let expected, let found):
      "\(path.isEmpty ? "the top level" : path.printable): expected \(expected), found \(found)"
    }
  }
}
