import Tensors

/// Operations that make or move data.
enum DataOps {
  static let all: [OpDefinition] = [
    constant, iota, embedding, gather, concat, contiguous, maskedScatter, causalMask,
  ]

  static let constant = OpDefinition(
    "constant", .data, "value; a scalar, or a vector for a list",
    operands: [],
    attributes: [
      .optional("value", .real), .optional("values", .reals),
      .word("element", ["f32", "f64", "i64", "bool"], default: "f32"),
    ],
    infer: { site in
      let element = try site.element("element")
      if let values = site.attribute("values")?.reals {
        try site.require(site.attribute("value") == nil, "value and values exclude each other")
        return [TensorType(element, [Dim(values.count)])]
      }
      _ = try site.real("value")
      return [TensorType(element, [])]
    }
  ) { evaluation in
    let values = try evaluation.site.attribute("values")?.reals ?? [evaluation.site.real("value")]
    return evaluation.result(values.map { evaluation.results[0].element.converted($0) })
  }

  static let iota = OpDefinition(
    "iota", .data, "start, start + 1, …, start + count - 1",
    operands: [],
    attributes: [.required("count", .dimension), .defaulted("start", .dimension, .integer(0))],
    infer: { [TensorType(.i64, [try $0.dimension("count")])] }
  ) { evaluation in
    let start = try evaluation.size("start")
    return evaluation.result((0..<(try evaluation.size("count"))).map { Double(start + $0) })
  }

  static let embedding = OpDefinition(
    "embedding", .data, "out[…, :] = scale·table[ids[…], :]",
    operands: [.required("table", role: .table), .required("ids")],
    attributes: [.defaulted("scale", .real, .real(1))],
    slicing: Slicing { request in
      request.shape(1).flatMap { request.axis < $0.count ? [1: request.axis] : nil }
    },
    infer: { site in
      let (table, ids) = (try OpRules.floating(site, 0), try site.type(1))
      try site.require(table.rank == 2, "table has type \(table), expected a matrix")
      try site.require(ids.element == .i64, "ids has type \(ids), expected i64")
      return [TensorType(table.element.computed, ids.shape + [table.shape[1]])]
    }
  ) { evaluation in
    let (table, ids) = (try evaluation.input(0), try evaluation.input(1))
    let (rows, width) = (table.shape[0], table.shape[1])
    let scale = try evaluation.site.real("scale")
    var out: [Double] = []
    out.reserveCapacity(ids.count * width)
    for id in ids.values {
      guard id >= 0, id < Double(rows) else {
        throw OpError("id \(Int64(id)) is outside the table's \(rows) rows")
      }
      let row = Int(id) * width
      out.append(contentsOf: table.values[row..<row + width].lazy.map { $0 * scale })
    }
    return evaluation.result(out)
  }

  static let gather = OpDefinition(
    "gather", .data,
    "out[a…, i…, b…] = x[a…, ids[i…], b…], where a… are the axes before axis; ids below 0 count from "
      + "the end",
    operands: [.required("x"), .required("ids")],
    attributes: [.defaulted("axis", .integer, .integer(0))],
    infer: { site in
      let (x, ids) = (try site.type(0), try site.type(1))
      let axis = try site.axis("axis", rank: x.rank)
      try site.require(ids.element == .i64, "ids has type \(ids), expected i64")
      return [
        TensorType(
          x.element.computed, Array(x.shape[..<axis] + ids.shape + x.shape[(axis + 1)...]))
      ]
    }
  ) { evaluation in
    let (x, ids) = (try evaluation.input(0), try evaluation.input(1))
    let axis = try evaluation.site.axis("axis", rank: x.shape.count)
    let extent = x.shape[axis]
    let inner = x.shape[(axis + 1)...].reduce(1, *)
    var out: [Double] = []
    for outer in 0..<x.shape[..<axis].reduce(1, *) {
      for id in ids.values {
        let place = id < 0 ? id + Double(extent) : id
        guard place >= 0, place < Double(extent) else {
          throw OpError("id \(Int64(id)) is outside an axis of \(extent)")
        }
        let start = (outer * extent + Int(place)) * inner
        out.append(contentsOf: x.values[start..<start + inner])
      }
    }
    return evaluation.result(out)
  }

