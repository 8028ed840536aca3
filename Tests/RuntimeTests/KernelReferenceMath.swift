import CKernels
import Foundation

/// The formulas of the kernels in double precision.
enum ReferenceMath {
  static func geluTanh(_ x: Double) -> Double {
    0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  static func unary(_ operation: UnaryOperation, _ x: Double) -> Double {
    switch operation {
    case .identity: x
    case .negate: -x
    case .abs: Swift.abs(x)
    case .sqrt: x.squareRoot()
    case .rsqrt: 1 / x.squareRoot()
    case .reciprocal: 1 / x
    case .exp: Foundation.exp(x)
    case .log: Foundation.log(x)
    case .sin: Foundation.sin(x)
    case .cos: Foundation.cos(x)
    case .tanh: Foundation.tanh(x)
    case .erf: Foundation.erf(x)
    case .relu: x < 0 ? 0 : x
    case .sigmoid: 1 / (1 + Foundation.exp(-x))
    case .silu: x / (1 + Foundation.exp(-x))
    case .geluTanh: geluTanh(x)
    case .geluErf: 0.5 * x * Foundation.erfc(-x / 2.0.squareRoot())
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .round: x.rounded(.toNearestOrEven)
    case .atan: Foundation.atan(x)
    }
  }

  static func binary(_ operation: BinaryOperation, _ a: Double, _ b: Double) -> Double {
    switch operation {
    case .add: a + b
    case .sub: a - b
    case .mul: a * b
    case .div: a / b
    case .max: a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
    case .min: a.isNaN || b.isNaN ? .nan : Swift.min(a, b)
    case .pow: Foundation.pow(a, b)
    }
  }
}
