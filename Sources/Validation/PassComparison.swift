import Compiler
import IR

/// What a module computes before and after a pass. A pass may round weights within the bounds of their
/// storage; apart from that it is held against the module before it with the weights so rounded.
struct PassComparison {
  /// What the module before the pass computes.
  let expected: ReferenceCalls
  let found: [[[HostTensor]]]
  private let rounding: WeightRounding

  init(_ reference: ReferenceCalls, _ before: Validator.Stage, _ after: Validator.Stage) throws {
    let weights = reference.seeded.weight
    rounding = WeightRounding(from: before.module, to: after.module)
    var expected = reference
    if rounding.roundsHalf {
      let (module, values) = try rounding.half(before.module, weights)
      let source = before.context.interpreterSource(weights: weights)
      try expected.expect(module) { try values[$0.name] ?? source($0) }
    }
    self.expected = expected
    found = try reference.results(
      of: after.module, source: after.context.interpreterSource(weights: weights))
  }

  /// The first weight that was moved too far, in words; by passes that do not approximate, any.
  func excess(allowed exactness: Pass.Exactness) throws -> String? {
    if exactness < .approximating, let remark { return "it rounds weights: \(remark)" }
    return try rounding.excess(expected.seeded.weight)
  }

  func firstDifference(
    tolerance: Double
  ) -> (sequence: Int, call: Int, difference: Difference)? {
    expected.firstDifference(to: found, tolerance: tolerance)
  }

  var largestDifference: Double { expected.largestDifference(to: found) }

  /// Which weights were rounded.
  var remark: String? { rounding.description.isEmpty ? nil : rounding.description }
}

extension ReferenceCalls {
  /// The first difference between two versions of a module, in words: a weight moved by more than its
  /// storage explains, or a result by more than the class allows. This must expect the former's results.
  package func difference(
    from before: Module, to after: Module, _ context: PassContext, _ exactness: Pass.Exactness
  ) throws -> String? {
    let comparison = try PassComparison(
      self, Validator.Stage(module: before, context: context),
      Validator.Stage(module: after, context: context))
    if let problem = try comparison.excess(allowed: exactness) { return problem }
    return comparison.expected.difference(to: comparison.found, tolerance: exactness.tolerance)
  }
}
