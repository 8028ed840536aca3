import Inputs
import PaliGraph
import Plans
import Tensors

/// What the command line says of a function of a plan of tensors: which one, and its inputs.
struct TensorInputs {
  private let arguments: Arguments
  private let files: [(name: String, path: String)]

  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    var files: [(name: String, path: String)] = []
    for text in arguments.all("--input") {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw arguments.error("--input \(text.printable) is not of the form NAME=FILE.npy")
      }
      guard !files.contains(where: { $0.name == parts[0] }) else {
        throw arguments.error("--input \(parts[0].printable) is given twice")
      }
      files.append((parts[0], parts[1]))
    }
    self.files = files
  }

  var paths: [String] { files.map(\.path) }

  func tensors() throws -> [(name: String, data: TensorData)] {
    try files.map { ($0.name, try NPYFile.read(path: $0.path)) }
  }

  /// The function that `--function` names, `main` or the only one.
  func function(of file: PlanFile) throws -> Int {
    try arguments.function(of: file.plan.functions.map(\.name), in: file.path)
  }
}

extension Arguments {
  /// The position of the function that `--function` names, of `main` or of the only one.
  func function(of names: [String], in path: String) throws -> Int {
    let list = names.map(\.printable).joined(separator: ", ")
    if let name = string("--function") {
      if let index = names.firstIndex(of: name) { return index }
      throw FileError(path, "it has no function '\(name.printable)'; its functions are \(list)")
    }
    if names.isEmpty { throw FileError(path, "it has no functions") }
    if names.count == 1 { return 0 }
    if let index = names.firstIndex(of: "main") { return index }
    throw FileError(path, "choose one of its functions with --function: \(list)")
  }
}
