import IR
import Tensors

/// Attention and rotary positions of operator set 23, as textbook graphs.
extension ONNXOperator {
  static let attention: Build = { node in
    let isFlat = try node.input(0).rank == 3
    let q = try heads(node, node.input(0), "q_num_heads", as: "q")
    var k = try heads(node, node.input(1), "kv_num_heads", as: "k")
    var v = try heads(node, node.input(2), "kv_num_heads", as: "v")
    guard q.rank == 4, k.rank == 4, v.rank == 4 else { throw ONNXError("\(q.type) has no heads") }
    var past: Dim = 0
    if let key = node.optional(4), let value = node.optional(5) {
      guard key.rank == 4, value.rank == 4 else { throw ONNXError("\(key.type) has no heads") }
      past = key.shape[2]
      k = try node.concat([key, k], axis: 2, as: "present_key")
      v = try node.concat([value, v], axis: 2, as: "present_value")
    }
    let (presentKey, presentValue) = (k, v)
    k = try repeated(node, k, to: q.shape[1])
    v = try repeated(node, v, to: q.shape[1])
    let scale = try node.float("scale") ?? attentionScale(q)
    let product = try node.op("matmul", [q, k], ["transpose_b": .flag(true)], as: "product")
    let scores = try node.op("mul", [product, .scalar(scale)], as: "scores")
    let masked =
      try attentionMask(node, scores, past).map {
        try node.op("add", [scores, $0], as: "masked")
      } ?? scores
    var capped = masked
    if let cap = try node.float("softcap"), cap > 0 {
      let ratio = try node.op("div", [masked, .scalar(cap)], as: "ratio")
      capped = try node.op(
        "mul", [node.op("tanh", [ratio], as: "tanh"), .scalar(cap)], as: "capped")
    }
    let weights = try node.op("softmax", [capped], as: "weights")
    var result = try node.op("matmul", [weights, v], as: isFlat ? "heads" : "")
    if isFlat {
      let turned = try node.transpose(result, [0, 2, 1, 3], as: "turned")
      result = try node.reshape(
        turned, [turned.shape[0], turned.shape[1], try turned.shape[2] * turned.shape[3]])
    }
    let stages = [scores, masked, capped, weights]
    let stage = try node.int("qk_matmul_output_mode") ?? 0
    guard stages.indices.contains(stage) else {
      throw ONNXError("qk_matmul_output_mode = \(stage) is not known")
    }
    return [result, presentKey, presentValue, stages[stage]]
  }

  private static func attentionScale(_ q: ImportedValue) throws -> Double {
    guard let width = q.shape[3].constant, width > 0 else {
      throw ONNXError("heads of \(q.type) have no fixed width")
    }
    return 1 / Double(width).squareRoot()
  }

  /// [batch, tokens, heads·features] as [batch, heads, tokens, features].
  private static func heads(
    _ node: NodeImport, _ x: ImportedValue, _ attribute: String, as name: String
  ) throws -> ImportedValue {
    let x = try node.computed(x)
    guard x.rank == 3 else { return x }
    guard let heads = try node.int(attribute), heads > 0,
      let width = x.shape[2].dividedExactly(by: Dim(heads))
    else { throw ONNXError("\(x.type) does not divide into heads by \(attribute)") }
    let split = try node.reshape(x, [x.shape[0], x.shape[1], Dim(heads), width], as: name)
    return try node.transpose(split, [0, 2, 1, 3], as: name)
  }

