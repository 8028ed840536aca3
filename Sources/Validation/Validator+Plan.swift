import Compiler
import IR

extension Validator {
  /// What is known of a plan that does not compute what its module says, or does not run; nil when it
  /// does.
  func fault(
    of outcome: Result<[[[HostTensor]]], any Error>, _ last: Stage, _ reference: ReferenceCalls,
    _ tolerance: Double
  ) throws -> Miscompilation? {
    guard let problem = problem(with: outcome, reference, tolerance) else { return nil }
    let culprit = try culprit(last, reference, tolerance)
    var fault = Miscompilation(
      pass: culprit, .reassociating, problem.text, function: problem.function,
      sizes: problem.sizes)
    fault.reproducer = Reducer(module, near: nil) { candidate in
      (try? planFails(candidate, tolerance, as: problem.kind)) ?? false
    }.reduced()
    return fault
  }

  private func problem(
    with outcome: Result<[[[HostTensor]]], any Error>, _ reference: ReferenceCalls,
    _ tolerance: Double
  ) -> PlanProblem? {
    switch outcome {
    case .failure(let error):
      return PlanProblem(
        text: "the plan does not run: \(error)", kind: "\(error)".kind, function: nil, sizes: [:])
    case .success(let found):
      guard let first = reference.firstDifference(to: found, tolerance: tolerance) else {
        return nil
      }
      let call = reference.sequences[first.sequence][first.call]
      return PlanProblem(
        text: "the plan's \(first.difference)", kind: nil, function: call.function,
        sizes: call.sizes)
    }
  }

  /// The pass of those behind the graph's own without whose work the plan is right; `plan` when it is
  /// none of them: then a kernel is wrong.
  private func culprit(
    _ last: Stage, _ reference: ReferenceCalls, _ tolerance: Double
  ) throws -> String {
    func isRight(_ passes: [Pass]) -> Bool {
      let outcome = planOutcome(of: module, passes: passes, source)
      return problem(with: outcome, reference, tolerance) == nil
    }
    if isRight(settings.passes.map { $0.name == "plan_memory" ? .spreadMemory : $0 }) {
      return "plan_memory"
    }
    if isRight(settings.passes.filter { $0.name != "pack_weights" }) { return "pack_weights" }
    // Operands that are prepared already need nothing more.
    var again = last
    let sound = try PassManager.pass(named: "select_kernels")
    try apply(sound, to: &again)
    let grew = zip(last.module.functions, again.module.functions)
      .contains { $0.operations.count < $1.operations.count }
    return grew ? "select_kernels" : "plan"
  }

  /// Whether the plan of a module goes wrong in the same way.
  private func planFails(_ module: Module, _ tolerance: Double, as kind: String?) throws -> Bool {
    try settings.checkpoint()
    let reference = try ReferenceCalls(module, at: module.symbolsOnly(sizes))
    let outcome = planOutcome(of: module, passes: settings.passes) { _ in nil }
    return problem(with: outcome, reference, tolerance).map { $0.kind == kind } ?? false
  }
}

/// How a plan goes wrong.
private struct PlanProblem {
  let text: String
  /// The kind of error that keeps it from running; nil for wrong results.
  let kind: String?
  let function: String?
  let sizes: [String: Int]
}

extension String {
  /// An error's words without names and numbers, which are others in another graph.
  fileprivate var kind: String {
    split(separator: " ").filter { $0.allSatisfy(\.isLetter) }.joined(separator: " ")
  }
}
