import JSON
import Tensors

private let t = CaseSymbols.rows

extension KernelCase {
  static let data: [KernelCase] =
    moving + making + looking + [
      KernelCase(
        "unfold", operands: [.f32(1, 2, t, 4)], result: .f32(1, 2, 6, 3, t),
        attributes: windows.merging(["value": -1]) { $1 },
        flaws: [
          .missing(0), .holds(0, .i64), .resultHolds(.bf16),
          .strides(0, 99, 99, 5, 1, message: "pixels is not dense"),
          .resultStrides(99, 99, 99, 99, 2),
          .shape(0, 2, t, 4, message: "pixels and result do not fit together"),
          .shape(0, 2, 2, t, 4, message: "pixels and result do not fit together"),
          .shape(0, 1, 3, t, 4, message: "pixels and result do not fit together"),
          .resultShape(1, 2, 5, 3, t, message: "pixels and result do not fit together"),
          .resultShape(1, 2, 6, t, message: "pixels and result do not fit together"),
          .without("value"),
        ])
    ]

  /// Two rows and three columns, every other one, with edges.
  static let windows: [String: JSON] = [
    "kernel": [2, 3], "strides": [1, 2], "dilations": [2, 1], "pads": [1, 0, 1, 2],
  ]

  private static let moving = [
    KernelCase(
      "copy", operands: [.any(.bf16, t, 3)], result: .any(.bf16, t, 3),
      flaws: [
        .missing(0), .holds(0, .f32, .bf16),
        .shape(0, 3, t, message: "x and the result have different shapes"),
      ]),
    KernelCase(
      "concat", operands: [.i64(2, t), .i64(2, 3), .i64(2, 1)], result: .i64(2, sum),
      attributes: ["axis": -1],
      flaws: [
        .missing(0), .missing(1), .holds(2, .f32, .i64), .without("axis"), .axis(),
        .shape(1, 3, 3, message: "operand 1 does not line up"),
        .shape(2, 2, message: "operand 2 does not line up"),
        .shape(1, 2, 2, message: "the operands do not fill the result"),
        .attribute("axis", 0, "operand 0 does not line up"),
      ]),
    KernelCase(
      "masked_scatter", operands: [.f32(t, 4), .bool(t, 1), .f32(t, 4)], result: .f32(t, 4),
      flaws: [
        .missing(0), .missing(1), .missing(2), .holds(0, .i64), .holds(1, .i64, .bool),
        .holds(2, .bf16), .shape(0, 4, t, message: "x and the result have different shapes"),
        .resultStrides(8, 1), .strides(2, 1, t, message: "source is not dense"),
        .shape(1, 4, t, message: "mask does not broadcast to the result"),
        .shape(1, 1, t, 4, message: "mask does not broadcast to the result"),
      ]),
  ]

  private static let making = [
    KernelCase(
      "constant", operands: [], result: .i64(3), attributes: ["values": [1, 2.5, "inf"]],
      flaws: [
        .mistyped("values", expected: "an array"),
        .attribute("values", nil, "value is missing"),
        .resultShape(4, message: "value has the wrong length"),
        .resultShape(t, message: "value has the wrong length"), .resultStrides(2),
        .resultHolds(.bf16, .f32, "no kernel for bf16"),
      ]),
    KernelCase("constant", operands: [], result: .f32(), attributes: ["value": "nan"]),
    KernelCase("constant", operands: [], result: .bool(1), attributes: ["value": 2]),
    KernelCase(
      "iota", operands: [], result: .i64(t), attributes: ["start": [[1, "T"], [-1]]],
      flaws: [
        .resultHolds(.f32, .i64), .resultStrides(2), .without("start"),
        .attribute(
          "start", [[1, "elsewhere"]], "start depends on no symbols or is too large"),
        .attribute(
          "start", [[140_737_488_355_328, "T"]], "start depends on no symbols or is too large"),
        .resultShape(message: "the result has not 1 axis"),
        .resultShape(t, 2, message: "the result has not 1 axis"),
      ]),
    KernelCase(
      "causal_mask", operands: [], result: .f32(t, 4), attributes: ["window": 2],
      flaws: [
        .resultHolds(.i64), .resultStrides(8, 1),
        .resultShape(4, message: "the result is no matrix"),
        .resultShape(1, t, 4, message: "the result is no matrix"),
        .mistyped("window", expected: "an integer from -281474976710656 to 281474976710656"),
      ]),
    KernelCase("causal_mask", operands: [], result: .f32(4, t)),
  ]

  private static let looking =
    [
      embedding("embedding_f32", .f32, nil), embedding("embedding_bf16", .bf16, nil),
      embedding("embedding_f32_panels", .f32, .f32),
      embedding("embedding_bf16_panels", .bf16, .bf16),
      embedding("embedding_int8_panels", .f32, .int8),
      embedding("embedding_int4_panels", .f32, .int4),
    ] + [
      KernelCase(
        "gather", operands: [.bool(2, t, 3), .i64(4)], result: .bool(2, 4, 3),
        attributes: ["axis": 1],
        flaws: [
          .missing(0), .missing(1), .holds(0, .f32, .bool), .holds(1, .f32, .i64),
          .without("axis"), .axis(), .strides(0, 99, 4, 1, message: "x is not dense"),
          .strides(1, 2, message: "ids is not dense"), .resultStrides(12, 3, 2),
          .resultShape(2, 3, 4, message: "x, ids and result do not fit together"),
          .shape(1, 4, 1, message: "x, ids and result do not fit together"),
          .attribute("axis", 0, "x, ids and result do not fit together"),
        ])
    ]

  private static func embedding(
    _ kernel: String, _ element: ElementType, _ packing: WeightPacking?
  ) -> KernelCase {
    let other: WeightPacking = packing == .int8 ? .int4 : .int8
    return KernelCase(
      kernel, operands: [.weight(20, 40, element, packing), .i64(2, t)], result: .f32(2, t, 40),
      attributes: ["scale": 2],
      flaws: [
        .missing(0), .missing(1), .holds(0, .i64, element), .holds(1, .f32, .i64),
        .resultHolds(.bf16),
        .packed(0, other, "operand 0 is not \(packing.map { "in \($0.rawValue)" } ?? "row-major")"),
        .strides(0, 48, 1, message: "table is not dense"),
        .strides(1, 1, 2, message: "ids is not dense"), .resultStrides(999, 40, 2),
        .shape(0, 40, message: "table, ids and result do not fit together"),
        .shape(1, 2, message: "table, ids and result do not fit together"),
        .resultShape(2, t, 20, message: "table, ids and result do not fit together"),
        .without("scale"),
      ])
  }

  private static let sum = (try? t + 4) ?? 0
}
