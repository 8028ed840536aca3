import Inputs
import JSON

/// What is wrong with a model's configuration file.
public struct ConfigError: Error, Equatable, Sendable {
  public var path: String
  public var problem: Problem

  public enum Problem: Error, Equatable, Sendable {
    /// The file cannot be read, is no JSON, or a field has another type or range.
    case json(JSONError)
    /// The field asks for something that is not implemented.
    case unsupported(field: String, found: String, supported: [String])
    /// The field's value must be a multiple of another's.
    case notMultiple(field: String, value: Int, of: String, divisor: Int)
    /// Two statements about the same thing differ.
    case contradiction(field: String, value: Int, other: String, expected: Int)
    /// A token id beyond the last row of the head.
    case tokenBeyondVocabulary(field: String, token: Int, vocabularySize: Int)
  }
}

extension ConfigError: CustomStringConvertible {
  public var description: String { "\(path.printable): \(problem)" }
}

extension ConfigError.Problem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .json(let error):
      "\(error)"
    case .unsupported(let field, let found, let supported):
      "\(field.printable) is \(found), which is not supported; use "
        + supported.joined(separator: " or ")
    case .notMultiple(let field, let value, let other, let divisor):
      "\(field.printable) is \(value); it must be a multiple of \(other.printable), \(divisor)"
    case .contradiction(let field, let value, let other, let expected):
      "\(field.printable) is \(value); it must be \(expected), which is \(other.printable)"
    case .tokenBeyondVocabulary(let field, let token, let size):
      "\(field.printable) holds the id \(token); it must be below the vocab_size, \(size)"
    }
  }
}
