import Plans

/// Where a view stands in a plan.
struct ViewPlace {
  enum Role {
    case input(Int)
    case output(Int)
    case operand(step: Int, Int)
    case result(step: Int)
  }

  let function: Int
  let role: Role
}

extension Plan {
  /// All places of views.
  var viewPlaces: [ViewPlace] {
    functions.indices.flatMap { index in
      let function = functions[index]
      let steps = function.steps.indices.flatMap { step in
        function.steps[step].operands.indices.map { ViewPlace.Role.operand(step: step, $0) }
          + [.result(step: step)]
      }
      let ports =
        function.inputs.indices.map { ViewPlace.Role.input($0) }
        + function.outputs.indices.map { .output($0) }
      return (ports + steps).map { ViewPlace(function: index, role: $0) }
    }
  }

  /// nil for an operand that is absent. Setting nil only removes operands.
  subscript(place: ViewPlace) -> PlanView? {
    get {
      let function = functions[place.function]
      return switch place.role {
      case .input(let port): function.inputs[port].view
      case .output(let port): function.outputs[port].view
      case .operand(let step, let index): function.steps[step].operands[index]
      case .result(let step): function.steps[step].result
      }
    }
    set {
      switch (place.role, newValue) {
      case (.input(let port), let view?): functions[place.function].inputs[port].view = view
      case (.output(let port), let view?): functions[place.function].outputs[port].view = view
      case (.result(let step), let view?): functions[place.function].steps[step].result = view
      case (.operand(let step, let index), let view):
        functions[place.function].steps[step].operands[index] = view
      default: break
      }
    }
  }
}
