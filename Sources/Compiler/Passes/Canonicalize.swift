import IR
import Tensors

extension Pass {
  /// `canonicalize` brings every operation to one spelling and removes those that do nothing.
  static let canonicalize = Pass(
    "canonicalize", .exact,
    "Brings operations to one spelling and removes those that do nothing.",
    rules: CanonicalizeRules.all)
}

/// Each rule makes the graph smaller, or closer to the one spelling that the other passes look for.
/// None changes rounding.
enum CanonicalizeRules {
  static let all = [
    defaultAttribute, constantLeft, neutralElement, doubleNegation, sameCast, singleConcat,
    sameShapeView, nestedReshape, nestedTranspose, nestedBroadcast, nestedSlice,
    unitTranspose, reshapedTranspose, reshapedRows, reshapedElements, needlessCopy,
    transposedFactor,
  ]

  static let defaultAttribute = RewriteRule(
    "default_attribute", on: [],
    "op(x) {a = default} => op(x)"
  ) { anchor, graph in
    let defaults = OpRegistry.definition(of: anchor.op)?.attributes ?? []
    let kept = anchor.attributes.filter { name, value in
      defaults.first { $0.name == name }?.fallback != value
    }
    guard kept.count < anchor.attributes.count else { return nil }
    return try graph.respelled(anchor, anchor.operands, kept)
  }

  static let constantLeft = RewriteRule(
    "constant_left", on: ["add", "mul", "maximum", "minimum", "equal"],
    "c + x => x + c"
  ) { anchor, graph in
    guard graph.rank(anchor["a"]) > graph.rank(anchor["b"]) else { return nil }
    return try graph.respelled(anchor, anchor.operands.reversed(), anchor.attributes)
  }

  static let neutralElement = RewriteRule(
    "neutral_element", on: ["add", "sub", "mul", "div", "pow"],
    "x + 0 => x, x - 0 => x, x·1 => x, x/1 => x, x¹ => x"
  ) { anchor, graph in
    let neutral = anchor.op == "add" || anchor.op == "sub" ? 0.0 : 1.0
    guard let x = anchor["a"], graph.scalar(anchor["b"]) == neutral,
      graph.type(of: x) == graph.type(of: .value(anchor.result))
    else { return nil }
    return try graph.replacing(with: x)
  }

  static let doubleNegation = RewriteRule(
    "double_negation", on: ["neg"],
    "-(-x) => x"
  ) { anchor, graph in
    guard let inner = graph.definition(of: anchor["x"], is: "neg"),
      let x = inner["x"], graph.type(of: x) == graph.type(of: .value(anchor.result))
    else { return nil }
    return try graph.replacing(with: x)
  }

  static let sameCast = RewriteRule(
    "same_cast", on: ["cast"],
    "cast(x) to its own type => x"
  ) { anchor, graph in
    try graph.operandIfSameType(anchor)
  }

  static let singleConcat = RewriteRule(
    "single_concat", on: ["concat"],
    "concat(x) => x"
  ) { anchor, graph in
    anchor.operands.count == 1 ? try graph.operandIfSameType(anchor) : nil
  }

  static let sameShapeView = RewriteRule(
    "same_shape_view", on: ["reshape", "broadcast", "slice", "transpose"],
    "reshape(x), broadcast(x) or slice(x) of x's own shape => x; a transpose that moves "
      + "nothing => x"
  ) { anchor, graph in
    if let permutation = anchor.attributes["perm"]?.integers,
      permutation != Array(permutation.indices)
    {
      return nil
    }
    return try graph.operandIfSameType(anchor)
  }

  static let nestedReshape = RewriteRule(
    "nested_reshape", on: ["reshape"],
    "reshape(reshape(x)) => reshape(x)"
  ) { anchor, graph in
    guard let inner = graph.definition(of: anchor["x"], is: "reshape") else { return nil }
    return try graph.respelled(anchor, inner.operands, anchor.attributes)
  }

  static let nestedTranspose = RewriteRule(
    "nested_transpose", on: ["transpose"],
    "transpose(transpose(x)) => transpose(x) by the composed permutation"
  ) { anchor, graph in
    guard let inner = graph.definition(of: anchor["x"], is: "transpose"),
      let first = inner.attributes["perm"]?.integers,
      let second = anchor.attributes["perm"]?.integers
    else { return nil }
    return try graph.respelled(
      anchor, inner.operands, ["perm": .integers(second.map { first[$0] })])
  }

