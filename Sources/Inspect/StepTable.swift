import JSON
import Plans

/// The steps of a plan as rows of a table, with their measured times when there are any.
enum StepTable {
  /// For each function its rows: step, kernel, arithmetic operations, bytes, and of a profile calls,
  /// seconds and share of the machine's limit. Without a profile, work is that of the largest sizes.
  static func json(_ plan: Plan, profile: TraceProfile?, only function: String?) throws -> JSON {
    let sizes = Dictionary(
      plan.symbols.map { ($0.name, $0.bound) }, uniquingKeysWith: { first, _ in first })
    let functions = plan.functions.filter { function == nil || $0.name == function }
    return .array(
      try functions.map { function in
        [
          "name": .string(function.name),
          "rows": .array(
            try function.steps.map { step in
              if let profile {
                return row(step, profile.steps[function.name]?[step.name])
              }
              let work = try plan.work(of: step, at: sizes)
              return .array([
                .string(step.name), .string(step.kernel), .integer(work.operations),
                .integer(work.allBytes),
              ])
            }),
        ]
      })
  }

  /// A step that did not run has no times.
  private static func row(_ step: PlanStep, _ measured: TraceProfile.Step?) -> JSON {
    guard let measured, measured.calls > 0 else {
      return .array([.string(step.name), .string(step.kernel), 0, 0, 0, 0, 0])
    }
    let calls = Double(measured.calls)
    return .array([
      .string(step.name), .string(step.kernel), .number(measured.operations / calls),
      .number(measured.bytes / calls), .integer(measured.calls),
      .number(measured.seconds / calls),
      .number(measured.seconds > 0 ? measured.limitSeconds / measured.seconds : 0),
    ])
  }
}
