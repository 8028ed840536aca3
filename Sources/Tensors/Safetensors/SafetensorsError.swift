import Inputs
import JSON

/// What is wrong with a safetensors file. The description is one printable line that begins with
/// the file.
public struct SafetensorsError: Error, Equatable, Sendable {
  public var path: String
  public var problem: Problem

  public init(path: String, problem: Problem) {
    self.path = path
    self.problem = problem
  }

  public enum Problem: Error, Equatable, Sendable {
    case unreadable(InputFileError)
    case tooSmall(bytes: Int)
    /// No safetensors, but something else that is known.
    case foreign(ForeignFormat)
    case headerTooLarge(UInt64)
    case headerTruncated(length: Int, fileSize: Int)
    /// The header is not JSON or not of the fields it must have.
    case json(JSONError)
    case tooManyTensors
    case tensor(String, TensorProblem)
    /// Bytes after the header, and where the last tensor ends.
    case dataSize(Int, expected: Int)
    case noSuchTensor(String)
  }

  public enum TensorProblem: Equatable, Sendable {
    case unsupportedType(String)
    case shape(TensorShapeError)
    case reversedOffsets(Int, Int)
    /// It does not begin where the tensor before it ends.
    case misplaced(begin: Int, expected: Int)
  }

  /// Runs a part of reading the file at `path` and puts the path to its errors.
  static func naming<Result: ~Copyable>(
    _ path: String, _ body: () throws -> Result
  ) throws -> Result {
    do { return try body() } catch { throw naming(path, error) }
  }

  /// An error of reading the file at `path`, with the path.
  static func naming(_ path: String, _ error: any Error) -> any Error {
    switch error {
    case let problem as Problem: SafetensorsError(path: path, problem: problem)
    case let error as InputFileError: SafetensorsError(path: path, problem: .unreadable(error))
    case let error as JSONError: SafetensorsError(path: path, problem: .json(error))
    default: error
    }
  }
}

extension SafetensorsError: CustomStringConvertible {
  public var description: String {
    "\(path.printable): \(problem)\(problem.cure.map { "; \($0)" } ?? "")"
  }
}

extension SafetensorsError.Problem {
  /// What to do; nil where the description says it.
  fileprivate var cure: String? {
    switch self {
    case .unreadable, .foreign: nil
    case .tensor(_, .unsupportedType(let name)) where name.hasPrefix("F8_"):
      "take the model that these FP8 weights were made from, in BF16, F16 or F32"
    case .tensor(_, .unsupportedType): "take a checkpoint in one of these"
    default: "get a whole copy of the file"
    }
  }
}

extension SafetensorsError.Problem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let error):
      "\(error)"
    case .tooSmall(let bytes):
      "\(bytes) bytes are too few for a safetensors header; the file is not safetensors or cut short"
    case .foreign(let format):
      "\(format)"
    case .headerTooLarge(let length):
      "a header of \(length) bytes; at most \(SafetensorsFile.headerLimit) are allowed"
    case .headerTruncated(let length, let fileSize):
      "a header of \(length) bytes in a file of \(fileSize); the file is cut short"
    case .json(let error):
      "safetensors header: \(error)"
    case .tooManyTensors:
      "more than \(SafetensorsFile.tensorLimit) tensors"
    case .tensor(let name, let problem):
      "tensor \"\(name.printable)\": \(problem)"
    case .dataSize(let size, let expected) where size < expected:
      "\(size) bytes of tensors where the header promises \(expected); the file is cut short"
    case .dataSize(let size, let expected):
      "\(size - expected) bytes after the last tensor"
    case .noSuchTensor(let name):
      "there is no tensor \"\(name.printable)\""
    }
  }
}

extension SafetensorsError.TensorProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unsupportedType(let name):
      "element type \"\(name.printable)\" is not supported; supported are "
        + ElementType.allCases.compactMap(\.safetensorsName).joined(separator: ", ")
    case .shape(let error):
      "\(error)"
    case .reversedOffsets(let begin, let end):
      "ends at \(end), before it begins at \(begin)"
    case .misplaced(let begin, let expected) where begin < expected:
      "begins at \(begin), inside another tensor that ends at \(expected)"
    case .misplaced(let begin, let expected):
      "begins at \(begin), leaving a hole after \(expected)"
    }
  }
}