  static let nestedBroadcast = RewriteRule(
    "nested_broadcast", on: ["broadcast"],
    "broadcast(broadcast(x)) => broadcast(x)"
  ) { anchor, graph in
    guard let inner = graph.definition(of: anchor["x"], is: "broadcast") else { return nil }
    return try graph.respelled(anchor, inner.operands, anchor.attributes)
  }

  static let nestedSlice = RewriteRule(
    "nested_slice", on: ["slice"],
    "slice(slice(x)) along one axis => slice(x)"
  ) { anchor, graph in
    guard let inner = graph.definition(of: anchor["x"], is: "slice"),
      let x = inner["x"],
      let axis = inner.axis("axis", rank: graph.type(of: x).rank),
      anchor.axis("axis", rank: graph.type(of: x).rank) == axis,
      let shift = inner.attributes["start"]?.dimension,
      let start = anchor.attributes["start"]?.dimension,
      let end = anchor.attributes["end"]?.dimension
    else { return nil }
    return try graph.respelled(
      anchor, [x],
      [
        "axis": .integer(axis), "start": .dimension(try shift + start),
        "end": .dimension(try shift + end),
      ])
  }

  static let unitTranspose = RewriteRule(
    "unit_transpose", on: ["transpose"],
    "A transpose that keeps the order of all axes longer than 1 => reshape"
  ) { anchor, graph in
    guard let x = anchor["x"], let permutation = anchor.attributes["perm"]?.integers else {
      return nil
    }
    let type = graph.type(of: .value(anchor.result))
    let moved = permutation.filter { !graph.type(of: x).shape[$0].isOne }
    guard moved == moved.sorted(),
      try graph.layout(of: x).strides(viewing: graph.type(of: x).shape, as: type.shape) != nil
    else { return nil }
    return try graph.respelled(
      anchor, as: "reshape", [x], ["shape": .dimensions(type.shape)])
  }

  static let needlessCopy = RewriteRule(
    "needless_copy", on: ["contiguous"],
    "contiguous(x) => x when x lies row-major already"
  ) { anchor, graph in
    guard let x = anchor["x"], try graph.isContiguous(x),
      try !graph.needsCopy(of: x, anchor)
    else { return nil }
    return try graph.replacing(with: x)
  }

  static let transposedFactor = RewriteRule(
    "transposed_factor", on: ["matmul"],
    "A transpose of a factor's last two axes => the factor's transpose flag"
  ) { anchor, graph in
    for (factor, flag) in [("a", "transpose_a"), ("b", "transpose_b")] {
      guard let transpose = graph.definition(of: anchor[factor], is: "transpose"),
        let permutation = transpose.attributes["perm"]?.integers,
        permutation == permutation.indices.swappingLastTwo()
      else { continue }
      var attributes = anchor.attributes
      attributes[flag] = anchor.isFlagSet(flag) ? nil : .flag(true)
      return try graph.respelled(
        anchor, anchor.operands(with: [factor: transpose["x"]]), attributes)
    }
    return nil
  }
}

extension RewriteGraph {
  /// The patch that computes the anchor's result by another spelling.
  func respelled(
    _ anchor: Operation, as op: String? = nil, _ operands: [Operand?], _ attributes: Attributes
  ) throws -> Patch {
    var patch = patch()
    let result = try patch.append(op ?? anchor.op, operands, attributes)
    return try patch.replacing(with: result)
  }

  /// Replaces an operation by its first operand when that has the result's type.
  fileprivate func operandIfSameType(_ anchor: Operation) throws -> Patch? {
    guard let x = anchor.operands.first ?? nil, type(of: x) == type(of: .value(anchor.result))
    else {
      return nil
    }
    return try replacing(with: x)
  }

  /// Orders the operands of a commutative operation: computed values, then tensors, then constants.
  fileprivate func rank(_ operand: Operand?) -> Int {
    if scalar(operand) != nil { return 2 }
    return operand?.tensor == nil ? 0 : 1
  }
}

extension Collection<Int> {
  /// 0, 1, …, n - 1, n - 2: the permutation that swaps the last two axes.
  func swappingLastTwo() -> [Int] {
    var order = Array(self)
    if count >= 2 { order.swapAt(count - 1, count - 2) }
    return order
  }
}
