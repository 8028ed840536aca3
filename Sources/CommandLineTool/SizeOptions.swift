import Interchange
import Inputs
import Tensors

/// `--shape`, `--dim` and `--value`: sizes that an ONNX model leaves open, and inputs that are known.
enum SizeOptions {
  static let options: [Syntax.Option] = [
    .values("--shape", "INPUT=1x3x224x224", "the whole shape of an input of an ONNX model").only(
      .onnx),
    .values(
      "--dim", "NAME=N|NAME<=N", "the size of a named dimension of an ONNX model, or its bound"
    ).only(.onnx),
    .values(
      "--value", "INPUT=FILE.npy", "the value of an input of an ONNX model, in every run",
      .namedFile
    ).only(.onnx),
  ]

  static func sizes(_ arguments: Arguments) throws -> InputSizes {
    var sizes = InputSizes()
    for text in arguments.all("--shape") {
      let (name, value) = try parts(text, "--shape", "INPUT=1x3x224x224", arguments)
      let extents = value.split(separator: "x", omittingEmptySubsequences: false).map {
        Int($0).flatMap { (0...TensorData.extentLimit).contains($0) ? $0 : nil }
      }
      guard !extents.contains(nil), extents.count <= TensorData.rankLimit else {
        throw arguments.error("--shape \(text.printable) has no shape such as 1x3x224x224")
      }
      guard !sizes.shapes.contains(where: { $0.input == name }) else {
        throw arguments.error("--shape \(name.printable) is given twice")
      }
      sizes.shapes.append((name, extents.compactMap { $0 }))
    }
    for text in arguments.all("--dim") {
      let (given, value) = try parts(text, "--dim", "NAME=N or NAME<=N", arguments)
      let isBound = given.hasSuffix("<")
      let name = isBound ? String(given.dropLast()) : given
      guard let size = Int(value), (isBound ? 1...1 << 32 : 0...1 << 32).contains(size),
        !name.isEmpty
      else { throw arguments.error("--dim \(text.printable) has no whole number from 1 to 2^32") }
      guard !sizes.dims.contains(where: { $0.name == name }) else {
        throw arguments.error("--dim \(name.printable) is given twice")
      }
      sizes.dims.append((name, isBound ? .upTo(size) : .fixed(size)))
    }
    for text in arguments.all("--value") {
      let (name, path) = try parts(text, "--value", "INPUT=FILE.npy", arguments)
      guard !sizes.values.contains(where: { $0.input == name }) else {
        throw arguments.error("--value \(name.printable) is given twice")
      }
      sizes.values.append((name, try NPYFile.read(path: path)))
    }
    return sizes
  }

  /// What stands before and after the last `=`: names may have one themselves.
  private static func parts(
    _ text: String, _ option: String, _ form: String, _ arguments: Arguments
  ) throws -> (String, String) {
    guard let equals = text.lastIndex(of: "="), equals != text.startIndex else {
      throw arguments.error("\(option) \(text.printable) is not of the form \(form)")
    }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }
}
