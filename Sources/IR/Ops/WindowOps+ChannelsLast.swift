import Tensors

/// Windows of pictures whose pixels hold their channels side by side, [batch, height, width, channels].
extension WindowOps {
  static let conv = OpDefinition(
    "conv", .fused,
    "out[b, y, x, o] = activation(bias[o] + residual[b, y, x, o] + Σ weight[o, (i·width + j)·C + c]·"
      + "pixels[b, y·strides₀ + i·dilations₀ - pads₀, x·strides₁ + j·dilations₁ - pads₁, c]), "
      + "0 outside; width = kernel₁, C channels",
    operands: [
      .required("pixels"), .required("weight", role: .weights), .optional("bias"),
      .optional("residual", overwritten: 0),
    ],
    attributes: WindowShape.attributes + [.word("activation", Activations.names, default: "none")],
    multiplyAdds: { try $0.resultElements() * $0.type(1).shape[1] },
    infer: { site in
      let weight = try OpRules.floating(site, 1)
      let window = try WindowShape(site)
      let elements = window.kernel[0] * window.kernel[1]
      let pixels = try pixels(site)
      let width = try pixels.shape[3] * Dim(elements)
      guard weight.rank == 2, weight.shape[1] == width else {
        throw OpError("weight has type \(weight), expected [out, \(width)]")
      }
      let shape = try window.places(in: pixels) + [weight.shape[0]]
      try OpRules.optionalShape(site, 2, equals: [weight.shape[0]])
      try OpRules.optionalShape(site, 3, equals: shape)
      return [TensorType(try OpRules.arithmetic(pixels.element, weight.element), shape)]
    }
  ) { evaluation in
    let weight = try evaluation.input(1).values
    let bias = evaluation.optionalInput(2)?.values
    let residual = evaluation.optionalInput(3)?.values
    let activation = Activations.function(named: try evaluation.site.word("activation"))
    let outputs = evaluation.results[0].shape[3]
    var out: [Double] = []
    try forEachWindow(evaluation) { pixels, channels, starts in
      let width = starts.count * channels
      for o in 0..<outputs {
        var sum = (bias?[o] ?? 0) + (residual?[out.count] ?? 0)
        for (element, start) in starts.enumerated() {
          guard let start else { continue }
          let row = o * width + element * channels
          for c in 0..<channels { sum += pixels[start + c] * weight[row + c] }
        }
        out.append(activation(sum))
      }
    }
    return evaluation.result(out)
  }

  static let depthwiseConv = OpDefinition(
    "depthwise_conv", .fused,
    "out[b, y, x, c] = activation(bias[c] + Σ weight[i·width + j, c]·pixels[b, y·strides₀ + "
      + "i·dilations₀ - pads₀, x·strides₁ + j·dilations₁ - pads₁, c]), 0 outside; width = kernel₁",
    operands: [.required("pixels"), .required("weight"), .optional("bias")],
    attributes: WindowShape.attributes + [.word("activation", Activations.names, default: "none")],
    multiplyAdds: { try $0.resultElements() * $0.type(1).shape[0] },
    infer: { site in
      let window = try WindowShape(site)
      let pixels = try pixels(site)
      _ = try OpRules.floating(site, 1)
      let elements = window.kernel[0] * window.kernel[1]
      try OpRules.shape(site, 1, equals: [Dim(elements), pixels.shape[3]])
      try OpRules.optionalShape(site, 2, equals: [pixels.shape[3]])
      return [
        TensorType(pixels.element.computed, try window.places(in: pixels) + [pixels.shape[3]])
      ]
    }
  ) { evaluation in
    let weight = try evaluation.input(1).values
    let bias = evaluation.optionalInput(2)?.values
    let activation = Activations.function(named: try evaluation.site.word("activation"))
    var out: [Double] = []
    try forEachWindow(evaluation) { pixels, channels, starts in
      for c in 0..<channels {
        var sum = bias?[c] ?? 0
        for (element, start) in starts.enumerated() {
          guard let start else { continue }
          sum += pixels[start + c] * weight[element * channels + c]
        }
        out.append(activation(sum))
      }
    }
    return evaluation.result(out)
  }

  static let maxPool = OpDefinition(
    "max_pool", .fused,
    "out[b, y, x, c] = the largest of pixels[b, y·strides₀ + i·dilations₀ - pads₀, x·strides₁ + "
      + "j·dilations₁ - pads₁, c] over i and j that are inside, NaN if any is NaN; -∞ where none is",
    operands: [.required("pixels")], attributes: WindowShape.attributes,
    infer: { site in
      let pixels = try pixels(site)
      let shape = try WindowShape(site).places(in: pixels) + [pixels.shape[3]]
      return [TensorType(pixels.element.computed, shape)]
    }
  ) { evaluation in
    var out: [Double] = []
    try forEachWindow(evaluation) { pixels, channels, starts in
      for c in 0..<channels {
        out.append(
          starts.compactMap { $0 }.reduce(-.infinity) { largest, start in
            let value = pixels[start + c]
            return largest.isNaN || value.isNaN ? .nan : max(largest, value)
          })
      }
    }
    return evaluation.result(out)
  }

  private static func pixels(_ site: OpSite) throws -> TensorType {
    let pixels = try OpRules.floating(site, 0)
    try site.require(
      pixels.rank == 4, "pixels has type \(pixels), expected [batch, height, width, channels]")
    return pixels
  }

  /// Calls `body` for every window in the order of the result with the pixels, the channels and where
  /// each element of the window starts, nil outside.
  private static func forEachWindow(
    _ evaluation: Evaluation, _ body: ([Double], Int, [Int?]) -> Void
  ) throws {
    let pixels = try evaluation.input(0)
    let window = try WindowShape(evaluation.site)
    let (height, width, channels) = (pixels.shape[1], pixels.shape[2], pixels.shape[3])
    let shape = evaluation.results[0].shape
    for b in 0..<shape[0] {
      for y in 0..<shape[1] {
        for x in 0..<shape[2] {
          let starts = (0..<window.kernel[0] * window.kernel[1]).map { element -> Int? in
            let (i, j) = (element / window.kernel[1], element % window.kernel[1])
            let row = y * window.strides[0] + i * window.dilations[0] - window.pads[0]
            let column = x * window.strides[1] + j * window.dilations[1] - window.pads[1]
            guard (0..<height).contains(row), (0..<width).contains(column) else { return nil }
            return ((b * height + row) * width + column) * channels
          }
          body(pixels.values, channels, starts)
        }
      }
    }
  }
}

extension WindowShape {
  /// Batch and places of windows of [batch, height, width, channels].
  fileprivate func places(in pixels: TensorType) throws -> Shape {
    [
      pixels.shape[0], try places(along: 0, of: pixels.shape[1]),
      try places(along: 1, of: pixels.shape[2]),
    ]
  }
}
