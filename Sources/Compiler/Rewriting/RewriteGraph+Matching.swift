import IR
import Tensors

extension RewriteGraph {
  /// The number that an operand is everywhere, if that is known while compiling: a constant of one
  /// element or a splat, possibly reshaped or broadcast.
  func scalar(_ operand: Operand?) -> Double? {
    var current = operand
    while let view = definition(of: current, is: "reshape", "broadcast", "transpose") {
      current = view["x"]
    }
    if let tensor = current?.tensor.map(module.tensor) {
      guard case .buffer = tensor.kind else { return nil }
      switch tensor.initializer {
      case .splat(let value): return tensor.type.element.converted(value)
      case .dense(let values) where values.count == 1:
        return tensor.type.element.converted(values[0])
      default: return nil
      }
    }
    guard let constant = definition(of: current, is: "constant") else { return nil }
    let values = constant.attributes["values"]?.reals
    guard let value = values == nil ? constant.attributes["value"]?.real : values?.first,
      values.map({ $0.count == 1 }) ?? true
    else { return nil }
    return type(of: .value(constant.result)).element.converted(value)
  }

  /// Both orders of the two operands of a commutative operation.
  func orders(_ operation: Operation?) -> [(Operand, Operand)] {
    guard let operands = operation?.operands, operands.count == 2,
      case (let a?, let b?) = (operands[0], operands[1])
    else { return [] }
    return a == b ? [(a, b)] : [(a, b), (b, a)]
  }

  /// A commutative operation's operands as (tensor, scalar), if one of them is a known number.
  func scaled(_ operation: Operation?) -> (operand: Operand, factor: Double)? {
    for (operand, candidate) in orders(operation) {
      if let factor = scalar(candidate) { return (operand, factor) }
    }
    return nil
  }
}

extension Operation {
  /// An axis attribute as an index, for an operand of this rank.
  func axis(_ name: String, rank: Int) -> Int? {
    guard let axis = attribute(name)?.integer else { return nil }
    return axis < 0 ? axis + rank : axis
  }

  func isFlagSet(_ name: String) -> Bool { attribute(name)?.flag ?? false }
}

extension Attribute {
  /// A number that kernels use in f32, as the shortest decimal that rounds to the same f32.
  static func single(_ value: Double) -> Attribute {
    .real(Double("\(Float(value))") ?? value)
  }
}
