/// Why a model cannot be imported: one line, to which the caller adds the file's name.
public struct ONNXError: Error, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
