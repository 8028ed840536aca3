import JSON
import Plans
import Tensors

/// A change to a sound step, and what its kernel says about it.
struct StepFlaw: Sendable {
  let message: String
  let change: @Sendable (inout PlanStep, inout [WeightPacking?]) throws -> Void

  private init(_ message: String, _ change: @escaping @Sendable (inout PlanStep) throws -> Void) {
    self.message = message
    self.change = { step, _ in try change(&step) }
  }

  /// The operand is absent.
  static func missing(_ index: Int, _ message: String? = nil) -> StepFlaw {
    StepFlaw(message ?? "operand \(index) is missing") { $0.operands[index] = nil }
  }

  /// The operand has other elements.
  static func holds(
    _ index: Int, _ element: ElementType, _ expected: ElementType = .f32, _ message: String? = nil
  ) -> StepFlaw {
    StepFlaw(message ?? "operand \(index) holds \(element), expected \(expected)") {
      $0.operands[index]?.element = element
    }
  }

  static func resultHolds(
    _ element: ElementType, _ expected: ElementType = .f32, _ message: String? = nil
  ) -> StepFlaw {
    StepFlaw(message ?? "the result holds \(element), expected \(expected)") {
      $0.result.element = element
    }
  }

  /// The operand's packing is another.
  static func packed(_ index: Int, _ packing: WeightPacking?, _ message: String) -> StepFlaw {
    StepFlaw(message: message) { step, packings in
      if case .tensor(let tensor)? = step.operands[index]?.region { packings[tensor] = packing }
    }
  }

  private init(
    message: String,
    change: @escaping @Sendable (inout PlanStep, inout [WeightPacking?]) throws -> Void
  ) {
    self.message = message
    self.change = change
  }

  /// The operand, which may have been absent, has this shape and is dense.
  static func shape(_ index: Int, _ shape: Dim..., message: String) -> StepFlaw {
    StepFlaw(message) { step in
      while step.operands.count <= index { step.operands.append(nil) }
      step.operands[index] = try (step.operands[index] ?? step.result).dense(shape)
    }
  }

  static func resultShape(_ shape: Dim..., message: String) -> StepFlaw {
    StepFlaw(message) { $0.result = try $0.result.dense(shape) }
  }

  /// The operand's elements lie otherwise.
  static func strides(_ index: Int, _ strides: Dim..., message: String) -> StepFlaw {
    StepFlaw(message) { $0.operands[index]?.strides = strides }
  }

  static func resultStrides(_ strides: Dim...) -> StepFlaw {
    StepFlaw("the result is not dense") { $0.result.strides = strides }
  }

  /// Any other change of the step.
  static func step(
    _ message: String, _ change: @escaping @Sendable (inout PlanStep) throws -> Void
  ) -> StepFlaw { StepFlaw(message, change) }

  /// An attribute that must be there is not.
  static func without(_ name: String) -> StepFlaw {
    StepFlaw("\(name) is missing") { $0.attributes.removeAll { $0.key == name } }
  }

  static func attribute(_ name: String, _ value: JSON, _ message: String) -> StepFlaw {
    StepFlaw(message) {
      $0.attributes.removeAll { $0.key == name }
      $0.attributes.append(JSON.Member(name, value))
    }
  }

  /// An attribute that may be left out is of another kind.
  static func mistyped(_ name: String, expected: String) -> StepFlaw {
    attribute(name, .object([]), "\(name): expected \(expected), found an object")
  }

  /// An axis that there is not.
  static func axis(_ name: String = "axis") -> StepFlaw {
    attribute(name, 8, "\(name) = 8 is out of range")
  }
}

extension PlanView {
  /// Another shape at the same place, without gaps.
  func dense(_ shape: Shape) throws -> PlanView {
    PlanView(
      region: region, element: element, shape: shape, strides: try shape.rowMajorStrides())
  }
}
