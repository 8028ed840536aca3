import IR
import Tensors

/// Multi-head attention as PyTorch code writes it. T is the number of tokens that ask, L of those
/// that are seen, H the number of heads and D their size.
extension GraphBuilder {
  /// [1, T, H·D] to [1, H, T, D].
  mutating func splitHeads(
    _ x: Operand, heads: Int, size: Int, as name: String
  ) throws -> Operand {
    let tokens = shape(of: x)[1]
    let split = try reshape(x, [1, tokens, Dim(heads), Dim(size)], as: "\(name).split")
    let transposed = try transpose(split, [0, 2, 1, 3], as: "\(name).transposed")
    return try contiguous(transposed, as: "\(name).heads")
  }

  /// softmax(cap(scale·q·kᵀ) + mask)·v for [1, H, T, D] queries and [1, H, L, D] keys and values,
  /// with the heads of each token side by side again: [1, T, H·D].
  mutating func attention(
    _ q: Operand, _ k: Operand, _ v: Operand, scale: Double, softcap limit: Double? = nil,
    mask: Operand? = nil, as name: String
  ) throws -> Operand {
    let products = try op(
      "matmul", [q, k], ["transpose_b": .flag(true)], as: "\(name).products")
    var scores = try op(
      "mul", [products, try constant(scale, as: "\(name).scale")], as: "\(name).scores")
    scores = try softcap(scores, limit, as: "\(name).capped")
    if let mask { scores = try op("add", [scores, mask], as: "\(name).masked") }
    let weights = try op("softmax", [scores], as: "\(name).weights")
    let context = try op("matmul", [weights, v], as: "\(name).context")
    return try mergeHeads(context, as: name)
  }

  /// [1, H, T, D] to [1, T, H·D].
  private mutating func mergeHeads(_ x: Operand, as name: String) throws -> Operand {
    let transposed = try transpose(x, [0, 2, 1, 3], as: "\(name).transposed")
    let rows = try contiguous(transposed, as: "\(name).rows")
    let extents = shape(of: rows)
    return try reshape(rows, [1, extents[1], try extents[2] * extents[3]], as: "\(name).merged")
  }

  /// Heads of keys or values repeated for the query heads that share them:
  /// [1, H/g, L, D] to [1, H, L, D].
  mutating func repeatHeads(_ x: Operand, _ group: Int, as name: String) throws -> Operand {
    guard group > 1 else { return x }
    let extents = shape(of: x)
    let (heads, tokens, size) = (extents[1], extents[2], extents[3])
    let single = try reshape(x, [1, heads, 1, tokens, size], as: "\(name).single")
    let repeated = try broadcast(
      single, [1, heads, Dim(group), tokens, size], as: "\(name).repeated")
    let copied = try contiguous(repeated, as: "\(name).copied")
    return try reshape(copied, [1, try heads * Dim(group), tokens, size], as: "\(name).shared")
  }
}
