import IR
import Tensors

/// Grouped-query attention on rotated heads and growing caches.
extension GemmaBuilder {
  func attention(
    _ x: Operand, _ layer: Int, _ shared: Shared, _ graph: inout GraphBuilder
  ) throws -> Operand {
    let (module, name) = ("\(prefix)layers.\(layer).self_attn", "layers.\(layer).self_attn")
    func heads(_ role: String, _ count: Int) throws -> Operand {
      let projected = try graph.linear(x, "\(module).\(role)_proj", as: "\(name).\(role)")
      return try graph.splitHeads(
        projected, heads: count, size: config.headSize, as: "\(name).\(role)")
    }
    let q = try heads("q", config.headCount)
    let k = try heads("k", config.keyValueHeadCount)
    let v = try heads("v", config.keyValueHeadCount)
    let rotatedQ = try rotate(q, shared, &graph, as: "\(name).q.rope")
    let rotatedK = try rotate(k, shared, &graph, as: "\(name).k.rope")
    let keys = try seen(rotatedK, "key", layer, shared, &graph)
    let values = try seen(v, "value", layer, shared, &graph)
    let merged = try graph.attention(
      rotatedQ, keys, values, scale: config.attentionScale, softcap: config.attentionSoftcap,
      mask: config.window(ofLayer: layer) == nil ? nil : shared.windowMask, as: name)
    return try graph.linear(merged, "\(module).o_proj", as: "\(name).out")
  }

  /// The keys or values of all positions up to this call's last, one head for each query head:
  /// f32[1×Hkv×T×D] to f32[1×H×L×D].
  private func seen(
    _ new: Operand, _ role: String, _ layer: Int, _ shared: Shared, _ graph: inout GraphBuilder
  ) throws -> Operand {
    let name = "layers.\(layer).self_attn.\(role)s"
    let cache = try graph.tensor("cache.\(layer).\(role)")
    let all = try graph.op(
      "cache_append", [cache, new], ["at": .dimension(shared.span.start)], as: name)
    return try graph.repeatHeads(all, config.groupSize, as: name)
  }

  /// RoPE's tables: element i of a head turns by position·base^(-2i/D), and so does i + D/2.
  /// Positions count from 1.
  func rotaryTables(
    _ span: Span, _ graph: inout GraphBuilder
  ) throws -> (cosines: Operand, sines: Operand) {
    let half = Dim(config.headSize / 2)
    let attributes: Attributes = [
      "count": .dimension(span.count), "start": .dimension(try span.start + 1),
    ]
    let ids = try graph.op("iota", [], attributes, as: "position_ids")
    let positions = try graph.op("cast", [ids], ["to": .word("f32")], as: "positions")
    let column = try graph.reshape(positions, [span.count, 1], as: "positions.column")
    let frequencies = try graph.reshape(
      try graph.tensor(inverseFrequencies), [1, half], as: "rope.frequencies")
    let angles = try graph.op("matmul", [column, frequencies], as: "rope.angles")
    let doubled = try graph.op(
      "concat", [angles, angles], ["axis": .integer(-1)], as: "rope.doubled")
    let shape: Shape = [1, 1, span.count, Dim(config.headSize)]
    let cosines = try graph.op("cos", [doubled], as: "rope.cos")
    let sines = try graph.op("sin", [doubled], as: "rope.sin")
    return (
      try graph.reshape(cosines, shape, as: "rope.cosines"),
      try graph.reshape(sines, shape, as: "rope.sines")
    )
  }

  /// x·cos + [-x₂, x₁]·sin for x = [x₁, x₂] split in the last axis: Su et al., "RoFormer" (2021),
  /// in the form of transformers' `apply_rotary_pos_emb`.
  func rotate(
    _ x: Operand, _ shared: Shared, _ graph: inout GraphBuilder, as name: String
  ) throws -> Operand {
    let (half, size) = (Dim(config.headSize / 2), Dim(config.headSize))
    let straight = try graph.op("mul", [x, shared.cosines], as: "\(name).straight")
    let first = try graph.slice(x, axis: 3, 0, half, as: "\(name).first")
    let second = try graph.slice(x, axis: 3, half, size, as: "\(name).second")
    let negated = try graph.op("neg", [second], as: "\(name).negated")
    let turned = try graph.op(
      "concat", [negated, first], ["axis": .integer(3)], as: "\(name).turned")
    let sideways = try graph.op("mul", [turned, shared.sines], as: "\(name).sideways")
    return try graph.op("add", [straight, sideways], as: name)
  }
}
