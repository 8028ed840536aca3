import Tensors

/// Several textbook operations in one step. Only passes make these.
enum FusedOps {
  static let all: [OpDefinition] = [linear]

  static let linear = OpDefinition(
    "linear", .fused,
    "residual + multiplier·activation(x·weightᵀ + bias); absent operands drop out; "
      + "with up, x·upᵀ is the multiplier",
    operands: [
      .required("x", .rows), .required("weight", role: .weights), .optional("bias"),
      .optional("multiplier", .rows, overwritten: 1), .optional("residual", .rows, overwritten: 0),
      .optional("up", role: .weights),
    ],
    attributes: [.word("activation", Activations.names, default: "none")],
    slicing: .rows(of: 0, 3, 4),
    multiplyAdds: { site in
      let products = site.optionalType(5) == nil ? 1 : 2
      return try site.resultElements() * site.type(1).shape[1] * Dim(products)
    },
    infer: { site in
      let (x, weight) = (try OpRules.floating(site, 0), try OpRules.floating(site, 1))
      guard let width = x.shape.last, weight.rank == 2, weight.shape[1] == width else {
        throw OpError(
          "weight has type \(weight), expected [out, in] with in the last extent of \(x)")
      }
      let shape = Array(x.shape.dropLast()) + [weight.shape[0]]
      try OpRules.optionalShape(site, 2, equals: [weight.shape[0]])
      try OpRules.optionalShape(site, 3, equals: shape)
      try OpRules.optionalShape(site, 4, equals: shape)
      try OpRules.optionalShape(site, 5, equals: weight.shape)
      try site.require(
        site.optionalType(3) == nil || site.optionalType(5) == nil, "has both multiplier and up")
      return [TensorType(try OpRules.arithmetic(x.element, weight.element), shape)]
    }
  ) { evaluation in
    let (x, weight) = (try evaluation.input(0), try evaluation.input(1))
    let (n, k) = (weight.shape[0], weight.shape[1])
    let bias = evaluation.optionalInput(2)?.values
    let multiplier = evaluation.optionalInput(3)?.values
    let residual = evaluation.optionalInput(4)?.values
    let up = evaluation.optionalInput(5)?.values
    let activation = Activations.function(named: try evaluation.site.word("activation"))
    var out: [Double] = []
    let rows = x.shape.dropLast().reduce(1, *)
    out.reserveCapacity(rows * n)
    for row in 0..<rows {
      for column in 0..<n {
        var sum = bias?[column] ?? 0
        for i in 0..<k { sum += x.values[row * k + i] * weight.values[column * k + i] }
        let index = row * n + column
        var factor = multiplier?[index] ?? 1
        if let up {
          factor = 0
          for i in 0..<k { factor += x.values[row * k + i] * up[column * k + i] }
        }
        out.append((residual?[index] ?? 0) + factor * activation(sum))
      }
    }
    return evaluation.result(out)
  }
}
