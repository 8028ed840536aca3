import Tensors

extension Module: CustomStringConvertible {
  /// The textual graph: parses back to an equal module.
  public var description: String { text() }

  /// The textual graph, or only the named function of it with the tensors and symbols it uses.
  public func text(function name: String? = nil) -> String {
    let shown = functions.filter { name == nil || $0.name == name }
    let used = Set(shown.flatMap { $0.operations.flatMap(\.operands).compactMap { $0?.tensor } })
      .union(shown.flatMap { $0.results.compactMap(\.operand.tensor) })
    var lines = ["module @\(quotedIfNeeded(self.name)) {"]
    lines += symbols.map { "  symbol \($0.name) <= \($0.bound)" }
    lines += tensors.indices
      .filter { name == nil || used.contains(TensorID($0)) }
      .map { "  " + declaration(tensors[$0]) }
    for function in shown {
      if lines.count > 1 { lines.append("") }
      lines += text(of: function).map { $0.isEmpty ? "" : "  " + $0 }
    }
    lines.append("}")
    return lines.joined(separator: "\n") + "\n"
  }

  private func declaration(_ tensor: ModuleTensor) -> String {
    let (keyword, persistence): (String, [String]) =
      switch tensor.kind {
      case .weight: ("weight", [])
      case .buffer(let persistent): ("buffer", persistent ? [] : ["non_persistent"])
      case .state: ("state", [])
      }
    let options =
      persistence + (tensor.original.map { ["copy_of = %\(quotedIfNeeded($0))"] } ?? [])
      + (tensor.packing.map { ["packing = \($0.rawValue)"] } ?? [])
      + (tensor.initializer.map { ["value = \($0)"] } ?? [])
    let suffix = options.isEmpty ? "" : " {\(options.joined(separator: ", "))}"
    return "\(keyword) %\(quotedIfNeeded(tensor.name)) : \(tensor.type)\(suffix)"
  }

  private func text(of function: Function) -> [String] {
    func named(_ id: ValueID) -> String { "%\(quotedIfNeeded(function[id].name))" }
    let parameters = function.parameters.map { "\(named($0)): \(function[$0].type)" }
    let results = function.results.map { result in
      (result.name.map { "\(quotedUnlessWord($0)): " } ?? "")
        + "\(type(of: result.operand, in: function))"
    }
    let head = "func @\(quotedIfNeeded(function.name))(\(parameters.joined(separator: ", ")))"
    var lines = ["\(head) -> (\(results.joined(separator: ", "))) {"]
    let rows = function.operations.map { operation in
      (
        target: operation.results.map(named).joined(separator: ", "),
        call: call(operation, in: function),
        type: resultText(operation, in: function)
      )
    }
    // Columns line up as far as lines stay short; longer ones stick out.
    let targetWidth = rows.map(\.target.count).filter { $0 <= 24 }.max() ?? 0
    let callWidth = rows.map(\.call.count).filter { $0 <= 64 }.max() ?? 0
    for row in rows {
      lines.append(
        "  \(row.target.padded(to: targetWidth)) = \(row.call.padded(to: callWidth)) : \(row.type)")
    }
    let returned = function.results.map { "%\(quotedIfNeeded(name(of: $0.operand, in: function)))" }
    lines.append("  return \(returned.joined(separator: ", "))".trimmedTrailingSpaces)
    lines.append("}")
    return lines
  }

  private func call(_ operation: Operation, in function: Function) -> String {
    let definition = OpRegistry.definition(of: operation.op)
    var skipped = false
    let operands = operation.operands.enumerated().compactMap { index, operand -> String? in
      guard let operand else {
        skipped = true
        return nil
      }
      let text = "%\(quotedIfNeeded(name(of: operand, in: function)))"
      guard let spec = definition.flatMap({ $0.operands[min(index, $0.operands.count - 1)] }),
        skipped || spec.kind == .optional
      else { return text }
      return "\(spec.name) = \(text)"
    }
    let order = definition?.attributes.map(\.name) ?? []
    let names = operation.attributes.keys.sorted {
      (order.firstIndex(of: $0) ?? order.count, $0) < (order.firstIndex(of: $1) ?? order.count, $1)
    }
    let attributes = names.compactMap { name in operation.attributes[name].map { "\(name) = \($0)" }
    }
    let suffix = attributes.isEmpty ? "" : " {\(attributes.joined(separator: ", "))}"
    return "\(operation.op)(\(operands.joined(separator: ", ")))\(suffix)"
  }

  private func resultText(_ operation: Operation, in function: Function) -> String {
    let types = operation.results.map { "\(function[$0].type)" }
    var text = types.count == 1 ? types[0] : "(\(types.joined(separator: ", ")))"
    if let offset = operation.results.first.flatMap({ function[$0].offset }) {
      text += " at \(offset)"
    }
    if let kernel = operation.kernel { text += " using \(kernel)" }
    return text
  }
}

extension Initializer: CustomStringConvertible {
  public var description: String {
    switch self {
    case .iota: "iota"
    case .splat(let value): "splat(\(value))"
    case .dense(let values): "[\(values.map(\.description).joined(separator: ", "))]"
    case .ropeFrequencies(let base): "rope_frequencies(\(base))"
    case .random(let seed, let scale, let rounded):
      "random(\(seed), \(scale)\(rounded.map { ", \($0.rawValue)" } ?? ""))"
    }
  }
}

/// The name of a result, in quotes unless it is a word.
private func quotedUnlessWord(_ name: String) -> String {
  let isWord = name.utf8.allSatisfy { $0.isNamePart && $0 != UInt8(ascii: ".") }
  let beginsAsNumber = name.utf8.first.map { (0x30...0x39).contains($0) } ?? false
  return quotedIfNeeded(name, isPlain: isWord && !beginsAsNumber)
}

/// A name as the text writes it: in quotes when it has characters that plain names may not hold.
func quotedIfNeeded(_ name: String, isPlain: Bool = true) -> String {
  if isPlain, !name.isEmpty, name.utf8.allSatisfy(\.isNamePart) { return name }
  let escaped = name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  return "\"\(escaped)\""
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    count >= width ? self : self + String(repeating: " ", count: width - count)
  }

  fileprivate var trimmedTrailingSpaces: String {
    var text = self
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }
}
