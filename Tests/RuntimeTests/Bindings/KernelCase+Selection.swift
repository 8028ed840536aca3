import JSON
import Plans
import Tensors

private let (t, found) = (CaseSymbols.rows, CaseSymbols.found)
private let wrongResult = "the result has the wrong shape"

extension KernelCase {
  static let indexing: [KernelCase] =
    [.f32, .i64].map { (element: ElementType) in
      KernelCase(
        "top_k", operands: [.any(element, 3, 5)], result: .i64(3, t),
        attributes: ["axis": 1, "largest": true],
        flaws: [
          .missing(0, "no kernel for operand 0"),
          .holds(0, .bf16, .f32, "no kernel for operand 0"), .resultHolds(.f32, .i64),
          .without("axis"), .axis(), .without("largest"), .resultStrides(5, 2),
          .shape(0, 2, 5, message: "x and the result do not fit together"),
          .resultShape(t, message: "x and the result do not fit together"),
          .attribute("axis", 0, "x and the result do not fit together"),
        ])
    } + [
      KernelCase(
        "top_k", operands: [.f32(5, 3)], result: .i64(t, 3),
        attributes: ["axis": -2, "largest": false])
    ]
    + ["add", "mul", "max", "min", "none"].map {
      KernelCase(
        "scatter", operands: [.f32(6, t), .i64(2, 2), .f32(2, 2, t)], result: .f32(6, t),
        attributes: ["reduction": $0],
        flaws: [
          .missing(0), .missing(1), .missing(2), .holds(0, .i64), .holds(1, .f32, .i64),
          .holds(2, .bool), .resultStrides(9, 2), .strides(1, 4, 1, message: "ids is not dense"),
          .strides(2, 99, 99, 2, message: "updates is not dense"),
          .shape(0, t, 6, message: "the operands do not fit together"),
          .shape(2, 2, t, message: "the operands do not fit together"),
          .step("the operands do not fit together") {
            $0.operands[0] = try $0.operands[0]?.dense([])
            $0.result = try $0.result.dense([])
          },
          .without("reduction"),
          .attribute("reduction", "sub", "no kernel for reduction sub"),
        ])
    } + [
      KernelCase(
        "scatter", operands: [.i64(6, t), .i64(2), .i64(2, t)], result: .i64(6, t),
        attributes: ["reduction": "add"],
        flaws: [
          .step("no kernel for bool") {
            for index in [0, 2] { $0.operands[index]?.element = .bool }
            $0.result.element = .bool
          }
        ]),
      KernelCase(
        "scatter", operands: [.bool(6, t), .i64(2), .bool(2, t)], result: .bool(6, t),
        attributes: ["reduction": "none"]),
      KernelCase(
        "scatter", operands: [.f32(t, 6), .i64(2), .f32(2, 6)], result: .f32(t, 6),
        attributes: ["reduction": "max"]),
    ]

  private static let countFlaws: [StepFlaw] = [
    .resultHolds(.f32, .i64), .without("count"),
    .attribute("count", 4, "count is no symbol less 1"),
    .attribute("count", [[1, "N"]], "count is no symbol less 1"),
    .attribute("count", [[1, "X"], [-1]], "count is no symbol less 1"),
    .resultShape(found, 1, message: wrongResult), .resultShape(t, 3, message: wrongResult),
    .resultStrides(3, 2),
  ]

  static let selection: [KernelCase] =
    [.f32, .i64, .bool].map { (element: ElementType) in
      KernelCase(
        "nonzero", operands: [.any(element, 2, t, 3)], result: .i64(found, 3),
        attributes: ["count": [[1, "N"], [-1]]],
        flaws: countFlaws + [
          .missing(0, "no kernel for operand 0"),
          .holds(0, .bf16, .f32, "no kernel for operand 0"),
        ])
    } + [
      KernelCase(
        "non_max_suppression", operands: [.f32(2, t, 4), .f32(2, 3, t)], result: .i64(found, 3),
        attributes: [
          "count": [[1, "N"], [-1]], "limit": 2, "iou_threshold": 0.5, "score_threshold": -2,
          "centered": true,
        ],
        flaws: countFlaws + [
          .missing(0), .missing(1), .holds(0, .i64), .holds(1, .i64),
          .shape(0, t, 4, message: "boxes and scores do not fit together"),
          .shape(0, 2, t, 3, message: "boxes and scores do not fit together"),
          .shape(0, 1, t, 4, message: "boxes and scores do not fit together"),
          .shape(1, 2, t, message: "boxes and scores do not fit together"),
          .shape(1, 2, t, 3, message: "boxes and scores do not fit together"),
          .strides(0, 99, 8, 2, message: "boxes is not dense"),
          .strides(1, 99, 1, 3, message: "scores is not dense"), .without("limit"),
          .without("iou_threshold"), .without("centered"),
          .mistyped("score_threshold", expected: "a number"),
        ])
    ]

  static let state: [KernelCase] = [
    KernelCase(
      "cache_append", operands: [.state(1, 2, 8, 4), .f32(1, 2, t, 4)],
      result: .state(1, 2, grown, 4, strides: [64, 32, 4, 1]),
      flaws: [
        .missing(0), .missing(1), .holds(0, .i64), .holds(1, .bf16), .resultHolds(.i64),
        .step("the result is no part of the cache") { $0.result.region = .arena(offset: 0) },
        .step("the result is no part of the cache") { $0.result.strides[2] = 8 },
        .step("the result is no part of the cache") { $0.result.start = 4 },
        .shape(1, 2, t, 4, message: "new does not fit the cache"),
        .shape(1, 2, 2, t, 4, message: "new does not fit the cache"),
        .shape(1, 1, 1, t, 4, message: "new does not fit the cache"),
        .shape(1, 1, 2, t, 2, message: "new does not fit the cache"),
        .step("new does not fit the cache") { $0.result.shape[1] = 1 },
      ])
  ]

  private static let grown = (try? t + 3) ?? 0
}
