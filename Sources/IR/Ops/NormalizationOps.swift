import Tensors

/// Normalisation of each row along the last axis, or of each channel over all others.
enum NormalizationOps {
  static let all: [OpDefinition] = [layerNorm, rmsNorm, batchNorm]

  /// Ba, Kiros and Hinton, "Layer Normalization" (2016).
  static let layerNorm = OpDefinition(
    "layer_norm", .math,
    "(x - mean x)/√(var x + eps)·weight + bias over the last axis, var without Bessel's correction",
    operands: [.required("x", .rows, overwritten: 0), .optional("weight"), .optional("bias")],
    attributes: [.defaulted("eps", .real, .real(1e-5))],
    slicing: .rows(of: 0),
    infer: normalized
  ) { evaluation in
    let eps = try evaluation.site.real("eps")
    return try lines(evaluation) { line in
      let mean = line.reduce(0, +) / Double(line.count)
      let variance = line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(line.count)
      let scale = 1 / (variance + eps).squareRoot()
      let weight = evaluation.optionalInput(1)?.values
      let bias = evaluation.optionalInput(2)?.values
      return line.indices.map {
        (line[$0] - mean) * scale * (weight?[$0] ?? 1) + (bias?[$0] ?? 0)
      }
    }
  }

  /// Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019). Gemma stores weight - 1, so
  /// its weight_offset is 1.
  static let rmsNorm = OpDefinition(
    "rms_norm", .math, "x/√(mean x² + eps)·(weight_offset + weight) over the last axis",
    operands: [.required("x", .rows, overwritten: 0), .required("weight")],
    attributes: [
      .defaulted("eps", .real, .real(1e-6)), .defaulted("weight_offset", .real, .real(0)),
    ],
    slicing: .rows(of: 0),
    infer: normalized
  ) { evaluation in
    let eps = try evaluation.site.real("eps")
    let offset = try evaluation.site.real("weight_offset")
    let weight = try evaluation.input(1).values
    return try lines(evaluation) { line in
      let scale = 1 / (line.reduce(0) { $0 + $1 * $1 } / Double(line.count) + eps).squareRoot()
      return line.indices.map { line[$0] * scale * (offset + weight[$0]) }
    }
  }

  @Sendable private static func normalized(_ site: OpSite) throws -> [TensorType] {
    let x = try OpRules.floating(site, 0)
    guard let width = x.shape.last else {
      throw OpError("x is a scalar, expected at least one axis")
    }
    for index in site.types.indices.dropFirst() {
      try OpRules.optionalShape(site, index, equals: [width])
    }
    let eps = try site.real("eps")
    try site.require(eps >= 0, "eps = \(eps), expected a number that is not negative")
    return [x.with(element: x.element.computed)]
  }

  private static func lines(
    _ evaluation: Evaluation, _ normalize: ([Double]) -> [Double]
  ) throws -> [HostTensor] {
    let x = try evaluation.input(0)
    let width = x.shape[x.shape.count - 1]
    let out = stride(from: 0, to: x.count, by: max(width, 1)).flatMap {
      normalize(Array(x.values[$0..<$0 + width]))
    }
    return evaluation.result(out)
  }
}
