import IR
import Tensors

/// The parts of an attention, found by walking from the last product back to the queries and keys.
struct AttentionMatch {
  /// What is done to scores before the softmax.
  private enum Mask {
    case added(Operand)
    /// Scores become `number` where `condition` is `value`.
    case replaced(condition: Operand, value: Bool, number: Double)
  }

  /// Numbers below this swallow every score that is added to them, in f32 and f64.
  private static let farBelow = -1e30

  private var q: Operand
  private var k: Operand
  private var v: Operand
  private var keysAreTransposed = false
  private var masks: [Mask] = []
  private(set) var scale = 1.0
  private(set) var softcap: Double?
  private(set) var isCausal = false
  private(set) var window: Int?

  init?(_ product: Operation, _ graph: RewriteGraph) {
    guard !product.isFlagSet("transpose_a"), !product.isFlagSet("transpose_b"),
      let weights = product["a"], let values = product["b"],
      let softmax = graph.softmax(weights), var scores = softmax["x"]
    else { return nil }
    let rank = graph.type(of: scores).rank
    guard softmax.axis("axis", rank: rank) == rank - 1 else { return nil }
    (q, k, v) = (scores, scores, values)
    takeMasks(&scores, graph)
    takeSoftcap(&scores, graph)
    takeScale(&scores, graph)
    guard let dot = graph.definition(of: scores, is: "matmul"), graph.isReadOnce(dot),
      !dot.isFlagSet("transpose_a"), let query = dot["a"], let key = dot["b"]
    else { return nil }
    (q, k, keysAreTransposed) = (query, key, !dot.isFlagSet("transpose_b"))
    guard Float(scale).isFinite else { return nil }
    if keysAreTransposed, let keys = graph.turnedBack(k) {
      (k, keysAreTransposed) = (keys, false)
    }
  }

  /// Masks, from the last to the first: scores + mask, or a number instead of scores.
  private mutating func takeMasks(_ scores: inout Operand, _ graph: RewriteGraph) {
    let shape = graph.type(of: scores).shape
    while let operation = graph.definition(of: scores, is: "add", "where"),
      graph.isReadOnce(operation)
    {
      let rest =
        operation.op == "add" ? take(sum: operation, shape, graph) : take(choice: operation, graph)
      guard let rest, graph.type(of: rest).shape == shape else { return }
      scores = rest
    }
  }

  /// The mask is the summand that is not made from queries and keys.
  private mutating func take(sum: Operation, _ shape: Shape, _ graph: RewriteGraph) -> Operand? {
    let parts = graph.orders(sum).first { part, _ in
      graph.type(of: part).shape == shape && graph.isScore(part)
    }
    guard let (rest, added) = parts else { return nil }
    if let causal = graph.causalMask(added, shape), !isCausal {
      isCausal = true
      window = causal.attributes["window"]?.integer
      return rest
    }
    guard graph.type(of: added).element == .f32 else { return nil }
    masks.append(.added(added))
    return rest
  }

  private mutating func take(choice: Operation, _ graph: RewriteGraph) -> Operand? {
    guard let condition = choice["condition"] else { return nil }
    for (kept, replaced) in [("a", "b"), ("b", "a")] {
      guard let scores = choice[kept], let number = graph.scalar(choice[replaced]),
        number <= Self.farBelow
      else { continue }
      masks.append(.replaced(condition: condition, value: replaced == "a", number: number))
      return scores
    }
    return nil
  }

  /// c·tanh(x/c), the division possibly as a product.
  private mutating func takeSoftcap(_ scores: inout Operand, _ graph: RewriteGraph) {
    guard let scaledUp = graph.definition(of: scores, is: "mul"), graph.isReadOnce(scaledUp),
      let (squashed, limit) = graph.scaled(scaledUp), limit > 0,
      let tanh = graph.definition(of: squashed, is: "tanh"), graph.isReadOnce(tanh),
      let ratio = graph.definition(of: tanh["x"], is: "div", "mul"), graph.isReadOnce(ratio),
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

  // MARK: Building

  /// Queries, keys and values as the fused operation takes them; nil when its result would not be of
  /// this type.
  func factors(
    of result: TensorType, _ patch: inout PatchBuilder, _ graph: RewriteGraph
  ) throws -> [Operand]? {
    var (keys, values) = (k, v)
    if keysAreTransposed {
      let order = Array(graph.type(of: k).shape.indices).swappingLastTwo()
      keys = try patch.append("transpose", [keys], ["perm": .integers(order)])
    } else if let (key, value) = graph.unrepeated(k, v) {
      keys = try key(&patch)
      values = try value(&patch)
    }
    let factors = try [q, keys, values].map { try withHeads($0, &patch) }
    return fits(factors, patch, result) ? factors : nil
  }

  /// [B, T, D] as [B, 1, T, D]
  private func withHeads(_ operand: Operand, _ patch: inout PatchBuilder) throws -> Operand {
    var shape = patch.type(of: operand).shape
    guard shape.count == 3 else { return operand }
    shape.insert(1, at: 1)
    return try patch.append("reshape", [operand], ["shape": .dimensions(shape)])
  }

  /// The sum of all masks, for factors that fit.
  func mask(_ patch: inout PatchBuilder, _ graph: RewriteGraph) throws -> Operand? {
    let rank = graph.type(of: q).rank
    var sum: Operand?
    for mask in masks {
      var next: Operand
      switch mask {
      case .added(let operand): next = operand
      case .replaced(let condition, let value, let number):
        let hidden = try patch.append("constant", [], ["value": .real(number)])
        let seen = try patch.append("constant", [], ["value": .real(0)])
        next = try patch.append(
          "where", [condition, value ? hidden : seen, value ? seen : hidden])
      }
      if rank == 3, patch.type(of: next).rank == 3 { next = try withHeads(next, &patch) }
      sum = try sum.map { try patch.append("add", [$0, next]) } ?? next
    }
    return sum
  }

  /// Whether the fused operation of these factors has this result.
  private func fits(_ factors: [Operand], _ patch: PatchBuilder, _ result: TensorType) -> Bool {
    let types = factors.map(patch.type(of:))
    guard types.allSatisfy({ $0.rank == 4 && $0.element == .f32 }) else { return false }
    let (query, key, value) = (types[0].shape, types[1].shape, types[2].shape)
    var shape = [query[0], query[1], query[2], value[3]]
    if result.rank == 3 { shape.remove(at: 1) }
    return result.element == .f32 && key[0] == query[0] && key[..<3] == value[..<3]
      && key[3] == query[3] && query[1].dividedExactly(by: key[1]) != nil && result.shape == shape
  }
}
