import JSON
import Plans
import Tensors

private let t = CaseSymbols.rows
private let different = "x and the result have different shapes"

extension KernelCase {
  static let cast: [KernelCase] =
    ElementType.allCases.map { element in
      KernelCase(
        "cast", operands: [.any(element, t, 3)], result: .f32(t, 3),
        flaws: [
          .missing(0), .shape(0, 3, t, message: different), .resultStrides(4, 1),
        ])
    }
    + ElementType.allCases.map { element in
      KernelCase("cast", operands: [.f32(t, 3)], result: .any(element, t, 3))
    }

  static let elementwise: [KernelCase] =
    [
      KernelCase(
        "exp", "log", "sqrt", "rsqrt", "sin", "cos", "tanh", "erf", "sigmoid", "silu",
        operands: [.f32(t, 3)], result: .f32(t, 3), flaws: unaryFlaws),
      KernelCase(
        "floor", "round", "atan", operands: [.f32(t, 3)], result: .f32(t, 3), flaws: unaryFlaws),
      KernelCase(
        "gelu", operands: [.f32(t, 3)], result: .f32(t, 3), attributes: ["approximate": "tanh"],
        flaws: unaryFlaws + [.without("approximate")]),
      KernelCase(
        "neg", "abs", "relu", operands: [.f32(t, 3)], result: .f32(t, 3),
        flaws: [
          .missing(0), .holds(0, .i64), .shape(0, 3, t, message: different), .resultStrides(4, 1),
          .step("no kernel for bf16") {
            $0.operands[0]?.element = .bf16
            $0.result.element = .bf16
          },
        ]),
      KernelCase("neg", "abs", "relu", operands: [.i64(t, 3)], result: .i64(t, 3)),
      KernelCase(
        "add", "sub", "mul", "div", "pow", "maximum", "minimum", operands: [.f32(3), .f32(t, 1)],
        result: .f32(t, 3),
        flaws: binaryFlaws(.f32) + [
          .step("no kernel for bool") {
            for index in 0...1 { $0.operands[index]?.element = .bool }
            $0.result.element = .bool
          }
        ]),
      KernelCase(
        "add", "sub", "mul", "div", "pow", "maximum", "minimum", operands: [.i64(3), .i64(t, 1)],
        result: .i64(t, 3)),
      KernelCase(
        "bit_and", "bit_or", "bit_xor", "shift_left", "shift_right",
        operands: [.i64(3), .i64(t, 1)], result: .i64(t, 3),
        flaws: binaryFlaws(.i64) + [.resultHolds(.f32, .i64)]),
    ] + comparison

  private static let unaryFlaws: [StepFlaw] = [
    .missing(0), .holds(0, .i64), .resultHolds(.bool), .shape(0, 3, t, message: different),
    .resultStrides(4, 1),
  ]

  private static func binaryFlaws(_ element: ElementType) -> [StepFlaw] {
    [
      .missing(0), .missing(1), .holds(0, .bool, element), .holds(1, .bool, element),
      .resultStrides(4, 1), .shape(0, t, message: "a does not broadcast to the result"),
      .shape(1, 2, t, 1, message: "b does not broadcast to the result"),
    ]
  }

  private static let comparison: [KernelCase] =
    [
      KernelCase(
        "equal", "less", operands: [.f32(3), .f32(t, 1)], result: .bool(t, 3),
        flaws: [
          .missing(0), .missing(1), .holds(1, .i64), .resultHolds(.f32, .bool),
          .resultStrides(4, 1),
          .shape(0, t, message: "operand 0 does not broadcast to the result"),
          .shape(1, 3, t, message: "operand 1 does not broadcast to the result"),
          .step("no kernel for bf16") {
            for index in 0...1 { $0.operands[index]?.element = .bf16 }
          },
        ]),
      KernelCase(
        "less", operands: [.i64(3), .i64(t, 1)], result: .bool(t, 3),
        flaws: [
          .step("no kernel for bool") {
            for index in 0...1 { $0.operands[index]?.element = .bool }
          }
        ]),
      KernelCase("equal", operands: [.i64(3), .i64(t, 1)], result: .bool(t, 3)),
      KernelCase("equal", operands: [.bool(3), .bool(t, 1)], result: .bool(t, 3)),
    ]
    + [.f32, .i64, .bool, .bf16].map { (element: ElementType) in
      KernelCase(
        "where", operands: [.bool(t, 1), .any(element, 3), .any(element, t, 3)],
        result: .any(element, t, 3),
        flaws: [
          .missing(0), .missing(1), .missing(2), .holds(0, .i64, .bool),
          .holds(1, .u16, element), .holds(2, .u16, element), .resultStrides(4, 1),
          .shape(0, t, message: "operand 0 does not broadcast to the result"),
          .shape(1, t, message: "operand 1 does not broadcast to the result"),
          .shape(2, 1, t, 3, message: "operand 2 does not broadcast to the result"),
        ])
    }
}
