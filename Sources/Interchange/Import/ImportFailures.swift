import Inputs

/// All that stands in the way of importing a model, to be told in one line.
struct ImportFailures {
  private var unsupported: [(op: String, nodes: [String])] = []
  private var problems: [String] = []
  private var passedOver = 0

  var isEmpty: Bool { unsupported.isEmpty && problems.isEmpty }

  mutating func addUnsupported(_ op: String, _ node: ONNXNode) {
    let name = node.name.isEmpty ? node.outputs.first ?? "" : node.name
    if let index = unsupported.firstIndex(where: { $0.op == op }) {
      unsupported[index].nodes.append(name)
    } else {
      unsupported.append((op, [name]))
    }
  }

  mutating func add(_ node: String, _ problem: String) {
    if problems.count < 20 {
      problems.append("\(node): \(problem)")
    } else {
      passedOver += 1
    }
  }

  /// `operators that are not supported: Loop (node "a"), Foo (nodes "b", "c" and 7 more); node …`
  var description: String {
    var parts: [String] = []
    if !unsupported.isEmpty {
      let list = unsupported.map { entry in
        let shown = entry.nodes.prefix(3).map { "\"\($0.printable)\"" }.joined(separator: ", ")
        let more = entry.nodes.count > 3 ? " and \(entry.nodes.count - 3) more" : ""
        return
          "\(entry.op.printable) (\(entry.nodes.count == 1 ? "node" : "nodes") \(shown)\(more))"
      }
      parts.append(
        "operators that are not supported: \(list.joined(separator: ", ")); export the model "
          + "without them")
    }
    parts += problems
    if passedOver > 0 { parts.append("and \(passedOver) more nodes") }
    return parts.joined(separator: "; ")
  }
}
