import IR
import Tensors

extension Pass {
  /// `fuse_attention` recognises scaled dot-product attention, so that the scores of all queries and
  /// keys need no memory.
  static let fuseAttention = Pass(
    "fuse_attention", .reassociating,
    "Recognises matmul, scale, softcap, mask, softmax, matmul as one attention without stored scores.",
    rules: [FuseAttentionRules.scaledFactor, FuseAttentionRules.attention])
}

enum FuseAttentionRules {
  static let scaledFactor = RewriteRule(
    "scaled_factor", on: ["matmul"],
    "matmul(q·c, k·d) => matmul(q, k)·(c·d) for known numbers, also where views of the "
      + "factors stand in between. Weights stay alone with their input."
  ) { anchor, graph in
    guard anchor.operands.allSatisfy({ $0.map { graph.type(of: $0).rank > 2 } ?? false }) else {
      return nil
    }
    var patch = graph.patch()
    var operands = anchor.operands
    var scale = 1.0
    for (index, operand) in anchor.operands.enumerated() {
      guard let operand, let (factor, number) = try graph.withoutScale(operand, &patch) else {
        continue
      }
      operands[index] = factor
      scale *= number
    }
    guard operands != anchor.operands, Float(scale).isFinite else { return nil }
    let product = try patch.append("matmul", operands, anchor.attributes)
    let constant = try patch.append("constant", [], ["value": .single(scale)])
    let result = try patch.append("mul", [product, constant])
    return try patch.replacing(with: result)
  }

  static let attention = RewriteRule(
    "attention", on: ["matmul"],
    "softmax(cap(s·q·kᵀ) + mask)·v => transpose(attention(q, k, v, mask) {scale = s}). Keys "
      + "and values whose heads are repeated for groups of query heads are read unrepeated, and "
      + "a `causal_mask` becomes an attribute. Scores that are replaced by numbers far below "
      + "all others are masked as well. Without an axis of heads, [B, T, D], there is one head. "
      + "Does not fire when anything in between is read elsewhere."
  ) { anchor, graph in
    guard let match = AttentionMatch(anchor, graph) else { return nil }
    var attributes: Attributes = ["scale": .single(match.scale)]
    attributes["softcap"] = match.softcap.map { .single($0) }
    if match.isCausal { attributes["causal"] = .flag(true) }
    attributes["window"] = match.window.map { .integer($0) }
    var patch = graph.patch()
    let type = graph.type(of: .value(anchor.result))
    guard let factors = try match.factors(of: type, &patch, graph) else { return nil }
    let result = try patch.append(
      "attention", factors + [match.mask(&patch, graph)], attributes)
    let heads = try patch.append("transpose", [result], ["perm": .integers([0, 2, 1, 3])])
    let merged =
      type.rank == 4
      ? heads : try patch.append("reshape", [heads], ["shape": .dimensions(type.shape)])
    return try patch.replacing(with: merged)
  }
}

extension RewriteGraph {
  /// An operand computed without its known factors, and their product; nil when there are none.
  fileprivate func withoutScale(
    _ operand: Operand, _ patch: inout PatchBuilder
  ) throws -> (operand: Operand, scale: Double)? {
    var (current, scale) = (operand, 1.0)
    // From the operand inwards. In the place of a factor there is a copy, since a product lies row-major.
    var steps: [(op: String, attributes: Attributes)] = []
    while let operation = definition(of: current), isReadOnce(operation),
      let inner = operation.operands.first ?? nil
    {
      if ["mul", "div"].contains(operation.op) {
        guard let (factor, number) = scaledOrDivided(operation), keepsShape(operation, factor)
        else {
          break
        }
        (current, scale) = (factor, scale * number)
        steps.append(("contiguous", [:]))
      } else if ["reshape", "transpose", "broadcast", "contiguous"].contains(operation.op) {
        steps.append((operation.op, operation.attributes))
        current = inner
      } else {
        break
      }
    }
    guard scale != 1 else { return nil }
    for (place, step) in steps.reversed().enumerated() {
      if place == 0, step.op == "contiguous", try isContiguous(current) { continue }
      current = try patch.append(step.op, [current], step.attributes)
    }
    return (current, scale)
  }

  /// x and c for x·c, c·x, or x/(1/c).
  func scaledOrDivided(_ operation: Operation) -> (operand: Operand, factor: Double)? {
    if operation.op == "mul" { return scaled(operation) }
    guard let x = operation["a"], let divisor = scalar(operation["b"]), divisor != 0
    else { return nil }
    return (x, 1 / divisor)
  }

  func keepsShape(_ operation: Operation, _ operand: Operand) -> Bool {
    type(of: .value(operation.result)) == type(of: operand)
  }
}
