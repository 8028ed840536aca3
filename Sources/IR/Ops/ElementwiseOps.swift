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
    unary("atan", "arctan x", overwritten: nil) { atan($0) },
    unary("sigmoid", "1/(1 + e^-x)") { Activations.sigmoid($0) },
    unary("floor", "the largest integer ≤ x", overwritten: nil) { $0.rounded(.down) },
    unary("round", "the nearest integer, the even one of two", overwritten: nil) {
      $0.rounded(.toNearestOrEven)
    },
    unary("relu", "max(x, 0), NaN stays NaN", infer: sameNumbers) { Activations.relu($0) },
    unary("silu", "x·sigmoid(x)") { $0 * Activations.sigmoid($0) },
    OpDefinition(
      "gelu", .math,
      "approximate = none: x·½(1 + erf(x/√2)); tanh: ½x(1 + tanh(√(2/π)(x + 0.044715x³)))",
      operands: [.required("x", overwritten: 0)],
      attributes: [.word("approximate", ["none", "tanh"], default: "none")],
      traits: .elementwise, infer: sameFloating
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
    binary("div", "a/b; integers truncate toward zero, and by 0 give 0") { $0 / $1 },
    binary("pow", "aᵇ") { pow($0, $1) },
    binary("maximum", "max(a, b), NaN if either is NaN") {
      $0.isNaN || $1.isNaN ? .nan : max($0, $1)
    },
    binary("minimum", "min(a, b), NaN if either is NaN") {
      $0.isNaN || $1.isNaN ? .nan : min($0, $1)
    },
    bitwise("bit_and", "the bits that a and b both have") { $0 & $1 },
    bitwise("bit_or", "the bits that a or b has") { $0 | $1 },
    bitwise("bit_xor", "the bits that only one of a and b has") { $0 ^ $1 },
    bitwise("shift_left", "a·2ᵇ without what leaves 64 bits") { $0 << $1 },
    bitwise("shift_right", "⌊a/2ᵇ⌋") { $0 >> $1 },
    OpDefinition(
      "equal", .math, "a = b", operands: [.required("a"), .required("b")],
      traits: .elementwise,
      infer: { site in
        let (a, b) = (try site.type(0), try site.type(1))
        _ = try OpRules.arithmetic(a.element, b.element)
        return [TensorType(.bool, try OpRules.broadcast(a.shape, b.shape))]
      }
    ) { try zipped($0) { $0 == $1 ? 1 : 0 } },
    OpDefinition(
      "less", .math, "a < b, false if either is NaN", operands: [.required("a"), .required("b")],
      traits: .elementwise,
      infer: { site in
        let (a, b) = (try site.type(0), try site.type(1))
        let element = try OpRules.arithmetic(a.element, b.element)
        try site.require(element != .bool, "operand 0 has type \(a), expected numbers")
        return [TensorType(.bool, try OpRules.broadcast(a.shape, b.shape))]
      }
    ) { try zipped($0) { $0 < $1 ? 1 : 0 } },
  ]

  static let selection: [OpDefinition] = [
    OpDefinition(
      "where", .math, "condition ? a : b",
      operands: [.required("condition"), .required("a"), .required("b")],
      traits: .elementwise,
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
      traits: [.elementwise, .movesElements],
      infer: { site in
        [try site.type(0).with(element: try site.element("to"))]
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
    overwritten: Int? = 0,
    _ function: @escaping @Sendable (Double) -> Double
  ) -> OpDefinition {
    OpDefinition(
      name, .math, formula, operands: [.required("x", overwritten: overwritten)],
      traits: .elementwise, infer: infer
    ) { evaluation in
      evaluation.result(try evaluation.input(0).values.map(function))
    }
  }

  private static func binary(
    _ name: String, _ formula: String, _ function: @escaping @Sendable (Double, Double) -> Double
  ) -> OpDefinition {
    OpDefinition(
      name, .math, formula,
      operands: [.required("a", overwritten: 0), .required("b", overwritten: 1)],
      traits: .elementwise,
      infer: { site in
        let (a, b) = (try site.type(0), try site.type(1))
        return [
          TensorType(
            try OpRules.arithmetic(a.element, b.element), try OpRules.broadcast(a.shape, b.shape))
        ]
      }
    ) { evaluation in
      let integral = !evaluation.results[0].element.isFloatingPoint
      return try zipped(evaluation) { a, b in
        let value = function(a, b)
        guard integral else { return value }
        return value.isFinite ? value.rounded(.towardZero) : 0
      }
    }
  }

  /// A function of the bits of 64-bit integers; negative ones are in two's complement.
  private static func bitwise(
    _ name: String, _ formula: String, _ function: @escaping @Sendable (Int64, Int64) -> Int64
  ) -> OpDefinition {
    OpDefinition(
      name, .math, formula, operands: [.required("a"), .required("b")],
      traits: .elementwise,
      infer: { site in
        let (a, b) = (try site.type(0), try site.type(1))
        try site.require(
          a.element == .i64 && b.element == .i64, "operands have types \(a) and \(b), expected i64")
        return [TensorType(.i64, try OpRules.broadcast(a.shape, b.shape))]
      }
    ) { evaluation in
      try zipped(evaluation) { Double(function(Int64(clamping: $0), Int64(clamping: $1))) }
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
  /// `value` rounded to what this type can hold: half precision and smaller floats to nearest
  /// even, the smallest of them saturating, integers toward zero and saturating (NaN becomes 0), bool to 0 or 1.
  package func converted(_ value: Double) -> Double {
    switch self {
    case .f64: value
    case .f32: Double(Float(value))
    case .f16: Double(Float16(value))
    case .bf16: Self.roundedToBF16(value)
    case .bool: value != 0 ? 1 : 0
    case .i64, .i32, .i16, .i8, .i4, .u64, .u32, .u16, .u8, .u4: truncated(value)
    case .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz, .f4e2m1:
      smallFloat.map { Double($0.value(of: $0.bits(of: Float(value)))) } ?? value
    }
  }

  private func truncated(_ value: Double) -> Double {
    guard let range = integerRange, !value.isNaN else { return 0 }
    return min(max(value.rounded(.towardZero), Double(range.lowerBound)), Double(range.upperBound))
  }

  private static func roundedToBF16(_ value: Double) -> Double {
    let bits = Float(value).bitPattern
    if Float(value).isNaN { return .nan }
    let rounded = bits &+ 0x7FFF &+ ((bits >> 16) & 1)
    return Double(Float(bitPattern: rounded & 0xFFFF_0000))
  }
}

extension Int64 {
  /// The nearest integer toward zero that fits; NaN is 0.
  init(clamping value: Double) {
    self = value.isNaN ? 0 : Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
  }
}
