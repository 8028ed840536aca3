import IR
import Testing

/// A small graph that is exported, imported again and run: what it has in common with what it was made
/// of is all of its values.
struct ExportCase: Sendable, CustomTestStringConvertible {
  let name: String
  /// Tensors and the function `@f`.
  let body: String
  /// Values of the symbols that are open.
  var symbols: [String: Int] = [:]
  /// The first version of the operators that it can be written in.
  var opset = 13

  var testDescription: String { name }

  func module() throws -> Module {
    let declared = symbols.keys.sorted().map { "symbol \($0) <= 9\n" }.joined()
    return try Module.parse("module @case {\n\(declared)\(body)\n}")
  }

  /// One operation on parameters: `f32[2x3]` and so on.
  init(
    _ name: String, _ call: String, _ operands: [String], to result: String, opset: Int = 13,
    symbols: [String: Int] = [:]
  ) {
    self.name = name
    let parameters = operands.enumerated().map { "%x\($0): \($1)" }.joined(separator: ", ")
    body = """
      func @f(\(parameters)) -> (y: \(result)) {
        %y = \(call) : \(result)
        return %y
      }
      """
    (self.opset, self.symbols) = (opset, symbols)
  }

  init(_ name: String, symbols: [String: Int] = [:], opset: Int = 13, body: String) {
    self.name = name
    (self.body, self.symbols, self.opset) = (body, symbols, opset)
  }
}
