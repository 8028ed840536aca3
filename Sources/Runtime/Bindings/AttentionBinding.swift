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
      k.shape.prefix(3) == v.shape.prefix(3) && q.shape[0] == k.shape[0]
        && q.shape[3] == k.shape[3]
        && out.shape == [q.shape[0], q.shape[2], q.shape[1], v.shape[3]]
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
      try site.require(mask.shape.last == k.shape[2], "mask does not cover the keys")
      try site.require(
        mask.strides.last == 1 || k.shape[2].isOne, "mask has gaps in its rows")
    }
    let scale = try site.real("scale")
    let softcap = try site.optionalReal("softcap")
    let isCausal = try site.flag("causal")
    let products = try site.word("products")
    try site.require(products == "f32" || products == "bf16", "products is neither f32 nor bf16")
    let mask = AttentionMask(
      isCausal: isCausal, window: isCausal ? try site.optionalInteger("window") : nil)
    return BoundKernel(
      scratch: { Kernels.attentionScratch($0.attentionShape) },
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
            }, mayRound: products == "bf16"))
      })
  }

  @Sendable private static func rope(_ site: StepSite) throws -> BoundKernel {
    let (x, cos, sin, out) = (
      try site.operand(0), try site.operand(1), try site.operand(2), try site.result()
    )
    try site.requireDense(out, "the result")
    try site.require(
      (1...4).contains(x.shape.count) && x.shape == out.shape && x.strides.last == 1,
      "x does not fit the result")
    try site.require(
      x.shape.last?.dividedExactly(by: 2) != nil, "x has rows that do not divide into halves")
    for (name, table) in [("cos", cos), ("sin", sin)] {
      try site.requireBroadcast(table.shape, to: x.shape, name)
      try site.require(
        table.shape.last == x.shape.last && table.strides.last == 1, "\(name) has gaps in its rows")
    }
    return BoundKernel(run: { views, kernels in
      let (x, cos, sin, out) = (views[0], views[1], views[2], views.result)
      kernels.rope(
        RopeArguments(
          out: out.floats, outStrides: out.headStrides, x: UnsafePointer(x.floats),
          xStrides: x.headStrides, cos: UnsafePointer(cos.floats),
          sin: UnsafePointer(sin.floats), cosStrides: cos.headStrides(broadcastTo: x.shape),
          sinStrides: sin.headStrides(broadcastTo: x.shape),
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

  /// The same of a view that is read as `shape` by broadcasting.
  fileprivate func headStrides(broadcastTo shape: InlineShape) -> HeadStrides {
    var wide = self
    wide.strides = strides(broadcastTo: shape)
    wide.shape = shape
    return wide.headStrides
  }
}

extension StepViews {
  fileprivate var attentionShape: AttentionShape {
    let (q, k) = (self[0], self[1])
    return AttentionShape(
      batch: q.shape[0], queryHeads: q.shape[1], keyHeads: k.shape[1], queries: q.shape[2],
      keys: k.shape[2], headSize: q.shape[3], valueSize: self[2].shape[3])
  }

  /// `[batch, heads, queries, keys]`.
  fileprivate var scoresShape: InlineShape {
    let (q, k) = (self[0], self[1])
    var shape = InlineShape()
    for axis in 0..<3 { shape.append(q.shape[axis]) }
    shape.append(k.shape[2])
    return shape
  }
}
