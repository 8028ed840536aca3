import JSON
import Plans
import Tensors

private let t = CaseSymbols.rows

extension KernelCase {
  static let attention: [KernelCase] = [
    KernelCase(
      "attention",
      operands: [.f32(1, 4, t, 8), .f32(1, 2, t, 8), .f32(1, 2, t, 6), .f32(4, 1, t)],
      result: .f32(1, t, 4, 6),
      attributes: [
        "scale": 0.5, "softcap": 2, "causal": true, "window": 3, "products": "bf16",
      ],
      flaws: [
        .missing(0), .missing(1), .missing(2), .holds(0, .i64), .holds(1, .bf16), .holds(2, .bool),
        .resultHolds(.i64),
        .shape(0, 4, t, 8, message: "an operand has not 4 axes"),
        .shape(2, 1, 2, t, 3, 2, message: "an operand has not 4 axes"),
        .resultShape(t, 4, 6, message: "an operand has not 4 axes"),
        .shape(0, 2, 4, t, 8, message: "q, k, v and the result do not fit together"),
        .shape(0, 1, 4, t, 6, message: "q, k, v and the result do not fit together"),
        .shape(0, 1, 3, t, 8, message: "q, k, v and the result do not fit together"),
        .shape(1, 1, 0, t, 8, message: "q, k, v and the result do not fit together"),
        .shape(2, 1, 2, 5, 6, message: "q, k, v and the result do not fit together"),
        .shape(2, 1, 4, t, 6, message: "q, k, v and the result do not fit together"),
        .resultShape(1, t, 4, 8, message: "q, k, v and the result do not fit together"),
        .resultShape(1, 4, t, 6, message: "q, k, v and the result do not fit together"),
        .strides(0, 64, 16, 64, 2, message: "an operand has gaps in its rows"),
        .strides(1, 32, 16, 32, 2, message: "an operand has gaps in its rows"),
        .strides(2, 32, 16, 32, t, message: "an operand has gaps in its rows"),
        .resultStrides(99, 24, 6, 2), .holds(3, .i64),
        .shape(3, 3, 1, t, message: "mask does not broadcast to the result"),
        .shape(3, 1, 1, 4, 5, t, message: "mask does not broadcast to the result"),
        .shape(3, 4, 1, 1, message: "mask does not cover the keys"),
        .shape(3, message: "mask does not cover the keys"),
        .strides(3, t, t, 2, message: "mask has gaps in its rows"),
        .without("scale"), .without("causal"), .without("products"),
        .mistyped("softcap", expected: "a number"),
        .mistyped("window", expected: "an integer from -281474976710656 to 281474976710656"),
        .attribute("products", "f16", "products is neither f32 nor bf16"),
      ]),
    KernelCase(
      "attention", operands: [.f32(1, 2, 1, 8), .f32(1, 2, t, 8), .f32(1, 2, t, 8)],
      result: .f32(1, 1, 2, 8),
      attributes: ["scale": 0.5, "softcap": nil, "causal": false, "products": "f32"]),
    KernelCase(
      "rope", operands: [.f32(1, 2, t, 6), .f32(t, 6), .f32(6)], result: .f32(1, 2, t, 6),
      flaws: [
        .missing(0), .missing(1), .missing(2), .holds(0, .i64), .holds(1, .bf16), .holds(2, .bool),
        .resultHolds(.i64), .resultStrides(48, 24, 12, 2),
        .shape(0, 1, 1, 2, t, 6, message: "x does not fit the result"),
        .shape(0, 1, 2, t, 4, message: "x does not fit the result"),
        .strides(0, 48, 24, 12, 2, message: "x does not fit the result"),
        .shape(1, 3, 6, message: "cos does not broadcast to the result"),
        .shape(2, 1, 1, 1, t, 6, message: "sin does not broadcast to the result"),
        .shape(1, t, 1, message: "cos has gaps in its rows"),
        .strides(2, 2, message: "sin has gaps in its rows"),
        .width(5, "x has rows that do not divide into halves"),
        .width(t, "x has rows that do not divide into halves"),
      ]),
    KernelCase("rope", operands: [.f32(2), .f32(2), .f32(2)], result: .f32(2)),
  ]
}

extension StepFlaw {
  /// x, both tables and the result of `rope` have this many features.
  fileprivate static func width(_ width: Dim, _ message: String) -> StepFlaw {
    step(message) { step in
      let shapes: [Shape] = [[1, 2, t, width], [t, width], [width]]
      for (index, shape) in shapes.enumerated() {
        step.operands[index] = try step.operands[index]?.dense(shape)
      }
      step.result = try step.result.dense(shapes[0])
    }
  }
}
