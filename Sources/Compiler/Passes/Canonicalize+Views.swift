import IR
import Tensors

/// Reshapes move to where they meet others: in front of transposes, behind what treats rows alike.
extension CanonicalizeRules {
  static let reshapedTranspose = RewriteRule(
    "reshaped_transpose", on: ["reshape"],
    "reshape(transpose(x)) => transpose(reshape(x)) when the reshape splits and merges only "
      + "axes that are neighbours in x, in the same order: heads that are merged with the batch "
      + "and split again then disappear."
  ) { anchor, graph in
    guard let transpose = graph.definition(of: anchor["x"], is: "transpose"),
      let x = transpose["x"], let permutation = transpose.attributes["perm"]?.integers,
      let groups = AxisGroups(
        graph.type(of: .value(transpose.result)).shape,
        graph.type(of: .value(anchor.result)).shape),
      let (shape, order) = groups.moved(before: permutation),
      try graph.layout(of: x).strides(viewing: graph.type(of: x).shape, as: shape) != nil
    else { return nil }
    var patch = graph.patch()
    let reshaped = try patch.append("reshape", [x], ["shape": .dimensions(shape)])
    guard order != Array(order.indices) else { return try patch.replacing(with: reshaped) }
    let result = try patch.append("transpose", [reshaped], ["perm": .integers(order)])
    return try patch.replacing(with: result)
  }

  static let reshapedRows = RewriteRule(
    "reshaped_rows", on: ["matmul"],
    "matmul(reshape(x), w) => reshape(matmul(x, w)) for one matrix w, when the reshape "
      + "leaves rows whole"
  ) { anchor, graph in
    guard let weight = anchor["b"], graph.type(of: weight).rank == 2,
      !anchor.isFlagSet("transpose_a"),
      let x = graph.reshapedRows(anchor["a"], readOnce: false),
      graph.type(of: x).rank >= 2
    else { return nil }
    return try graph.reshapedLater(anchor, [x, weight])
  }

  static let reshapedElements = RewriteRule(
    "reshaped_elements", on: OpRegistry.elementwise,
    "f(reshape(x)) => reshape(f(x)), for an f of single elements whose other operands, if "
      + "any, are numbers, one number for each column, or reshaped alike"
  ) { anchor, graph in
    let type = graph.type(of: .value(anchor.result))
    var shape: Shape?
    var operands = anchor.operands
    for (index, operand) in anchor.operands.enumerated() {
      guard let operand else { return nil }
      let operandShape = graph.type(of: operand).shape
      if let x = graph.reshapedRows(operand), operandShape == type.shape {
        guard shape == nil || shape == graph.type(of: x).shape else { return nil }
        shape = graph.type(of: x).shape
        operands[index] = x
      } else if operandShape.count > 1
        || (operandShape.count == 1 && !operandShape[0].isOne && operandShape[0] != type.shape.last)
      {
        return nil
      }
    }
    guard shape != nil else { return nil }
    return try graph.reshapedLater(anchor, operands)
  }
}

extension RewriteGraph {
  /// x when an operand is a reshape of x that keeps the last axis.
  func reshapedRows(_ operand: Operand?, readOnce: Bool = true) -> Operand? {
    guard let reshape = definition(of: operand, is: "reshape"), !readOnce || isReadOnce(reshape),
      let x = reshape["x"], let width = type(of: x).shape.last,
      width == type(of: .value(reshape.result)).shape.last
    else { return nil }
    return x
  }

  /// The anchor's operation on other operands, its result reshaped to what it was.
  fileprivate func reshapedLater(_ anchor: Operation, _ operands: [Operand?]) throws -> Patch {
    var patch = patch()
    let inner = try patch.append(anchor.op, operands, anchor.attributes)
    let shape = type(of: .value(anchor.result)).shape
    let result = try patch.append("reshape", [inner], ["shape": .dimensions(shape)])
    return try patch.replacing(with: result)
  }
}

/// The axes before and after a reshape, in the smallest groups that hold the same elements.
struct AxisGroups {
  private var groups: [(before: Range<Int>, after: Range<Int>)] = []
  private let result: Shape

  /// nil when sizes do not tell which axes belong together.
  init?(_ old: Shape, _ new: Shape) {
    result = new
    var (i, j) = (0, 0)
    while i < old.count || j < new.count {
      let start = (i, j)
      if i < old.count, j < new.count, old[i] == new[j] {
        (i, j) = (i + 1, j + 1)
      } else if i < old.count, old[i].isOne {
        i += 1
      } else if j < new.count, new[j].isOne {
        j += 1
      } else {
        guard i < old.count, j < new.count else { return nil }
        var (left, right) = (old[i], new[j])
        (i, j) = (i + 1, j + 1)
        while left != right {
          if i < old.count, right.dividedExactly(by: left) != nil, let next = try? left * old[i] {
            (left, i) = (next, i + 1)
          } else if j < new.count, left.dividedExactly(by: right) != nil,
            let next = try? right * new[j]
          {
            (right, j) = (next, j + 1)
          } else {
            return nil
          }
        }
      }
      groups.append((start.0..<i, start.1..<j))
    }
  }

  /// The shape to which a source is reshaped before it is transposed, and the permutation that then
  /// gives the result; nil when a group's axes are no neighbours in the source.
  ///
  /// - Parameter permutation: makes the shape before the reshape from the source's.
  func moved(before permutation: [Int]) -> (shape: Shape, order: [Int])? {
    var places: [(source: Int, after: Range<Int>)] = []
    var last = -1
    for group in groups {
      let axes = group.before.map { permutation[$0] }
      guard zip(axes, axes.dropFirst()).allSatisfy({ $0 + 1 == $1 }) else { return nil }
      // A new axis of extent 1 stands behind what it follows.
      let source = axes.first ?? last
      last = axes.last ?? last
      places.append((source, group.after))
    }
    let sorted = places.enumerated().sorted {
      ($0.element.source, $0.offset) < ($1.element.source, $1.offset)
    }
    let axes = sorted.flatMap { Array($0.element.after) }
    var order = [Int](repeating: 0, count: axes.count)
    for (position, axis) in axes.enumerated() { order[axis] = position }
    return (axes.map { result[$0] }, order)
  }
}
