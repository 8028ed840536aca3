import IR

/// What an operation computes: everything about it but its results.
struct Expression: Hashable {
  let op: String
  let operands: [Operand?]
  /// Without those that equal the default.
  let attributes: Attributes

  init(_ operation: Operation) {
    op = operation.op
    operands = operation.operands
    let defaults = OpRegistry.definition(of: op)?.attributes ?? []
    attributes = operation.attributes.filter { name, value in
      defaults.first { $0.name == name }?.fallback != value
    }
  }
}

/// Finds operations that compute the same, whatever the number of readers of their operands.
///
/// Holds only the operations of one op, since each change of an operand costs a hash.
struct ExpressionIndex {
  let op: String
  private var nodes: [Expression: [Int]] = [:]

  init(op: String) { self.op = op }

  /// The nodes whose operations compute what this one does, itself included.
  func nodes(like operation: Operation) -> [Int] {
    nodes[Expression(operation), default: []]
  }

  mutating func insert(_ node: Int, _ operation: Operation) {
    guard operation.op == op else { return }
    nodes[Expression(operation), default: []].append(node)
  }

  mutating func remove(_ node: Int, _ operation: Operation) {
    guard operation.op == op else { return }
    nodes[Expression(operation)]?.removeAll { $0 == node }
  }
}
