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
/// Holds only the operations of one op, since each insertion costs a hash. Nodes are never removed: who
/// looks one up checks whether it still computes the expression.
struct ExpressionIndex {
  let op: String
  private var nodes: [Expression: [Int]] = [:]

  init(op: String) { self.op = op }

  /// Nodes that compute or once computed an expression, in the order of their insertion.
  func nodes(of expression: Expression) -> [Int] { nodes[expression, default: []] }

  mutating func insert(_ node: Int, _ operation: Operation) {
    guard operation.op == op else { return }
    nodes[Expression(operation), default: []].append(node)
  }
}
