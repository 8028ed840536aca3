import JSON
import Plans
import Tensors

private let t = CaseSymbols.rows
private let different = "x and the result have different shapes"
private let wrongResult = "the result has the wrong shape"

extension KernelCase {
  static let normalization: [KernelCase] = [
    KernelCase(
      "layer_norm", operands: [.f32(2, t, 8), .f32(8), .f32(8)], result: .f32(2, t, 8),
      attributes: ["eps": 0.01],
      flaws: rowFlaws + [
        .holds(2, .i64), .shape(1, t, message: "operand 1 has the wrong shape"),
        .shape(2, 1, 8, message: "operand 2 has the wrong shape"),
        .strides(1, 2, message: "operand 1 is not dense"),
        .strides(2, 0, message: "operand 2 is not dense"), .without("eps"),
      ]),
    KernelCase(
      "layer_norm", operands: [.f32(t, 8)], result: .f32(t, 8), attributes: ["eps": 0.01]),
    KernelCase(
      "rms_norm", operands: [.f32(2, t, 8), .f32(8)], result: .f32(2, t, 8),
      attributes: ["eps": 0.01, "weight_offset": 1],
      flaws: rowFlaws + [
        .missing(1), .shape(1, 4, message: "operand 1 has the wrong shape"), .without("eps"),
        .without("weight_offset"), .step("operand 1 is missing") { $0.operands.removeLast() },
        .step("operand 0 is missing") { $0.operands = [] },
      ]),
    KernelCase(
      "batch_norm", operands: [.f32(2, 3, t), .f32(3), .f32(3), .f32(3), .f32(3)],
      result: .f32(2, 3, t), attributes: ["axis": 1, "eps": 0.01],
      flaws: [
        .missing(0), .holds(0, .i64), .resultHolds(.i64),
        .strides(0, 99, t, 2, message: "x is not dense"), .resultStrides(99, 99, 2),
        .shape(0, 3, 2, t, message: different), .without("axis"), .axis(),
        .shape(1, 2, message: "operand 1 has the wrong shape"), .holds(4, .bool),
        .attribute("axis", 0, "operand 1 has the wrong shape"),
        .strides(2, 2, message: "operand 2 is not dense"),
        .missing(3, "mean and variance go together"), .missing(4, "mean and variance go together"),
        .without("eps"),
      ]),
    KernelCase(
      "batch_norm", operands: [.f32(2, 3, t)], result: .f32(2, 3, t),
      attributes: ["axis": -2, "eps": 0.01]),
    KernelCase(
      "softmax", operands: [.f32(2, t, 8)], result: .f32(2, t, 8), attributes: ["axis": -1],
      flaws: [
        .missing(0), .holds(0, .i64), .resultHolds(.i64), .without("axis"), .axis(),
        .resultStrides(99, 8, 2), .shape(0, t, 2, 8, message: different),
        .strides(0, 99, 16, 2, message: "x has gaps within its rows"),
        .strides(0, 99, 8, 1, message: "x has rows at uneven distances"),
      ]),
    KernelCase(
      "softmax", operands: [.f32(2, t, 8)], result: .f32(2, t, 8), attributes: ["axis": 1]),
  ]

  private static let rowFlaws: [StepFlaw] = [
    .missing(0), .holds(0, .i64), .holds(1, .bf16), .resultHolds(.bf16),
    .strides(0, 99, 16, 2, message: "x has gaps within its rows"),
    .strides(0, 99, 8, 1, message: "x has rows at uneven distances"),
    .shape(0, message: "x has no axes"), .resultStrides(99, 8, 2),
    .resultShape(t, 2, 8, message: different),
  ]

  static let reduction: [KernelCase] =
    [
      ([2], .f32(2, t, 1)), ([-2, -1], .f32(2, 1, 1)), ([0], .f32(1, t, 4)),
      ([0, 2], .f32(1, t, 1)),
    ]
    .map { (axes: JSON, result: CaseView) in
      KernelCase(
        "sum", "mean", "max", "prod", operands: [.f32(2, t, 4)], result: result,
        attributes: ["axes": axes, "keep_dims": true],
        flaws: [.missing(0), .holds(0, .i64), .resultHolds(.bf16)] + axesFlaws)
    } + [
      KernelCase(
        "sum", "max", "prod", operands: [.i64(2, t, 4)], result: .i64(2, 4),
        attributes: ["axes": [1], "keep_dims": false],
        flaws: [.missing(0), .holds(0, .f32, .i64)] + axesFlaws),
      KernelCase(
        "cumsum", operands: [.f32(2, t)], result: .f32(2, t),
        attributes: ["axis": 1, "exclusive": false, "reverse": true],
        flaws: [
          .missing(0), .holds(0, .i64), .shape(0, t, 2, message: different), .axis(),
          .without("axis"), .without("exclusive"), .without("reverse"),
          .step("no kernel for bool") {
            $0.operands[0]?.element = .bool
            $0.result.element = .bool
          },
        ]),
      KernelCase(
        "cumsum", operands: [.i64(2, t)], result: .i64(2, t),
        attributes: ["axis": 0, "exclusive": true, "reverse": false]),
    ]

  private static let axesFlaws: [StepFlaw] = [
    .step("the result is not dense") {
      $0.result.strides[$0.result.strides.count - 1] = 2;
      $0.result.shape[$0.result.shape.count - 1] = 4
    },
    .without("axes"), .without("keep_dims"),
    .attribute("axes", [3], "axes = [3] are not distinct axes of x"),
    .attribute("axes", [-4], "axes = [-1] are not distinct axes of x"),
    .attribute("axes", [1, -2], "axes = [1, 1] are not distinct axes of x"),
    .attribute("axes", [], wrongResult), .resultShape(7, message: wrongResult),
  ]
}
