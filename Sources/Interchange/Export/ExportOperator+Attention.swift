import IR
import Tensors

/// Attention and rotary embedding from standard operators.
extension ExportOperator {
  /// x·cos + [-x₂, x₁]·sin for x = [x₁, x₂] split in the last axis.
  static let rope: Build = { node in
    let (x, cosines, sines) = (try node.number(0), try node.number(1), try node.number(2))
    let axis = x.rank - 1
    guard let half = x.shape[axis].dividedExactly(by: 2) else {
      throw OpError("x has \(x.shape[axis]) features, expected an even number")
    }
    let first = try node.slice(x, axis: axis, 0, half)
    let second = try node.slice(x, axis: axis, half, x.shape[axis])
    let turned = try node.op(
      "Concat", [node.op("Neg", [second]), first], ["axis": .int(axis)], x.type)
    return try node.op(
      "Add", [node.op("Mul", [x, cosines]), node.op("Mul", [turned, sines])])
  }

  /// softmax(cap(scale·q·kᵀ) + mask)·v, heads last but one in the result. Query heads of one key head
  /// are an axis of their own for the products, where there is more than one group of them.
  static let attention: Build = { node in
    let (q, k, v) = (try node.number(0), try node.number(1), try node.number(2))
    let (keys, scores) = (k.shape[2], [q.shape[0], q.shape[1], q.shape[2], k.shape[2]])
    var s = try product(node, q, node.transposed(k))
    s = try node.op("Mul", [s, node.constant(node.real("scale"), like: s)])
    if let limit = node.operation.attribute("softcap")?.real {
      let bound = node.constant(limit, like: s)
      s = try node.op("Mul", [node.op("Tanh", [node.op("Div", [s, bound])]), bound])
    }
    let window = node.operation.attribute("window")?.integer
    if try node.flag("causal") {
      let mask = try causalMask(node, queries: q.shape[2], keys: keys, window: window)
      s = try node.op("Add", [s, mask])
    }
    if let mask = try node.optionalNumber(3) { s = try node.op("Add", [s, mask]) }
    s = try node.op("Softmax", [s], ["axis": .int(-1)], TensorType(s.element, scores))
    return try node.transpose(try product(node, s, v), [0, 2, 1, 3])
  }

  /// a[b, h, i, j]·c[b, h/g, j, k], g heads of a for each of c.
  private static func product(
    _ node: NodeExport, _ a: ExportedValue, _ c: ExportedValue
  ) throws -> ExportedValue {
    let (heads, groups) = (a.shape[1], c.shape[1])
    if heads == groups || groups.isOne { return try node.matmul(a, c) }
    guard let share = heads.dividedExactly(by: groups) else {
      throw OpError("\(heads) query heads do not divide by \(groups) key/value heads")
    }
    let grouped = try node.reshape(a, [a.shape[0], groups, share, a.shape[2], a.shape[3]])
    let shared = try node.reshape(c, [c.shape[0], groups, 1, c.shape[2], c.shape[3]])
    let out = try node.matmul(grouped, shared)
    return try node.reshape(out, [a.shape[0], heads, a.shape[2], c.shape[3]])
  }
}
