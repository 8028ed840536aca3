import IR
import Tensors

/// A module as Graphviz draws it: a cluster for each function and in it one for each layer, edges
/// labelled with shapes, weights small and pale, fused operations coloured.
public struct DOTGraph {
  private let module: Module
  private let functions: [Function]
  private var lines: [String] = []

  /// - Parameter name: draws only this function.
  public init(_ module: Module, function name: String? = nil) {
    self.module = module
    functions = module.functions.filter { name == nil || $0.name == name }
  }

  /// The graph in Graphviz's language, for `dot`.
  public var text: String {
    var graph = self
    graph.lines = [
      "digraph \(quoted(module.name)) {",
      "  graph [rankdir = TB, nodesep = 0.25, ranksep = 0.35, fontname = \"Helvetica\", compound = true];",
      "  node [shape = box, style = \"rounded,filled\", fontname = \"Helvetica\", fontsize = 11,"
        + " margin = \"0.12,0.06\", color = \"#7a8794\", fillcolor = \"#f4f6f8\"];",
      "  edge [fontname = \"Helvetica\", fontsize = 8, fontcolor = \"#5b6670\", color = \"#7a8794\","
        + " arrowsize = 0.6];",
    ]
    for (index, function) in functions.enumerated() { graph.append(function, index) }
    graph.lines.append("}")
    return graph.lines.joined(separator: "\n") + "\n"
  }

  private mutating func append(_ function: Function, _ index: Int) {
    lines.append("  subgraph cluster_f\(index) {")
    lines.append(
      "    label = \(quoted("@" + function.name)); style = rounded; color = \"#9aa5b1\";")
    for id in function.parameters {
      let value = function[id]
      let label = "%\(value.name)\n\(value.type)"
      lines.append(
        "    f\(index)v\(id.index) [label = \(quoted(label)), shape = oval, fillcolor = \"#e8f3ea\"];"
      )
    }
    for (number, layer) in layers(of: function).enumerated() {
      let inset = layer.name == nil ? "    " : "      "
      if let name = layer.name {
        lines.append("    subgraph cluster_f\(index)_\(number) {")
        lines.append(
          "      label = \(quoted(name)); style = \"rounded,filled\"; color = \"#d5dbe1\";"
            + " fillcolor = \"#fbfcfd\"; fontsize = 10;")
      }
      for operation in layer.operations {
        lines.append(inset + node(operation, in: function, index))
      }
      if layer.name != nil { lines.append("    }") }
    }
    appendWeights(function, index)
    let owners = owners(in: function)
    for operation in function.operations { appendEdges(operation, in: function, index, owners) }
    appendResults(function, index, owners)
    lines.append("  }")
  }

  /// The operations by layer, in the order in which layers begin. One operation makes no cluster.
  private func layers(of function: Function) -> [(name: String?, operations: [Operation])] {
    var order: [String] = []
    var members: [String: [Operation]] = [:]
    var alone: [Operation] = []
    let names = function.operations.map { function[$0.result].name }
    let known = Set(names.compactMap(NameScope.layer))
    for (operation, name) in zip(function.operations, names) {
      // The result of a layer often has the layer's name.
      guard let layer = NameScope.layer(of: name) ?? (known.contains(name) ? name : nil) else {
        alone.append(operation)
        continue
      }
      if members[layer] == nil { order.append(layer) }
      members[layer, default: []].append(operation)
    }
    var result: [(name: String?, operations: [Operation])] = []
    for layer in order {
      let operations = members[layer] ?? []
      if operations.count == 1 { alone += operations } else { result.append((layer, operations)) }
    }
    return result + [(nil, alone)]
  }

  private func node(_ operation: Operation, in function: Function, _ index: Int) -> String {
    let value = function[operation.result]
    var label = "\(operation.op)\n%\(value.name)"
    if let kernel = operation.kernel, kernel != operation.op { label += "\nkernel \(kernel)" }
    let group = OpRegistry.definition(of: operation.op)?.group
    let look =
      switch group {
      case .fused: ", fillcolor = \"#ffd9b3\", color = \"#c9772b\""
      case .model: ", fillcolor = \"#d6e6fb\", color = \"#4f7fb8\""
      case .state: ", fillcolor = \"#e3dcf5\", color = \"#7b64b0\""
      case .view: ", style = \"rounded,dashed\", fontcolor = \"#5b6670\""
      case .data, .math, nil: ""
      }
    let attributes = operation.attributes.sorted { $0.key < $1.key }
      .map { "\($0.key) = \($0.value)" }
    let tooltip = (["\(value.type)"] + attributes).joined(separator: ", ")
    return "f\(index)v\(operation.result.index) [label = \(quoted(label)), "
      + "tooltip = \(quoted(tooltip))\(look)];"
  }

  /// Tensors of the module that the function reads: once for each reader, so that no edge crosses the
  /// whole picture.
  private mutating func appendWeights(_ function: Function, _ index: Int) {
    for operation in function.operations {
      for (position, operand) in operation.operands.enumerated() {
        guard let id = operand?.tensor else { continue }
        let (tensor, reader) = (module.tensor(id), "f\(index)v\(operation.result.index)")
        let weight = "f\(index)w\(operation.result.index)_\(position)"
        let color = tensor.kind == .state ? "#7b64b0" : "#98a2ab"
        lines.append(
          "    \(weight) [label = \(quoted("\(tensor.name.lastComponents)\n\(tensor.type)")), "
            + "tooltip = \(quoted(tensor.name)), shape = plain, style = \"\", fontsize = 7, "
            + "fontcolor = \"\(color)\"];")
        lines.append("    \(weight) -> \(reader) [color = \"#c9d0d6\", arrowsize = 0.4];")
      }
    }
  }

  private mutating func appendEdges(
    _ operation: Operation, in function: Function, _ index: Int, _ owners: [Int]
  ) {
    for case .some(.value(let id)) in operation.operands {
      let label = function[id].type.shape.map(\.description).joined(separator: "×")
      lines.append(
        "    f\(index)v\(owners[id.index]) -> f\(index)v\(operation.result.index)"
          + " [label = \(quoted(label))];")
    }
  }

  private mutating func appendResults(_ function: Function, _ index: Int, _ owners: [Int]) {
    for (number, result) in function.results.enumerated() {
      let type = module.type(of: result.operand, in: function)
      let label = "\(result.name ?? "result \(number)")\n\(type)"
      lines.append(
        "    f\(index)r\(number) [label = \(quoted(label)), shape = oval, fillcolor = \"#fbe9e7\"];"
      )
      switch result.operand {
      case .value(let id): lines.append("    f\(index)v\(owners[id.index]) -> f\(index)r\(number);")
      case .tensor(let id):
        lines.append(
          "    f\(index)t\(number) [label = \(quoted(module.tensor(id).name)), shape = plain];")
        lines.append("    f\(index)t\(number) -> f\(index)r\(number);")
      }
    }
  }

  /// The value whose node stands for each value: the first result of its operation, or itself.
  private func owners(in function: Function) -> [Int] {
    var owners = Array(function.values.indices)
    for operation in function.operations {
      for id in operation.results { owners[id.index] = operation.result.index }
    }
    return owners
  }

  /// A string of Graphviz's language; line breaks stay line breaks.
  private func quoted(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: "\\n")
    return "\"\(escaped)\""
  }
}

extension String {
  /// The end of a long dotted name.
  fileprivate var lastComponents: String {
    let parts = split(separator: ".")
    return parts.count > 2 ? parts.suffix(2).joined(separator: ".") : self
  }
}
