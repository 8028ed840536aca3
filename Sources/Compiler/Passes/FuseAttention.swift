import IR
import Tensors

extension Pass {
  /// `fuse_attention` recognises scaled dot-product attention, so that the scores of all queries and
  /// keys need no memory.
  static let fuseAttention = Pass(
    "fuse_attention", .reassociating,
    "Recognises matmul, scale, softcap, mask, softmax, matmul as one attention without stored scores.",
    rules: [FuseAttentionRules.attention])
}

enum FuseAttentionRules {
  /// softmax(cap(s·q·kᵀ) + mask)·v => transpose(attention(q, k, v, mask) {scale = s})
  ///
  /// Keys and values whose heads are repeated for groups of query heads are read unrepeated, and a
  /// `causal_mask` becomes an attribute. Does not fire when anything in between is read elsewhere.
  static let attention = RewriteRule("attention", on: ["matmul"]) { anchor, graph in
    guard let match = AttentionMatch(anchor, graph) else { return nil }
    var attributes: Attributes = ["scale": .single(match.scale)]
    attributes["softcap"] = match.softcap.map { .single($0) }
    if match.isCausal { attributes["causal"] = .flag(true) }
    attributes["window"] = match.window.map { .integer($0) }
    var patch = graph.patch()
    let result = try patch.append(
      "attention", [match.q, match.k, match.v, match.mask], attributes)
    let heads = try patch.append("transpose", [result], ["perm": .integers([0, 2, 1, 3])])
    return try patch.replacing(with: heads)
  }
}

/// The parts of an attention, found by walking from the last product back to the queries and keys.
private struct AttentionMatch {
  var q: Operand
  var k: Operand
  var v: Operand
  var mask: Operand?
  var scale = 1.0
  var softcap: Double?
  var isCausal = false
  var window: Int?

  init?(_ product: Operation, _ graph: RewriteGraph) {
    guard !product.isFlagSet("transpose_a"), !product.isFlagSet("transpose_b"),
      let values = product.operands[1],
      let softmax = graph.definition(of: product.operands[0], is: "softmax"),
      graph.isReadOnce(softmax), softmax.axis("axis", rank: 4) == 3,
      var scores = softmax.operands[0], graph.type(of: scores).rank == 4
    else { return nil }
    (q, k, v) = (scores, scores, values)
    takeMasks(&scores, graph)
    takeSoftcap(&scores, graph)
    takeScale(&scores, graph)
    guard let dot = graph.definition(of: scores, is: "matmul"), graph.isReadOnce(dot),
      !dot.isFlagSet("transpose_a"), dot.isFlagSet("transpose_b"), var query = dot.operands[0],
      var key = dot.operands[1]
    else { return nil }
    takeScale(&query, graph)
    takeScale(&key, graph)
    (q, k) = (query, key)
    takeGroups(graph)
    guard fits(product, graph) else { return nil }
  }

  /// scores + mask, once for a causal mask and once for another.
  private mutating func takeMasks(_ scores: inout Operand, _ graph: RewriteGraph) {
    let shape = graph.type(of: scores).shape
    while let sum = graph.definition(of: scores, is: "add"), graph.isReadOnce(sum) {
      // The mask is the summand that is not made from queries and keys.
      let parts = graph.orders(sum).first { part, _ in
        graph.type(of: part).shape == shape && graph.isScore(part)
      }
      guard let (rest, added) = parts, take(mask: added, shape, graph) else { return }
      scores = rest
    }
  }

  private mutating func take(mask added: Operand, _ shape: Shape, _ graph: RewriteGraph) -> Bool {
    if let causal = graph.causalMask(added, queries: shape[2], keys: shape[3]), !isCausal {
      isCausal = true
      window = causal.attributes["window"]?.integer
      return true
    }
    guard mask == nil, graph.type(of: added).element == .f32 else { return false }
    mask = added
    return true
  }

  /// c·tanh(x/c), the division possibly as a product.
  private mutating func takeSoftcap(_ scores: inout Operand, _ graph: RewriteGraph) {
    guard let scaledUp = graph.definition(of: scores, is: "mul"), graph.isReadOnce(scaledUp),
      let (squashed, limit) = graph.scaled(scaledUp), limit > 0,
      let tanh = graph.definition(of: squashed, is: "tanh"), graph.isReadOnce(tanh),
      let ratio = graph.definition(of: tanh.operands[0], is: "div", "mul"), graph.isReadOnce(ratio),
      let (inner, factor) = graph.scaledOrDivided(ratio),
      abs(factor * limit - 1) < 1e-6, graph.keepsShape(ratio, inner)
    else { return }
    softcap = limit
    scores = inner
  }

