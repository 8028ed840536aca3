import JSON
import Tensors

private let t = CaseSymbols.rows
private let misfit = "pixels, weight and result do not fit together"
private let places = "pixels and result do not fit together"

extension KernelCase {
  static let window: [KernelCase] =
    [
      conv("conv_f32", .f32, nil), conv("conv_bf16", .bf16, nil),
      conv("conv_f32_panels", .f32, .f32), conv("conv_bf16_panels", .bf16, .bf16),
      KernelCase(
        "depthwise_conv", operands: [.f32(2, 3, t, 5), .weight(6, 5), .f32(5)],
        result: .f32(2, 3, t, 5), attributes: windows.merging(["activation": "relu"]) { $1 },
        flaws: pixelFlaws + [
          .missing(1), .holds(1, .bf16), .strides(1, 1, 6, message: "weight is not dense"),
          .shape(1, 5, 6, message: misfit), .resultShape(2, 3, t, 4, message: misfit),
          .shape(2, 6, message: "operand 2 has the wrong shape"), .holds(2, .i64),
          .strides(2, 2, message: "bias is not dense"), .without("activation"),
        ]),
      KernelCase(
        "max_pool", operands: [.f32(2, 3, t, 5)], result: .f32(2, 3, t, 5), attributes: windows,
        flaws: pixelFlaws + windowFlaws + [.resultShape(2, 3, t, 4, message: places)]),
      KernelCase(
        "conv_f32", operands: [.f32(1, t, 2, 3), .weight(4, 3)], result: .f32(1, t, 2, 4),
        attributes: [
          "kernel": [1, 1], "strides": [1, 1], "dilations": [1, 1], "pads": [0, 0, 0, 0],
          "activation": "none",
        ]),
    ]

  private static func conv(
    _ kernel: String, _ element: ElementType, _ packing: WeightPacking?
  ) -> KernelCase {
    KernelCase(
      kernel,
      operands: [
        .f32(2, 3, t, 5), .weight(20, 30, element, packing), .f32(20), .f32(2, 3, t, 20),
      ],
      result: .f32(2, 3, t, 20), attributes: windows.merging(["activation": "silu"]) { $1 },
      flaws: pixelFlaws + windowFlaws + [
        .missing(1), .holds(1, .i64, element),
        .packed(
          1, .int8, "operand 1 is not \(packing.map { "in \($0.rawValue)" } ?? "row-major")"),
        .strides(1, 1, 20, message: "weight is not dense"), .shape(1, 30, 20, message: misfit),
        .shape(1, 30, message: misfit), .resultShape(2, 3, t, 10, message: misfit),
        .attribute("kernel", [3, 3], misfit),
        .shape(2, 30, message: "operand 2 has the wrong shape"), .holds(2, .i64),
        .strides(2, 2, message: "bias is not dense"),
        .shape(3, 2, 3, t, 1, message: "operand 3 has the wrong shape"), .holds(3, .i64),
        .strides(3, 999, 99, 20, 2, message: "residual is not dense"), .without("activation"),
        .attribute("activation", "erf", "unknown activation"),
      ])
  }

  private static let pixelFlaws: [StepFlaw] = [
    .missing(0), .holds(0, .bf16), .resultHolds(.bf16),
    .strides(0, 999, 99, 5, 2, message: "pixels is not dense"), .resultStrides(999, 999, 99, 2),
    .shape(0, 3, t, 5, message: places), .shape(0, 1, 3, t, 5, message: places),
    .resultShape(3, t, 5, message: places),
  ]

  private static let windowFlaws: [StepFlaw] = [
    .without("kernel"), .without("strides"), .without("dilations"), .without("pads"),
    .attribute("kernel", [0, 1], "kernel is not 2 numbers from 1 to 1048576"),
    .attribute("strides", [1], "strides is not 2 numbers from 1 to 1048576"),
    .attribute("dilations", [1, 1_048_577], "dilations is not 2 numbers from 1 to 1048576"),
    .attribute("pads", [0, 0, -1, 0], "pads is not 4 numbers from 0 to 1048576"),
  ]
}
