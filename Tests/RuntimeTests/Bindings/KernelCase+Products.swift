import JSON
import Tensors

private let t = CaseSymbols.rows
private let misfit = "x, weight and result do not fit together"

extension KernelCase {
  static let linear: [KernelCase] = [
    linear("linear_f32", .f32, nil), linear("linear_bf16", .bf16, nil),
    linear("linear_f32_panels", .f32, .f32), linear("linear_bf16_panels", .bf16, .bf16),
    linear("linear_int8_panels", .f32, .int8), linear("linear_int4_panels", .f32, .int4),
    gated("linear_f32", .f32, nil), gated("linear_bf16", .bf16, nil),
    gated("linear_f32_panels", .f32, .f32), gated("linear_bf16_panels", .bf16, .bf16),
    gated("linear_int8_panels", .f32, .int8), gated("linear_int4_panels", .f32, .int4),
    // As a plain product, with sizes that fill no block.
    KernelCase("linear_f32", operands: [.f32(t, 7), .weight(3, 7)], result: .f32(t, 3)),
  ]

  private static func linear(
    _ kernel: String, _ element: ElementType, _ packing: WeightPacking?
  ) -> KernelCase {
    let other: WeightPacking = packing == .int8 ? .int4 : .int8
    return KernelCase(
      kernel,
      operands: [
        .f32(2, t, 40), .weight(20, 40, element, packing), .f32(20), .f32(2, t, 20), .f32(2, t, 20),
      ], result: .f32(2, t, 20), attributes: ["activation": "gelu_tanh"],
      flaws: [
        .missing(0), .missing(1), .holds(0, .bf16), .holds(1, .i64, element), .holds(2, .bf16),
        .holds(3, .i64), .resultHolds(.bf16),
        .packed(1, other, "operand 1 is not \(packing.map { "in \($0.rawValue)" } ?? "row-major")"),
        .strides(0, 999, 80, 2, message: "x has gaps within its rows"),
        .strides(0, 999, 40, 1, message: "x has rows at uneven distances"),
        .shape(0, message: "x has no axes"), .strides(1, 1, 20, message: "weight is not dense"),
        .resultStrides(999, 20, 2), .shape(0, 2, t, 20, message: misfit),
        .shape(1, 40, message: misfit), .shape(1, 10, 40, message: misfit),
        .resultShape(2, t, 40, message: misfit), .resultShape(t, 20, message: misfit),
        .shape(2, 40, message: "operand 2 has the wrong shape"),
        .strides(2, 2, message: "bias is not dense"),
        .shape(3, t, 20, message: "operand 3 has the wrong shape"),
        .shape(4, 2, t, 1, message: "operand 4 has the wrong shape"),
        .strides(3, 999, 40, 2, message: "operand 3 has gaps within its rows"),
        .strides(4, 999, 20, 1, message: "operand 4 has rows at uneven distances"),
        .mistyped("activation", expected: "a string"),
        .attribute("activation", "erf", "unknown activation"),
      ])
  }

  private static func gated(
    _ kernel: String, _ element: ElementType, _ packing: WeightPacking?
  ) -> KernelCase {
    let other: WeightPacking = packing == .int8 ? .int4 : .int8
    return KernelCase(
      kernel,
      operands: [
        .f32(t, 40), .weight(20, 40, element, packing), nil, nil, nil,
        .weight(20, 40, element, packing),
      ], result: .f32(t, 20), attributes: ["activation": "silu"],
      flaws: [
        .holds(5, .i64, element),
        .packed(5, other, "operand 5 is not \(packing.map { "in \($0.rawValue)" } ?? "row-major")"),
        .strides(5, 1, 20, message: "up is not dense"),
        .shape(5, 40, 20, message: "up needs the shape of weight, and no multiplier beside it"),
        .shape(3, t, 20, message: "up needs the shape of weight, and no multiplier beside it"),
      ])
  }

  static let matrix: [KernelCase] = [
    KernelCase(
      "matmul", operands: [.f32(2, 1, t, 5), .f32(3, t, 4)], result: .f32(2, 3, 5, 4),
      attributes: ["transpose_a": true, "transpose_b": false],
      flaws: [
        .missing(0), .missing(1), .holds(0, .bf16), .holds(1, .i64), .resultHolds(.bf16),
        .without("transpose_a"), .without("transpose_b"),
        .shape(0, t, message: "an operand is no matrix"),
        .shape(1, message: "an operand is no matrix"),
        .shape(1, 3, 4, t, message: "the operands do not fit"),
        .resultShape(2, 3, 4, 5, message: "the operands do not fit"),
        .resultShape(4, message: "the operands do not fit"),
        .attribute("transpose_b", true, "the operands do not fit"),
        .shape(0, 3, 1, t, 5, message: "a does not broadcast to the result"),
        .shape(1, 2, t, 4, message: "b does not broadcast to the result"),
        .shape(1, 1, 2, 3, t, 4, message: "b does not broadcast to the result"),
        .resultStrides(99, 20, 4, 2),
      ]),
    KernelCase(
      "matmul", operands: [.f32(t, 5), .f32(4, 5)], result: .f32(t, 4),
      attributes: ["transpose_a": false, "transpose_b": true]),
    KernelCase(
      "patch_conv", operands: [.f32(2, 3, 4, twice), .f32(5, 3, 2, 2), .f32(5)],
      result: .f32(2, 5, 2, t), attributes: ["stride": 2],
      flaws: [
        .missing(0), .missing(1), .holds(0, .bf16), .holds(1, .bf16), .holds(2, .bf16),
        .resultHolds(.i64), .without("stride"),
        .attribute("stride", 1, "the operands do not fit"),
        .shape(0, 3, 4, twice, message: "the operands do not fit"),
        .shape(0, 2, 3, 4, t, message: "the operands do not fit"),
        .shape(1, 5, 1, 2, 2, message: "the operands do not fit"),
        .resultShape(2, 5, 2, 2, message: "the operands do not fit"),
        .shape(2, 3, message: "operand 2 has the wrong shape"), .resultStrides(99, 99, t, 2),
      ]),
  ]

  private static let twice = (try? 2 * t) ?? 0
}
