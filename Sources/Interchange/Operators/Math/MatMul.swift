import IR
import Tensors

/// Products of matrices.
extension ONNXOperator {
  static let matMul: Build = { node in
    let (a, b) = (try node.input(0), try node.input(1))
    guard a.rank >= 1, b.rank >= 1 else { throw ONNXError("a factor has no axes") }
    // A vector is a matrix of one row or one column, whose axis does not show in the result.
    let left = a.rank == 1 ? try node.reshape(a, [1, a.shape[0]], as: "row") : a
    let right = b.rank == 1 ? try node.reshape(b, [b.shape[0], 1], as: "column") : b
    let isPlain = a.rank > 1 && b.rank > 1
    let result = try product(node, left, right, as: isPlain ? "" : "product")
    guard !isPlain else { return [result] }
    var shape = result.shape
    if b.rank == 1 { shape.removeLast() }
    if a.rank == 1 { shape.remove(at: shape.count - (b.rank == 1 ? 1 : 2)) }
    return [try node.reshape(result, shape)]
  }

  /// Weights are stored with their outputs first, which is how kernels stream them.
  private static func product(
    _ node: NodeImport, _ a: ImportedValue, _ b: ImportedValue, transposeA: Bool = false,
    transposeB: Bool = false, as suffix: String
  ) throws -> ImportedValue {
    var attributes: Attributes = transposeA ? ["transpose_a": .flag(true)] : [:]
    var factor = b
    if transposeB {
      attributes["transpose_b"] = .flag(true)
    } else if let transposed = node.builder.transposed(b) {
      factor = transposed
      attributes["transpose_b"] = .flag(true)
    }
    return try node.op("matmul", [a, factor], attributes, as: suffix)
  }

  static let gemm: Build = { node in
    let c = node.optional(2)
    let (alpha, beta) = (try node.float("alpha") ?? 1, try node.float("beta") ?? 1)
    let isScaled = alpha != 1
    var result = try product(
      node, node.input(0), node.input(1), transposeA: node.flag("transA"),
      transposeB: node.flag("transB"), as: c == nil && !isScaled ? "" : "product")
    if isScaled {
      result = try node.op("mul", [result, .scalar(alpha)], as: c == nil ? "" : "scaled")
    }
    guard let c, beta != 0 else { return [result] }
    let term = beta == 1 ? c : try node.op("mul", [c, .scalar(beta)], as: "term")
    return [try node.op("add", [result, term])]
  }
}
