import Foundation
import Tensors

/// One function of one or two numbers, applied to every element.
enum ElementwiseOps {
  static let all: [OpDefinition] = unary + binary + selection

  static let unary: [OpDefinition] = [
    unary("neg", "-x", infer: sameNumbers) { -$0 },
    unary("abs", "|x|", infer: sameNumbers) { abs($0) },
    unary("exp", "e^x") { exp($0) },
    unary("log", "ln x") { log($0) },
    unary("sqrt", "√x") { $0.squareRoot() },
    unary("rsqrt", "1/√x") { 1 / $0.squareRoot() },
    unary("sin", "sin x") { sin($0) },
    unary("cos", "cos x") { cos($0) },
    unary("tanh", "tanh x") { tanh($0) },
    unary("erf", "2/√π ∫₀ˣ e^(-t²) dt") { erf($0) },
    unary("sigmoid", "1/(1 + e^-x)") { Activations.sigmoid($0) },
    unary("relu", "max(x, 0), NaN stays NaN", infer: sameNumbers) { Activations.relu($0) },
    unary("silu", "x·sigmoid(x)") { $0 * Activations.sigmoid($0) },
    OpDefinition(
      "gelu", .math,
      "approximate = none: x·½(1 + erf(x/√2)); tanh: ½x(1 + tanh(√(2/π)(x + 0.044715x³)))",
      operands: [.required("x")],
      attributes: [.word("approximate", ["none", "tanh"], default: "none")],
      infer: sameFloating
    ) { evaluation in
      let exact = try evaluation.site.word("approximate") == "none"
      return evaluation.result(
        try evaluation.input(0).values.map(exact ? Activations.gelu : Activations.geluTanh))
    },
  ]

  static let binary: [OpDefinition] = [
    binary("add", "a + b") { $0 + $1 },
    binary("sub", "a - b") { $0 - $1 },
    binary("mul", "a·b") { $0 * $1 },
    binary("div", "a/b; integers truncate toward zero") { $0 / $1 },
    binary("pow", "aᵇ") { pow($0, $1) },
    binary("maximum", "max(a, b), NaN if either is NaN") {
      $0.isNaN || $1.isNaN ? .nan : max($0, $1)
    },
    binary("minimum", "min(a, b), NaN if either is NaN") {
      $0.isNaN || $1.isNaN ? .nan : min($0, $1)
    },
    OpDefinition(
      "equal", .math, "a = b", operands: [.required("a"), .required("b")],
      infer: { site in
        let (a, b) = (try site.type(0), try site.type(1))
        _ = try OpRules.arithmetic(a.element, b.element)
        return [TensorType(.bool, try OpRules.broadcast(a.shape, b.shape))]
      }
    ) { try zipped($0) { $0 == $1 ? 1 : 0 } },
  ]

  static let selection: [OpDefinition] = [
    OpDefinition(
      "where", .math, "condition ? a : b",
      operands: [.required("condition"), .required("a"), .required("b")],
      infer: { site in
        let (condition, a, b) = (try site.type(0), try site.type(1), try site.type(2))
        try site.require(
          condition.element == .bool, "condition has type \(condition), expected bool")
        let shape = try OpRules.broadcast(condition.shape, try OpRules.broadcast(a.shape, b.shape))
        return [TensorType(try OpRules.arithmetic(a.element, b.element), shape)]
      }
    ) { evaluation in
      let shape = evaluation.results[0].shape
      let (condition, a, b) = (
        try evaluation.input(0).broadcast(to: shape), try evaluation.input(1).broadcast(to: shape),
        try evaluation.input(2).broadcast(to: shape)
      )
      return evaluation.result(
        condition.values.indices.map { condition.values[$0] != 0 ? a.values[$0] : b.values[$0] })
    },
    OpDefinition(
      "cast", .math, "x in another element type; floats truncate toward zero",
      operands: [.required("x")],
      attributes: [.word("to", ElementType.allCases.map(\.rawValue))],
      infer: { site in
        guard let element = ElementType(rawValue: try site.word("to")) else {
          throw OpError("to is not an element type")
        }
        return [try site.type(0).with(element: element)]
      }
    ) { evaluation in
      let (x, target) = (try evaluation.input(0), evaluation.results[0].element)
      // To its own type it is x, whose digits beyond that type the interpreter keeps.
      return evaluation.result(x.element == target ? x.values : x.values.map(target.converted))
    },
  ]