  /// x·c or x/c; several factors multiply.
  private mutating func takeScale(_ operand: inout Operand, _ graph: RewriteGraph) {
    while let product = graph.definition(of: operand, is: "mul", "div"), graph.isReadOnce(product),
      let (inner, factor) = graph.scaledOrDivided(product), graph.keepsShape(product, inner)
    {
      scale *= factor
      operand = inner
    }
  }

  /// Reads keys and values before their heads are repeated, if both are.
  private mutating func takeGroups(_ graph: RewriteGraph) {
    guard let keys = graph.unrepeated(k), let values = graph.unrepeated(v),
      graph.type(of: keys).shape[1] == graph.type(of: values).shape[1]
    else { return }
    (k, v) = (keys, values)
  }

  /// Whether the parts are what the fused operation takes.
  private func fits(_ product: Operation, _ graph: RewriteGraph) -> Bool {
    let (query, key, value) = (graph.type(of: q), graph.type(of: k), graph.type(of: v))
    let result = graph.type(of: .value(product.result))
    guard [query, key, value].allSatisfy({ $0.rank == 4 && $0.element == .f32 }),
      result.element == .f32, key.shape[0] == query.shape[0],
      Array(key.shape[..<3]) == Array(value.shape[..<3]),
      query.shape[1].dividedExactly(by: key.shape[1]) != nil,
      result.shape == [query.shape[0], query.shape[1], query.shape[2], value.shape[3]]
    else { return false }
    return scale.isFinite
  }
}

extension RewriteGraph {
  /// Whether scores of queries and keys may have led to this value: the way back over arithmetic
  /// with known numbers and masks ends in a product.
  fileprivate func isScore(_ operand: Operand) -> Bool {
    var current: Operand? = operand
    while let operation = definition(of: current) {
      switch operation.op {
      case "matmul": return operation.isFlagSet("transpose_b")
      case "mul", "div", "add", "tanh": current = operation.operands[0]
      default: return false
      }
    }
    return false
  }

  /// The `causal_mask` that an operand is, perhaps with axes of extent 1 in front.
  fileprivate func causalMask(_ operand: Operand, queries: Dim, keys: Dim) -> Operation? {
    var current: Operand? = operand
    while let view = definition(of: current, is: "reshape", "broadcast") {
      let shape = type(of: .value(view.result)).shape
      guard shape.suffix(2) == [queries, keys] else { return nil }
      current = view.operands[0]
    }
    guard let mask = definition(of: current, is: "causal_mask"),
      mask.attributes["queries"]?.dimension == queries, mask.attributes["keys"]?.dimension == keys
    else { return nil }
    return mask
  }

  /// x and c for x·c, c·x, or x/(1/c).
  fileprivate func scaledOrDivided(_ operation: Operation) -> (operand: Operand, factor: Double)? {
    if operation.op == "mul" { return scaled(operation) }
    guard let x = operation.operands[0], let divisor = scalar(operation.operands[1]), divisor != 0
    else { return nil }
    return (x, 1 / divisor)
  }

  fileprivate func keepsShape(_ operation: Operation, _ operand: Operand) -> Bool {
    type(of: .value(operation.result)) == type(of: operand)
  }

  /// The [B, H/g, L, D] value whose heads are each repeated g times by
  /// reshape [B, H/g, 1, L, D], broadcast [B, H/g, g, L, D], contiguous, reshape [B, H, L, D].
  fileprivate func unrepeated(_ operand: Operand) -> Operand? {
    let repeated = type(of: operand).shape
    guard repeated.count == 4, let merge = definition(of: skippingCopy(operand), is: "reshape"),
      let broadcast = definition(of: skippingCopy(merge.operands[0]), is: "broadcast"),
      let split = definition(of: broadcast.operands[0], is: "reshape"), let base = split.operands[0]
    else { return nil }
    let (wide, single) = (
      type(of: .value(broadcast.result)).shape, type(of: .value(split.result)).shape
    )
    let heads = type(of: base).shape
    guard heads.count == 4, wide.count == 5, single == [heads[0], heads[1], 1, heads[2], heads[3]],
      [wide[0], wide[1], wide[3], wide[4]] == heads,
      let merged = try? wide[1] * wide[2], repeated == [wide[0], merged, wide[3], wide[4]]
    else { return nil }
    return base
  }

  private func skippingCopy(_ operand: Operand?) -> Operand? {
    definition(of: operand, is: "contiguous")?.operands[0] ?? operand
  }
}
