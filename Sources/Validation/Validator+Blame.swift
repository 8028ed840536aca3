import Compiler
import IR
import Synchronization

extension Validator {
  /// What is known of a pass that threw or broke the module.
  func miscompilation(by pass: Pass, _ error: PassError, _ before: Stage) -> Miscompilation {
    var fault = Miscompilation(
      pass: pass, pass.exactness, "\(error.subject.map { "\($0): " } ?? "")\(error.reason)")
    let anchor = error.subject.flatMap { before.module.operation(named: $0) }
    let rule = error.rule
    fault.reproducer = Reducer(before.module, near: anchor) { candidate in
      var stage = Stage(module: candidate, context: before.context)
      do { try apply(pass, to: &stage) } catch {
        return (error as? PassError).map { $0.rule == rule } ?? false
      }
      return false
    }.reduced()
    return fault
  }

  /// What is known of a pass that moves weights further than it may.
  func miscompilation(
    by pass: Pass, _ exactness: Pass.Exactness, _ before: Stage, moving problem: String
  ) -> Miscompilation {
    var fault = Miscompilation(pass: pass, exactness, problem)
    fault.reproducer = Reducer(before.module, near: nil) { candidate in
      (try? differs(candidate, pass, before.context, exactness, sizes[0])) ?? false
    }.reduced()
    return fault
  }

  /// What is known of a pass after which a result is wrong.
  func miscompilation(
    by pass: Pass, _ exactness: Pass.Exactness, _ before: Stage, _ after: Stage,
    _ expected: ReferenceCalls, _ first: (sequence: Int, call: Int, difference: Difference)
  ) throws -> Miscompilation {
    let call = expected.sequences[first.sequence][first.call]
    let weights = expected.seeded.weight
    let place = try firstWrongValue(
      before, after, expected.sequences[first.sequence][...first.call], weights,
      tolerance: exactness.tolerance)
    var fault = Miscompilation(
      pass: pass, exactness, place?.problem ?? "\(first.difference)", function: call.function,
      value: place?.value, sizes: call.sizes)
    fault.rewrite = try culprit(of: pass, before, after, expected, exactness.tolerance)
    let anchor = fault.rewrite.flatMap { before.module.operation(named: $0.subject) }
    fault.reproducer = Reducer(before.module, near: anchor) { candidate in
      (try? differs(candidate, pass, before.context, exactness, call.sizes)) ?? false
    }.reduced()
    return fault
  }

  /// Whether a pass changes what a module computes. Weights are made from their names.
  private func differs(
    _ module: Module, _ pass: Pass, _ context: PassContext, _ exactness: Pass.Exactness,
    _ sizes: [String: Int]
  ) throws -> Bool {
    try settings.checkpoint()
    let calls = try ReferenceCalls(module, at: module.symbolsOnly([sizes]))
    var former = context
    (former.constants, former.derived) = ([:], [:])
    former.bufferSource = { _ in nil }
    var stage = Stage(module: module, context: former)
    guard try apply(pass, to: &stage).rewriteCount > 0 else { return false }
    let comparison = try PassComparison(
      calls, Stage(module: module, context: former), stage)
    return try comparison.excess(allowed: exactness) != nil
      || comparison.firstDifference(tolerance: exactness.tolerance) != nil
  }

  /// The first value, in the order in which the wrong function computes, that has the name and type of
  /// one before the pass and other numbers.
  private func firstWrongValue(
    _ before: Stage, _ after: Stage, _ calls: ArraySlice<ReferenceCalls.Call>,
    _ weights: @escaping Interpreter.Source, tolerance: Double
  ) throws -> (value: String, problem: String)? {
    var old = try Interpreter(
      before.module, source: before.context.interpreterSource(weights: weights))
    var new = try Interpreter(
      after.module, source: after.context.interpreterSource(weights: weights))
    guard let last = calls.last, let function = after.module[function: last.function],
      let former = before.module[function: last.function]
    else { return nil }
    for call in calls.dropLast() {
      _ = try old.run(call.function, call.inputs, symbols: call.sizes)
      _ = try new.run(call.function, call.inputs, symbols: call.sizes)
    }
    let oldValues = try old.runKeepingValues(last.function, last.inputs, symbols: last.sizes)
    let newValues = try new.runKeepingValues(last.function, last.inputs, symbols: last.sizes)
    let named = Dictionary(
      zip(former.values, oldValues).map { ($0.name, $1) }, uniquingKeysWith: { first, _ in first })
    for id in function.operations.flatMap(\.results) {
      guard case .some(.some(let expected)) = named[function[id].name],
        let found = newValues[id.index], expected.shape == found.shape,
        expected.element == found.element
      else { continue }
      if let difference = Difference.first(from: [expected], to: [found], tolerance: tolerance) {
        return (function[id].name, difference.problem)
      }
    }
    return nil
  }

  /// The rewrite after which results are wrong and before which they are right, by bisection.
  private func culprit(
    of pass: Pass, _ before: Stage, _ after: Stage, _ expected: ReferenceCalls, _ tolerance: Double
  ) throws -> PassContext.Rewrite? {
    func stopped(_ limit: Int) throws -> (isWrong: Bool, last: PassContext.Rewrite?) {
      try settings.checkpoint()
      var stage = before
      stage.context.rewriteLimit = limit
      let seen = Recorder()
      stage.context.onRewrite = { seen.record($0) }
      try apply(pass, to: &stage)
      let found = try expected.results(
        of: stage.module,
        source: stage.context.interpreterSource(weights: expected.seeded.weight))
      let isWrong = expected.firstDifference(to: found, tolerance: tolerance) != nil
      return (isWrong, seen.last)
    }
    var (right, wrong) = (before.context.rewriteCount, after.context.rewriteCount)
    var blamed: PassContext.Rewrite?
    while wrong - right > 1 {
      let middle = (right + wrong) / 2
      let (isWrong, last) = try stopped(middle)
      if isWrong { (wrong, blamed) = (middle, last) } else { right = middle }
    }
    return try blamed ?? stopped(wrong).last
  }
}

/// Remembers the last rewrite.
private final class Recorder: Sendable {
  private let rewrite = Mutex<PassContext.Rewrite?>(nil)

  var last: PassContext.Rewrite? { rewrite.withLock { $0 } }

  func record(_ new: PassContext.Rewrite) { rewrite.withLock { $0 = new } }
}

extension Module {
  /// The values of those symbols that this module has.
  func symbolsOnly(_ sizes: [[String: Int]]) -> [[String: Int]] {
    let known = Set(symbols.map(\.name))
    return sizes.map { $0.filter { known.contains($0.key) } }
  }

  /// The function and the operation that a rewrite's subject names: `@main, %out = add`.
  fileprivate func operation(named subject: String) -> (function: Int, operation: Int)? {
    for (index, function) in functions.enumerated() where subject.hasPrefix("@\(function.name)") {
      let rest = subject.dropFirst("@\(function.name)".count)
      let position = function.operations.firstIndex { operation in
        operation.results.first.map {
          rest == ", %\(function[$0].name) = \(operation.op)"
        } ?? false
      }
      if let position { return (index, position) }
    }
    return nil
  }
}