  private static func unary(
    _ name: String, _ formula: String,
    infer: @escaping @Sendable (OpSite) throws -> [TensorType] = sameFloating,
    _ function: @escaping @Sendable (Double) -> Double
  ) -> OpDefinition {
    OpDefinition(name, .math, formula, operands: [.required("x")], infer: infer) { evaluation in
      evaluation.result(try evaluation.input(0).values.map(function))
    }
  }

  private static func binary(
    _ name: String, _ formula: String, _ function: @escaping @Sendable (Double, Double) -> Double
  ) -> OpDefinition {
    OpDefinition(
      name, .math, formula, operands: [.required("a"), .required("b")],
      infer: { site in
        let (a, b) = (try site.type(0), try site.type(1))
        return [
          TensorType(
            try OpRules.arithmetic(a.element, b.element), try OpRules.broadcast(a.shape, b.shape))
        ]
      }
    ) { evaluation in
      let integral = !evaluation.results[0].element.isFloatingPoint
      return try zipped(evaluation) {
        integral ? function($0, $1).rounded(.towardZero) : function($0, $1)
      }
    }
  }

  private static func zipped(
    _ evaluation: Evaluation, _ function: (Double, Double) -> Double
  ) throws -> [HostTensor] {
    let shape = evaluation.results[0].shape
    let a = try evaluation.input(0).broadcast(to: shape).values
    let b = try evaluation.input(1).broadcast(to: shape).values
    return evaluation.result(a.indices.map { function(a[$0], b[$0]) })
  }

  @Sendable private static func sameFloating(_ site: OpSite) throws -> [TensorType] {
    let type = try OpRules.floating(site, 0)
    return [type.with(element: type.element.computed)]
  }

  /// For functions that yield integers on integers.
  @Sendable private static func sameNumbers(_ site: OpSite) throws -> [TensorType] {
    let type = try site.type(0)
    try site.require(type.element != .bool, "operand 0 has type \(type), expected numbers")
    return [type.with(element: type.element.computed)]
  }
}

/// The activation functions, by the names that `linear` and `gelu` use.
enum Activations {
  static let names = ["none", "gelu", "gelu_tanh", "relu", "silu", "sigmoid", "tanh"]

  static func function(named name: String) -> (Double) -> Double {
    switch name {
    case "gelu": gelu
    case "gelu_tanh": geluTanh
    case "relu": relu
    case "silu": { $0 * sigmoid($0) }
    case "sigmoid": sigmoid
    case "tanh": { Foundation.tanh($0) }
    default: { $0 }
    }
  }

  static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  static func relu(_ x: Double) -> Double { x < 0 ? 0 : x }

  /// Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016), the exact form.
  static func gelu(_ x: Double) -> Double { x * 0.5 * (1 + erf(x / 2.0.squareRoot())) }

  /// The tanh approximation of the same paper: `gelu_pytorch_tanh` in Hugging Face configurations.
  static func geluTanh(_ x: Double) -> Double {
    0.5 * x * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }
}

extension ElementType {
  /// `value` rounded to what this type can hold: half precision to nearest even, integers toward
  /// zero and saturating (NaN becomes 0), bool to 0 or 1.
  package func converted(_ value: Double) -> Double {
    switch self {
    case .f64: value
    case .f32: Double(Float(value))
    case .f16: Double(Float16(value))
    case .bf16: Self.roundedToBF16(value)
    case .bool: value != 0 ? 1 : 0
    case .i64: Self.truncated(value, -0x1p63, 0x1p63)
    case .i32: Self.truncated(value, -0x1p31, 0x1p31 - 1)
    case .i16: Self.truncated(value, -0x1p15, 0x1p15 - 1)
    case .i8: Self.truncated(value, -128, 127)
    case .u8: Self.truncated(value, 0, 255)
    }
  }

  private static func truncated(_ value: Double, _ low: Double, _ high: Double) -> Double {
    value.isNaN ? 0 : min(max(value.rounded(.towardZero), low), high)
  }

  private static func roundedToBF16(_ value: Double) -> Double {
    let bits = Float(value).bitPattern
    if Float(value).isNaN { return .nan }
    let rounded = bits &+ 0x7FFF &+ ((bits >> 16) & 1)
    return Double(Float(bitPattern: rounded & 0xFFFF_0000))
  }
}