  static let concat = OpDefinition(
    "concat", .data, "the operands one after the other along axis",
    operands: [.variadic("x", .any)], attributes: [.required("axis", .integer)],
    traits: .movesElements,
    infer: { site in
      var type = try site.type(0)
      let axis = try site.axis("axis", rank: type.rank)
      for index in site.types.indices.dropFirst() {
        let other = try site.type(index)
        try site.require(
          other.element == type.element && other.rank == type.rank
            && other.shape.indices.allSatisfy { $0 == axis || other.shape[$0] == type.shape[$0] },
          "operand \(index) has type \(other), which does not line up with \(type) outside axis \(axis)"
        )
        type.shape[axis] = try type.shape[axis] + other.shape[axis]
      }
      return [type]
    }
  ) { evaluation in
    let shape = evaluation.results[0].shape
    let axis = try evaluation.site.axis("axis", rank: shape.count)
    let outer = shape[..<axis].reduce(1, *)
    var out: [Double] = []
    out.reserveCapacity(shape.reduce(1, *))
    for row in 0..<outer {
      for index in evaluation.inputs.indices {
        let input = try evaluation.input(index)
        let run = input.count / max(outer, 1)
        out.append(contentsOf: input.values[row * run..<(row + 1) * run])
      }
    }
    return evaluation.result(out)
  }

  static let contiguous = OpDefinition(
    "contiguous", .data, "x, copied to row-major order", operands: [.required("x", .any)],
    traits: .movesElements, slicing: .samePlaces,
    infer: { [try $0.type(0)] }
  ) { [try $0.input(0)] }

  static let maskedScatter = OpDefinition(
    "masked_scatter", .data,
    "x with its masked elements replaced by source's first, second, … (torch.Tensor.masked_scatter); "
      + "mask broadcasts to x",
    operands: [
      .required("x", .any, overwritten: 0), .required("mask", .any), .required("source"),
    ],
    traits: .movesElements,
    infer: { site in
      let (x, mask, source) = (try site.type(0), try site.type(1), try site.type(2))
      try site.require(mask.element == .bool, "mask has type \(mask), expected bool")
      try site.require(
        try OpRules.broadcast(x.shape, mask.shape) == x.shape,
        "mask has type \(mask), which does not broadcast to \(x)")
      try site.require(
        x.element == source.element,
        "source has type \(source), expected elements \(x.element.rawValue)")
      return [x]
    }
  ) { evaluation in
    var x = try evaluation.input(0)
    let mask = try evaluation.input(1).broadcast(to: x.shape)
    let source = try evaluation.input(2)
    var next = 0
    for index in x.values.indices where mask.values[index] != 0 {
      guard next < source.count else {
        throw OpError("mask selects more elements than source's \(source.count)")
      }
      x.values[index] = source.values[next]
      next += 1
    }
    return [x]
  }

  static let causalMask = OpDefinition(
    "causal_mask", .data,
    "out[i, j] = 0 where query q = keys - queries + i may see key j (j ≤ q and j > q - window), else -∞",
    operands: [],
    attributes: [
      .required("queries", .dimension), .required("keys", .dimension),
      .optional("window", .integer),
    ],
    infer: { site in
      if let window = site.attribute("window")?.integer {
        try site.require(window > 0, "window = \(window), expected a positive number")
      }
      return [TensorType(.f32, [try site.dimension("queries"), try site.dimension("keys")])]
    }
  ) { evaluation in
    let (queries, keys) = (try evaluation.size("queries"), try evaluation.size("keys"))
    let window = evaluation.site.attribute("window")?.integer ?? Int.max
    var out: [Double] = []
    for i in 0..<queries {
      let query = keys - queries + i
      for key in 0..<keys {
        out.append(key <= query && query - key < window ? 0 : -.infinity)
      }
    }
    return evaluation.result(out)
  }
}
