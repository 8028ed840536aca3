import Tensors

/// Windows of a picture: what convolutions multiply and pooling folds.
enum WindowOps {
  static let all: [OpDefinition] = [unfold, conv, depthwiseConv, maxPool]

  /// `torch.nn.functional.unfold`, with an axis for each of what it merges.
  static let unfold = OpDefinition(
    "unfold", .data,
    "out[b, c, i·width + j, y, x] = pixels[b, c, y·strides₀ + i·dilations₀ - pads₀, "
      + "x·strides₁ + j·dilations₁ - pads₁], value outside",
    operands: [.required("pixels")],
    attributes: WindowShape.attributes + [.defaulted("value", .real, .real(0))],
    infer: { site in
      let pixels = try OpRules.floating(site, 0)
      try site.require(
        pixels.rank == 4, "pixels has type \(pixels), expected [batch, channels, height, width]")
      let window = try WindowShape(site)
      let kernel = Dim(window.kernel[0] * window.kernel[1])
      return [
        TensorType(
          pixels.element.computed,
          [
            pixels.shape[0], pixels.shape[1], kernel,
            try window.places(along: 0, of: pixels.shape[2]),
            try window.places(along: 1, of: pixels.shape[3]),
          ])
      ]
    }
  ) { evaluation in
    let pixels = try evaluation.input(0)
    let window = try WindowShape(evaluation.site)
    let value = try evaluation.site.real("value")
    let (height, width) = (pixels.shape[2], pixels.shape[3])
    let shape = evaluation.results[0].shape
    var out: [Double] = []
    out.reserveCapacity(shape.reduce(1, *))
    for plane in 0..<shape[0] * shape[1] {
      for element in 0..<shape[2] {
        let (i, j) = (element / window.kernel[1], element % window.kernel[1])
        for y in 0..<shape[3] {
          let row = y * window.strides[0] + i * window.dilations[0] - window.pads[0]
          for x in 0..<shape[4] {
            let column = x * window.strides[1] + j * window.dilations[1] - window.pads[1]
            let isInside = (0..<height).contains(row) && (0..<width).contains(column)
            out.append(isInside ? pixels.values[(plane * height + row) * width + column] : value)
          }
        }
      }
    }
    return evaluation.result(out)
  }
}

/// The attributes of windows, checked.
struct WindowShape {
  static let attributes: [OpDefinition.AttributeSpec] = [
    .required("kernel", .integers), .defaulted("strides", .integers, .integers([1, 1])),
    .defaulted("pads", .integers, .integers([0, 0, 0, 0])),
    .defaulted("dilations", .integers, .integers([1, 1])),
  ]

  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  /// Top, left, bottom, right.
  let pads: [Int]

  init(_ site: OpSite) throws {
    func list(_ name: String, _ count: Int, from least: Int) throws -> [Int] {
      let values = try site.integers(name)
      try site.require(
        values.count == count && values.allSatisfy { (least...1 << 20).contains($0) },
        "\(name) = \(values), expected \(count) integers from \(least) to \(1 << 20)")
      return values
    }
    kernel = try list("kernel", 2, from: 1)
    strides = try list("strides", 2, from: 1)
    dilations = try list("dilations", 2, from: 1)
    pads = try list("pads", 4, from: 0)
  }

  /// How many windows fit along an axis. An open size must be whole strides and a rest.
  func places(along axis: Int, of extent: Dim) throws -> Dim {
    let reach = dilations[axis] * (kernel[axis] - 1) + 1
    let span = try extent + Dim(pads[axis] + pads[axis + 2] - reach)
    let rest = span.products.first { $0.symbols.isEmpty }?.coefficient ?? 0
    let step = strides[axis]
    let wholes = rest >= 0 ? rest / step : -((step - 1 - rest) / step)
    guard let steps = try (span - Dim(rest)).dividedExactly(by: Dim(step)) else {
      throw OpError("windows at every \(step) do not fill an extent of \(extent)")
    }
    let places = try steps + Dim(wholes + 1)
    if let count = places.constant, count < 1 {
      throw OpError("a window of \(reach) does not fit into an extent of \(extent) with its pads")
    }
    return places
  }
}
