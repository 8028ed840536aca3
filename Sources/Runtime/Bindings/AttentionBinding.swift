import Plans
import Tensors

/// Attention and rotary embedding.
enum AttentionBinding {
  static let all: [String: KernelRegistry.Binder] = ["attention": attention, "rope": rope]

  @Sendable private static func attention(_ site: StepSite) throws -> BoundKernel {
    let (q, k, v) = (try site.operand(0), try site.operand(1), try site.operand(2))
    let out = try site.result()
    try site.require(
      [q, k, v, out].allSatisfy { $0.shape.count == 4 }, "an operand has not 4 axes")
    try site.require(
      k.shape == v.shape && q.shape[0] == k.shape[0] && q.shape[3] == k.shape[3]
        && out.shape == [q.shape[0], q.shape[2], q.shape[1], q.shape[3]]
        && q.shape[1].dividedExactly(by: k.shape[1]) != nil,
      "q, k, v and the result do not fit together")
    for view in [q, k, v] {
      try site.require(
        view.strides[3] == 1 || view.shape[3].isOne, "an operand has gaps in its rows")
    }
    try site.requireDense(out, "the result")
    if site.optional(3) != nil {
      let mask = try site.operand(3)
      try site.requireBroadcast(
        mask.shape, to: [q.shape[0], q.shape[1], q.shape[2], k.shape[2]], "mask")
      try site.require(
        mask.strides.last == 1 || mask.shape.last?.isOne == true, "mask has gaps in its rows")
      try site.require(mask.shape.last == k.shape[2], "mask does not cover the keys")
    }
    let scale = try site.real("scale")
    let softcap = try site.optionalReal("softcap")
    let isCausal = try site.flag("causal")
    let mask = AttentionMask(
      isCausal: isCausal, window: isCausal ? try site.optionalInteger("window") : nil)
    return BoundKernel(
      scratch: { views in
        let shape = views.attentionShape
        var single = shape
        single.queries = 1
        return Kernels.attentionScratch(shape).union(Kernels.attentionScratch(single))
      },
      run: { views, kernels in
        let out = views.result
        kernels.attention(
          AttentionArguments(
            out: out.floats,
            outStrides: HeadStrides(
              batch: out.strides[0], head: out.strides[2], token: out.strides[1]),
            q: UnsafePointer(views[0].floats), qStrides: views[0].headStrides,
            k: UnsafePointer(views[1].floats), kStrides: views[1].headStrides,
            v: UnsafePointer(views[2].floats), vStrides: views[2].headStrides,
            shape: views.attentionShape, scale: scale, softcap: softcap, mask: mask,
            additive: views.optional(3).map { mask in
              let strides = mask.strides(broadcastTo: views.scoresShape)
              return AdditiveMask(
                base: UnsafePointer(mask.floats),
                strides: HeadStrides(batch: strides[0], head: strides[1], token: strides[2]))
            }))
      })
  }

  @Sendable private static func rope(_ site: StepSite) throws -> BoundKernel {
    let (x, cos, sin, out) = (
      try site.operand(0), try site.operand(1), try site.operand(2), try site.result()
    )
    try site.requireDense(out, "the result")
    let rank = x.shape.count
    try site.require(
      (2...4).contains(rank) && x.shape == out.shape && x.strides.last == 1,
      "x does not fit the result")
    for (name, table) in [("cos", cos), ("sin", sin)] {
      try site.requireRows(table, name)
      try site.require(
        Array(table.shape.suffix(2)) == Array(x.shape.suffix(2))
          && table.shape.dropLast(2).allSatisfy(\.isOne),
        "\(name) is not one row for each token")
    }
    try site.require(cos.strides.suffix(2) == sin.strides.suffix(2), "cos and sin lie differently")
    return BoundKernel(run: { views, kernels in
      let (x, cos, out) = (views[0], views[1], views.result)
      kernels.rope(
        RopeArguments(
          out: out.floats, outStrides: out.headStrides, x: UnsafePointer(x.floats),
          xStrides: x.headStrides, cos: UnsafePointer(cos.floats),
          sin: UnsafePointer(views[2].floats), angleRowStride: cos.stride(fromEnd: 2),
          batch: x.extent(fromEnd: 4), heads: x.extent(fromEnd: 3), tokens: x.extent(fromEnd: 2),
          headSize: x.extent(fromEnd: 1)))
    })
  }
}

extension BufferView {
  /// The strides of `[batch, heads, tokens, features]`.
  fileprivate var headStrides: HeadStrides {
    HeadStrides(
      batch: stride(fromEnd: 4), head: stride(fromEnd: 3), token: stride(fromEnd: 2))
  }
}

extension StepViews {
  fileprivate var attentionShape: AttentionShape {
    let (q, k) = (self[0], self[1])
    return AttentionShape(
      batch: q.shape[0], queryHeads: q.shape[1], keyHeads: k.shape[1], queries: q.shape[2],
      keys: k.shape[2], headSize: q.shape[3])
  }

  /// `[batch, heads, queries, keys]`.
  fileprivate var scoresShape: InlineShape {
    let (q, k) = (self[0], self[1])
    return [q.shape[0], q.shape[1], q.shape[2], k.shape[2]]
  }
}
