import IR
import Tensors

extension Pass {
  /// `fuse_rope` recognises rotary position embedding by halves.
  static let fuseRope = Pass(
    "fuse_rope", .reassociating,
    "Recognises x*cos + rotate_half(x)*sin.",
    rules: [FuseRopeRules.rope])
}

enum FuseRopeRules {
  static let rope = RewriteRule(
    "rope", on: ["add"],
    "x·cos + concat(-x[D/2..<D], x[0..<D/2])·sin => rope(x, cos, sin)"
  ) { anchor, graph in
    for (straight, sideways) in graph.orders(anchor) {
      guard let first = graph.definition(of: straight, is: "mul"), graph.isReadOnce(first),
        let second = graph.definition(of: sideways, is: "mul"), graph.isReadOnce(second)
      else { continue }
      for (turned, sin) in graph.orders(second) {
        guard let x = graph.halvesTurned(turned) else { continue }
        for (operand, cos) in graph.orders(first) where operand == x {
          guard graph.isRopeTable(cos, for: x), graph.isRopeTable(sin, for: x) else { continue }
          var patch = graph.patch()
          let rope = try patch.append("rope", [x, cos, sin])
          return try patch.replacing(with: rope)
        }
      }
    }
    return nil
  }
}

extension RewriteGraph {
  /// x when the operand is [-x₂, x₁] for the halves of x's last axis, read here only.
  fileprivate func halvesTurned(_ operand: Operand) -> Operand? {
    guard let turned = definition(of: operand, is: "concat"), isReadOnce(turned),
      turned.operands.count == 2, let negated = definition(of: turned.operands[0], is: "neg"),
      isReadOnce(negated),
      let second = definition(of: negated["x"], is: "slice"),
      let first = definition(of: turned.operands[1], is: "slice"), let x = first["x"],
      second["x"] == x
    else { return nil }
    let type = type(of: x)
    let last = type.rank - 1
    guard let width = type.shape.last?.constant, width % 2 == 0,
      [turned, first, second].allSatisfy({ $0.axis("axis", rank: type.rank) == last }),
      isSlice(first, from: 0, to: width / 2), isSlice(second, from: width / 2, to: width)
    else { return nil }
    return x
  }

  private func isSlice(_ operation: Operation, from start: Int, to end: Int) -> Bool {
    operation.attributes["start"]?.integer == start && operation.attributes["end"]?.integer == end
  }

  /// Whether a table has one angle per feature of x, which has the axes that the kernel walks, and
  /// broadcasts to it.
  fileprivate func isRopeTable(_ operand: Operand, for x: Operand) -> Bool {
    let (table, target) = (type(of: operand), type(of: x))
    return target.rank <= 4 && table.element == target.element
      && table.shape.last == target.shape.last
      && (try? OpRules.broadcast(table.shape, target.shape)) == target.shape
  }
}
