import JSON
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
    let names = file.plan.functions.map(\.name)
    if let name = arguments.string("--function") {
      if let index = names.firstIndex(of: name) { return index }
      throw FileError(
        file.path, "it has no function '\(name.printable)'; its functions are \(listed(names))")
    }
    if names.count == 1 { return 0 }
    if let index = names.firstIndex(of: "main") { return index }
    throw FileError(file.path, "choose one of its functions with --function: \(listed(names))")
  }

  private func listed(_ names: [String]) -> String {
    names.map(\.printable).joined(separator: ", ")
  }
}