  /// Each key/value head as often as query heads share it.
  private static func repeated(
    _ node: NodeImport, _ x: ImportedValue, to heads: Dim
  ) throws -> ImportedValue {
    guard x.shape[1] != heads else { return x }
    guard let count = heads.dividedExactly(by: x.shape[1]) else {
      throw ONNXError("\(heads) query heads do not share \(x.shape[1]) key/value heads")
    }
    let (batch, own, tokens, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let split = try node.reshape(x, [batch, own, 1, tokens, width], as: "split")
    let wide = try node.broadcast(split, [batch, own, count, tokens, width], as: "repeated")
    return try node.reshape(wide, [batch, heads, tokens, width], as: "repeated")
  }

  /// What is added to the scores: the mask, what causality hides and what is beyond a sequence's end.
  private static func attentionMask(
    _ node: NodeImport, _ scores: ImportedValue, _ past: Dim
  ) throws -> ImportedValue? {
    let (queries, keys) = (scores.shape[2], scores.shape[3])
    var masks: [ImportedValue] = []
    if var mask = node.optional(3) {
      let isFlag = mask.type.element == .bool
      guard mask.rank >= 2 else { throw ONNXError("a mask of \(mask.type) has no queries") }
      let missing = try keys - mask.shape[mask.rank - 1]
      if missing != 0 {
        guard let count = missing.constant else {
          throw ONNXError("its mask does not fit the keys")
        }
        mask = try padded(
          node, mask, mask.rank - 1, 0, count,
          isFlag ? .scalar(0, .bool) : .scalar(-.infinity))
      }
      masks.append(
        isFlag
          ? try node.op("where", [mask, .scalar(0), .scalar(-.infinity)], as: "mask")
          : try node.computed(mask))
    }
    if try node.flag("is_causal") { masks.append(try causal(node, queries, keys, past)) }
    if let lengths = node.optional(6) {
      let column = try node.reshape(lengths, [scores.shape[0], 1, 1, 1], as: "lengths")
      let isInside = try node.op(
        "less", [node.places(along: 3, of: scores.shape), column], as: "inside")
      masks.append(
        try node.op("where", [isInside, .scalar(0), .scalar(-.infinity)], as: "padding"))
    }
    guard let first = masks.first else { return nil }
    return try masks.dropFirst().reduce(first) { try node.op("add", [$0, $1], as: "mask") }
  }

  /// Query i sees the past and keys up to the i-th new one.
  private static func causal(
    _ node: NodeImport, _ queries: Dim, _ keys: Dim, _ past: Dim
  ) throws -> ImportedValue {
    if try keys - queries == past {
      return try node.op(
        "causal_mask", [], ["queries": .dimension(queries), "keys": .dimension(keys)],
        as: "causal")
    }
    let shape = [queries, keys]
    let last = try node.op(
      "add", [node.places(along: 0, of: shape), node.size(past)], as: "last")
    let isHidden = try node.op("less", [last, node.places(along: 1, of: shape)], as: "hidden")
    return try node.op("where", [isHidden, .scalar(-.infinity), .scalar(0)], as: "causal")
  }

  // MARK: Rotary positions

  /// x·cos + rotate(x)·sin of the first features of each head.
  static let rotaryEmbedding: Build = { node in
    let input = try node.computed(try node.input(0))
    let x = try input.rank == 4 ? input : heads(node, input, "num_heads", as: "heads")
    guard x.rank == 4 else { throw ONNXError("\(x.type) has no heads") }
    let given = try node.int("rotary_embedding_dim") ?? 0
    let width = given > 0 ? Dim(given) : x.shape[3]
    guard let count = width.constant, count % 2 == 0 else {
      throw ONNXError("it rotates \(width) features, not a fixed even number")
    }
    let isInterleaved = try node.flag("interleaved")
    let rotated = try node.slice(x, axis: 3, 0, width, as: "rotated")
    let (cos, sin) = (
      try angles(node, 1, count, isInterleaved), try angles(node, 2, count, isInterleaved)
    )
    let turned = try node.op(
      "add",
      [
        node.op("mul", [rotated, cos], as: "cos"),
        node.op("mul", [quarterTurn(node, rotated, isInterleaved), sin], as: "sin"),
      ], as: "turned")
    let rest = try node.slice(x, axis: 3, width, x.shape[3], as: "rest")
    let result = try node.concat([turned, rest], axis: 3, as: "joined")
    guard input.rank == 3 else { return [result] }
    return [
      try node.reshape(node.transpose(result, [0, 2, 1, 3], as: "tokens"), input.shape)
    ]
  }

  /// The table's rows of all positions, [batch, 1, tokens, features], each angle for both of its
  /// features.
  private static func angles(
    _ node: NodeImport, _ index: Int, _ count: Int, _ isInterleaved: Bool
  ) throws -> ImportedValue {
    var table = try node.computed(try node.input(index))
    if let positions = node.optional(3) {
      table = try node.op("gather", [table, positions], ["axis": .integer(0)], as: "angles")
    }
    guard table.rank == 3, table.shape[2] == Dim(count / 2) else {
      throw ONNXError("angles of \(table.type) do not fit \(count) features")
    }
    let (batch, tokens) = (table.shape[0], table.shape[1])
    if isInterleaved {
      let split = try node.reshape(table, [batch, 1, tokens, Dim(count / 2), 1], as: "angles")
      let wide = try node.broadcast(
        split, [batch, 1, tokens, Dim(count / 2), 2], as: "angles")
      return try node.reshape(wide, [batch, 1, tokens, Dim(count)], as: "angles")
    }
    let rows = try node.reshape(table, [batch, 1, tokens, Dim(count / 2)], as: "angles")
    return try node.concat([rows, rows], axis: 3, as: "angles")
  }

  /// [-x₂, x₁], of halves or of neighbours.
  private static func quarterTurn(
    _ node: NodeImport, _ x: ImportedValue, _ isInterleaved: Bool
  ) throws -> ImportedValue {
    let half = x.shape[3].dividedExactly(by: 2) ?? 1
    let axis = isInterleaved ? 4 : 3
    let pairs = isInterleaved ? try node.reshape(x, x.shape[..<3] + [half, 2], as: "pairs") : x
    let middle: Dim = isInterleaved ? 1 : half
    let first = try node.slice(pairs, axis: axis, 0, middle, as: "first")
    let second = try node.slice(pairs, axis: axis, middle, pairs.shape[axis], as: "second")
    let turned = try node.concat(
      [node.op("neg", [second], as: "neg"), first], axis: axis, as: "turned")
    return try node.reshape(turned, x.shape, as: "turned")
  }
}
