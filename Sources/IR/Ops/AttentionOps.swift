import Foundation
import Tensors

/// What transformers are made of beyond plain mathematics; passes find these in textbook graphs.
enum AttentionOps {
  static let all: [OpDefinition] = [rope, attention]

  /// Su et al., "RoFormer" (2021), in the rotate-half form of Hugging Face.
  static let rope = OpDefinition(
    "rope", .fused,
    "x·cos + rotate_half(x)·sin, where rotate_half(x) = [-x₂, x₁] for x = [x₁, x₂] split in the last axis",
    operands: [
      .required("x", .unitLast, overwritten: 0), .required("cos", .unitLast),
      .required("sin", .unitLast),
    ],
    slicing: .rows(of: 0, 1, 2),
    infer: { site in
      let x = try OpRules.floating(site, 0)
      guard let width = x.shape.last else {
        throw OpError("x is a scalar, expected at least one axis")
      }
      try site.require(
        width.dividedExactly(by: 2) != nil, "x has \(width) features, expected an even number")
      for index in 1...2 {
        let table = try OpRules.floating(site, index)
        try site.require(
          table.shape.last == width
            && (try OpRules.broadcast(table.shape, x.shape)) == x.shape,
          "operand \(index) has type \(table), which does not broadcast to \(x)")
      }
      return [x.with(element: x.element.computed)]
    }
  ) { evaluation in
    let x = try evaluation.input(0)
    let cos = try evaluation.input(1).broadcast(to: x.shape).values
    let sin = try evaluation.input(2).broadcast(to: x.shape).values
    let width = x.shape[x.shape.count - 1]
    let half = width / 2
    return evaluation.result(
      x.values.indices.map { index in
        let column = index % width
        let rotated = column < half ? -x.values[index + half] : x.values[index - half]
        return x.values[index] * cos[index] + rotated * sin[index]
      })
  }

  /// Vaswani et al., "Attention Is All You Need" (2017), with grouped key/value heads (Ainslie et
  /// al., 2023) and Gemma 2's logit softcap.
  static let attention = OpDefinition(
    "attention", .fused,
    "out[b, i, h] = Σⱼ softmaxⱼ(cap(scale·q[b, h, i]·k[b, h/g, j]) + mask)·v[b, h/g, j], "
      + "cap(s) = softcap·tanh(s/softcap), g query heads for each key/value head; "
      + "causal and window hide keys as causal_mask does; a query that sees no key gives 0; with "
      + "products = bf16, q, k, v and the softmax may be rounded to bf16",
    operands: [
      .required("q", .matrices), .required("k", .matrices), .required("v", .matrices),
      .optional("mask", .unitLast),
    ],
    attributes: [
      .required("scale", .real), .optional("softcap", .real),
      .defaulted("causal", .flag, .flag(false)), .optional("window", .integer),
      .word("products", ["f32", "bf16"], default: "f32"),
    ],
    slicing: slicing,
    // A query meets each key once for its score, and each value once.
    multiplyAdds: { site in
      let (q, k, v) = (try site.type(0).shape, try site.type(1).shape, try site.type(2).shape)
      return try q[0] * q[1] * q[2] * k[2] * (q[3] + v[3])
    },
    infer: { site in
      let (q, k, v) = (
        try OpRules.floating(site, 0), try OpRules.floating(site, 1), try OpRules.floating(site, 2)
      )
      for (name, type) in [("q", q), ("k", k), ("v", v)] {
        try site.require(
          type.rank == 4, "\(name) has type \(type), expected [batch, heads, tokens, features]")
      }
      try site.require(
        k.shape[0] == q.shape[0] && k.shape[3] == q.shape[3]
          && Array(k.shape[..<3]) == Array(v.shape[..<3]),
        "q, k and v have types \(q), \(k) and \(v), which do not fit together")
      try site.require(
        q.shape[1].dividedExactly(by: k.shape[1]) != nil,
        "\(q.shape[1]) query heads do not divide by \(k.shape[1]) key/value heads")
      if let window = site.attribute("window")?.integer {
        try site.require(window > 0, "window = \(window), expected a positive number")
      }
      let scores = [q.shape[0], q.shape[1], q.shape[2], k.shape[2]]
      if let mask = site.optionalType(3) {
        try site.require(
          try OpRules.broadcast(mask.shape, scores) == scores,
          "mask has type \(mask), which does not broadcast to \(OpRules.describe(scores))")
      }
      return [TensorType(.f32, [q.shape[0], q.shape[2], q.shape[1], v.shape[3]])]
    },
    evaluate: evaluateAttention)

  /// Queries are counted from the last key, so that under a mask of causality only the last ones can be sliced.
  private static let slicing = Slicing { request in
    let isCausal = request.site.attribute("causal")?.flag == true
    guard request.axis == 1, !isCausal || request.isLast else { return nil }
    guard let mask = request.shape(3), mask.count >= 2, !mask[mask.count - 2].isOne else {
      return [0: 2]
    }
    return [0: 2, 3: mask.count - 2]
  }

  @Sendable private static func evaluateAttention(_ evaluation: Evaluation) throws -> [HostTensor] {
    let site = evaluation.site
    let (q, k, v) = (try evaluation.input(0), try evaluation.input(1), try evaluation.input(2))
    let (batch, heads, queries, width) = (q.shape[0], q.shape[1], q.shape[2], q.shape[3])
    let (groups, keys, valueWidth) = (k.shape[1], k.shape[2], v.shape[3])
    let scale = try site.real("scale")
    let softcap = site.attribute("softcap")?.real
    let causal = try site.flag("causal")
    let window = site.attribute("window")?.integer ?? Int.max
    let mask = evaluation.optionalInput(3)?.broadcast(to: [batch, heads, queries, keys])
    var out = [Double](repeating: 0, count: batch * queries * heads * valueWidth)
    for b in 0..<batch {
      for h in 0..<heads {
        let keyStart = (b * groups + h / (heads / groups)) * keys
        for i in 0..<queries {
          let query = keys - queries + i
          let row = ((b * heads + h) * queries + i)
          var scores = (0..<keys).map { j -> Double in
            if causal, j > query || query - j >= window { return -.infinity }
            var score = 0.0
            for d in 0..<width {
              score += q.values[row * width + d] * k.values[(keyStart + j) * width + d]
            }
            score *= scale
            if let softcap { score = tanh(score / softcap) * softcap }
            return score + (mask?.values[row * keys + j] ?? 0)
          }
          let largest = scores.max() ?? -.infinity
          if largest == -.infinity { continue }
          scores = scores.map { exp($0 - largest) }
          let total = scores.reduce(0, +)
          let target = ((b * queries + i) * heads + h) * valueWidth
          for j in 0..<keys {
            for d in 0..<valueWidth {
              out[target + d] += scores[j] / total * v.values[(keyStart + j) * valueWidth + d]
            }
          }
        }
      }
    }
    return evaluation.result(out)
  }
}
