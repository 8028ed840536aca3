import Tensors

/// Operations that only change how the same memory is read.
enum ViewOps {
  static let all: [OpDefinition] = [reshape, transpose, broadcast, slice]

  static let reshape = OpDefinition(
    "reshape", .view, "the same elements in row-major order under another shape",
    operands: [.required("x")], attributes: [.required("shape", .dimensions)],
    slicing: Slicing { request in
      let prefix = request.result.shape[...request.axis]
      return request.shape(0).flatMap {
        $0.prefix(request.axis + 1) == prefix ? [0: request.axis] : nil
      }
    },
    infer: { site in
      let type = try site.type(0)
      let shape = try site.dimensions("shape")
      let (have, want) = (try type.shape.elementCount(), try shape.elementCount())
      try site.require(have == want, "shape has \(want) elements, but \(type) has \(have)")
      return [type.with(shape: shape)]
    },
    view: { site, layout in
      let (old, new) = (try site.type(0).shape, try site.dimensions("shape"))
      guard let strides = try layout.strides(viewing: old, as: new) else {
        throw OpError(
          "strides \(OpRules.describe(layout.strides)) of \(try site.type(0)) cannot be read as "
            + "\(OpRules.describe(new)); insert contiguous before reshape")
      }
      return Layout(root: layout.root, offset: layout.offset, strides: strides)
    }
  ) { evaluation in evaluation.result(try evaluation.input(0).values) }

  static let transpose = OpDefinition(
    "transpose", .view, "out[i…] = x[…], where axis a of out is axis perm[a] of x",
    operands: [.required("x")], attributes: [.required("perm", .integers)],
    slicing: Slicing { request in
      request.site.attribute("perm")?.integers.map { [0: $0[request.axis]] }
    },
    infer: { site in
      let type = try site.type(0)
      let permutation = try site.integers("perm")
      try site.require(
        permutation.sorted() == Array(0..<type.rank),
        "perm = \(permutation) is not a permutation of \(type.rank) axes")
      return [type.with(shape: permutation.map { type.shape[$0] })]
    },
    view: { site, layout in
      Layout(
        root: layout.root, offset: layout.offset,
        strides: try site.integers("perm").map { layout.strides[$0] })
    }
  ) { evaluation in
    let x = try evaluation.input(0)
    let strides = try evaluation.site.integers("perm").map { x.strides[$0] }
    return evaluation.result(x.gathered(shape: evaluation.results[0].shape, strides: strides))
  }

  static let broadcast = OpDefinition(
    "broadcast", .view, "x repeated along its axes of extent 1 (and new outer axes) to shape",
    operands: [.required("x")], attributes: [.required("shape", .dimensions)],
    infer: { site in
      let type = try site.type(0)
      let shape = try site.dimensions("shape")
      try site.require(
        try OpRules.broadcast(type.shape, shape) == shape,
        "\(type) does not broadcast to \(OpRules.describe(shape))")
      return [type.with(shape: shape)]
    },
    view: { site, layout in
      let (old, new) = (try site.type(0).shape, try site.dimensions("shape"))
      let lead = new.count - old.count
      let strides = new.indices.map { axis -> Dim in
        axis < lead || (old[axis - lead].isOne && !new[axis].isOne)
          ? 0 : layout.strides[axis - lead]
      }
      return Layout(root: layout.root, offset: layout.offset, strides: strides)
    }
  ) { [try $0.input(0).broadcast(to: $0.results[0].shape)] }

  static let slice = OpDefinition(
    "slice", .view, "the elements start ≤ i < end along axis",
    operands: [.required("x")],
    attributes: [
      .required("axis", .integer), .required("start", .dimension), .required("end", .dimension),
    ],
    infer: { site in
      var type = try site.type(0)
      let axis = try site.axis("axis", rank: type.rank)
      let (start, end) = (try site.dimension("start"), try site.dimension("end"))
      for bound in [start, end] {
        if let value = bound.constant, value < 0 {
          throw OpError("start and end count from 0, found \(value)")
        }
      }
      let length = try end - start
      if let value = length.constant, value < 0 {
        throw OpError("start \(start) is beyond end \(end)")
      }
      if let extent = type.shape[axis].constant, let last = end.constant, last > extent {
        throw OpError("end \(last) is beyond the extent \(extent) of axis \(axis)")
      }
      type.shape[axis] = length
      return [type]
    },
    view: { site, layout in
      let axis = try site.axis("axis", rank: try site.type(0).rank)
      let shift = try layout.strides[axis] * site.dimension("start")
      return Layout(root: layout.root, offset: try layout.offset + shift, strides: layout.strides)
    }
  ) { evaluation in
    let x = try evaluation.input(0)
    let axis = try evaluation.site.axis("axis", rank: x.shape.count)
    let (start, end) = (try evaluation.size("start"), try evaluation.size("end"))
    guard 0 <= start, start <= end, end <= x.shape[axis] else {
      throw OpError("slice \(start)..<\(end) is outside axis \(axis) of extent \(x.shape[axis])")
    }
    return evaluation.result(
      x.gathered(
        shape: evaluation.results[0].shape, strides: x.strides, offset: start * x.strides[axis]))
  }
}
