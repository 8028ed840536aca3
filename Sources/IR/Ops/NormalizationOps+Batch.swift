import Tensors

extension NormalizationOps {
  /// Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
  /// Covariate Shift" (2015). In training a channel is normalised by its own mean and variance in the
  /// batch, later by those that training has kept.
  static let batchNorm = OpDefinition(
    "batch_norm", .math,
    "(x - mean)/√(variance + eps)·weight + bias for each place along axis; without mean and variance, "
      + "those of x over all other axes, without Bessel's correction",
    operands: [
      .required("x", overwritten: 0), .optional("weight"), .optional("bias"), .optional("mean"),
      .optional("variance"),
    ],
    attributes: [.defaulted("axis", .integer, .integer(1)), .defaulted("eps", .real, .real(1e-5))],
    infer: { site in
      let x = try OpRules.floating(site, 0)
      let axis = try site.axis("axis", rank: x.rank)
      for index in 1...4 where site.optionalType(index) != nil {
        _ = try OpRules.floating(site, index)
        try OpRules.shape(site, index, equals: [x.shape[axis]])
      }
      try site.require(
        (site.optionalType(3) == nil) == (site.optionalType(4) == nil),
        "mean and variance go together")
      let eps = try site.real("eps")
      try site.require(eps >= 0, "eps = \(eps), expected a number that is not negative")
      return [x.with(element: x.element.computed)]
    }
  ) { evaluation in
    let x = try evaluation.input(0)
    let axis = try evaluation.site.axis("axis", rank: x.shape.count)
    let (channels, inner) = (x.shape[axis], x.shape[(axis + 1)...].reduce(1, *))
    func channel(_ position: Int) -> Int { position / inner % channels }
    let statistics = (3...4).compactMap { evaluation.optionalInput($0)?.values }
    let (mean, variance) =
      statistics.count == 2
      ? (statistics[0], statistics[1]) : moments(x.values, channels: channels, channel)
    let (weight, bias) = (
      evaluation.optionalInput(1)?.values, evaluation.optionalInput(2)?.values
    )
    let eps = try evaluation.site.real("eps")
    return evaluation.result(
      x.values.enumerated().map { position, value in
        let c = channel(position)
        return (value - mean[c]) / (variance[c] + eps).squareRoot() * (weight?[c] ?? 1)
          + (bias?[c] ?? 0)
      })
  }

  private static func moments(
    _ values: [Double], channels: Int, _ channel: (Int) -> Int
  ) -> (mean: [Double], variance: [Double]) {
    let count = Double(values.count / max(channels, 1))
    var mean = [Double](repeating: 0, count: channels)
    for (position, value) in values.enumerated() { mean[channel(position)] += value / count }
    var variance = [Double](repeating: 0, count: channels)
    for (position, value) in values.enumerated() {
      let c = channel(position)
      variance[c] += (value - mean[c]) * (value - mean[c]) / count
    }
    return (mean, variance)
  }
}
