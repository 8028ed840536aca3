import Inputs
import JSON

/// Why a tokenizer cannot be read. Each description is one printable line that names the field or
/// offset; `file` puts the path in front of it.
public indirect enum TokenizerError: Error, Equatable, Sendable {
  /// The error inside, found while reading the file at `path`.
  case file(path: String, TokenizerError)
  /// The directory holds neither `tokenizer.json` nor `tokenizer.model`.
  case noTokenizer(directory: String)
  case unreadable(InputFileError)
  case tooLarge(byteCount: Int, limit: Int)
  case json(JSONError)
  /// A legal setting that this tokenizer does not implement.
  case unsupported(field: String, found: String, supported: String)
  /// A value that contradicts the rest of the file.
  case invalid(field: String, problem: String)
  /// Bytes that are no SentencePiece model.
  case malformed(offset: Int, problem: String)
  /// A compiled table in a plan does not fit the others.
  case table(name: String, problem: String)
}

extension TokenizerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let path, let error):
      "\(path.printable): \(error)"
    case .noTokenizer(let directory):
      "\(directory.printable): no tokenizer.json and no tokenizer.model; copy one from the checkpoint"
    case .unreadable(let error):
      "\(error)"
    case .tooLarge(let byteCount, let limit):
      "the file has \(byteCount) bytes; a tokenizer has at most \(limit)"
    case .json(let error):
      "\(error)"
    case .unsupported(let field, let found, let supported):
      "\(field.printable): \(found.printable) is not supported; supported: \(supported)"
    case .invalid(let field, let problem):
      "\(field.printable): \(problem.printable)"
    case .malformed(let offset, let problem):
      "byte \(offset): \(problem.printable)"
    case .table(let name, let problem):
      "tokenizer table \(name.printable): \(problem); compile the plan again"
    }
  }
}
