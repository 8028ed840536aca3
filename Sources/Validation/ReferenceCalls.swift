import IR

/// Calls of a module's functions with seeded inputs, and what the reference interpreter returns for
/// each.
package struct ReferenceCalls: Sendable {
  package struct Call: Sendable {
    package let function: String
    package let sizes: [String: Int]
    package let inputs: [HostTensor]
  }

  package let seeded: SeededValues
  /// Each begins with empty states.
  package let sequences: [[Call]]
  /// The results of each call of each sequence.
  package private(set) var expected: [[[HostTensor]]] = []

  /// All functions in their order, at each of the given symbol values. One that writes a state
  /// anywhere but at its start is then called again, where a symbol P counts what is written already
  /// with the next P.
  ///
  /// - Parameters:
  ///   - sizes: nil for all symbols at 1, half their bounds and their bounds.
  ///   - source: values of weights; those it has none for are made from their names.
  ///   - evaluates: whether the interpreter runs, which is slow; if not, nothing is expected.
  package init(
    _ module: Module, at sizes: [[String: Int]]? = nil,
    source: @escaping SeededValues.Source = { _ in nil }, evaluates: Bool = true
  ) throws {
    let seeded = SeededValues(module: module, source: source)
    self.seeded = seeded
    sequences = try (sizes ?? [0, 0.5, 1].map(seeded.sizes)).map { sizes in
      try Self.calls(seeded, sizes)
    }
    if evaluates { expected = try results(of: module, source: seeded.weight) }
  }

  private static func calls(_ seeded: SeededValues, _ sizes: [String: Int]) throws -> [Call] {
    let module = seeded.module
    func call(_ function: Function, _ sizes: [String: Int], _ number: Int) throws -> Call {
      Call(
        function: function.name, sizes: sizes,
        inputs: try seeded.inputs(of: function, at: sizes, call: number))
    }
    var calls = try module.functions.map { try call($0, sizes, 1) }
    for function in module.functions where function.extendsState {
      guard let cached = sizes["P"], let bound = module.bounds["P"] else {
        calls.append(try call(function, sizes, 2))
        continue
      }
      if cached < bound {
        calls.append(try call(function, sizes.merging(["P": cached + 1]) { $1 }, 2))
      }
    }
    return calls
  }

  /// What another version of the module returns for the calls, by the interpreter.
  package func results(
    of module: Module, source: @escaping Interpreter.Source
  ) throws -> [[[HostTensor]]] {
    // Each copy begins with empty states.
    let fresh = try Interpreter(module, source: source)
    return try sequences.map { calls in
      var interpreter = fresh
      return try calls.map { try interpreter.run($0.function, $0.inputs, symbols: $0.sizes) }
    }
  }

  /// Expects what another version of the module returns.
  mutating func expect(_ module: Module, source: @escaping Interpreter.Source) throws {
    expected = try results(of: module, source: source)
  }

  mutating func expect(_ results: [[[HostTensor]]]) { expected = results }

  /// The largest difference of any result.
  func largestDifference(to found: [[[HostTensor]]]) -> Double {
    zip(expected.joined(), found.joined()).reduce(0) {
      max($0, Difference.largest(from: $1.0, to: $1.1))
    }
  }

  /// The first result that is not what was expected, with the place of its call.
  package func firstDifference(
    to found: [[[HostTensor]]], tolerance: Double
  ) -> (sequence: Int, call: Int, difference: Difference)? {
    for (sequence, (expected, found)) in zip(expected, found).enumerated() {
      for (call, (a, b)) in zip(expected, found).enumerated() {
        if let difference = Difference.first(from: a, to: b, tolerance: tolerance) {
          return (sequence, call, difference)
        }
      }
    }
    return nil
  }

  /// The same in words.
  package func difference(to found: [[[HostTensor]]], tolerance: Double) -> String? {
    firstDifference(to: found, tolerance: tolerance).map { sequence, call, difference in
      let call = sequences[sequence][call]
      return "@\(call.function) at \(call.sizes): \(difference)"
    }
  }
}

extension Function {
  /// Whether what it returns depends on what was written by the call before.
  fileprivate var extendsState: Bool {
    operations.contains { $0.op == "cache_append" && $0.attributes["at"]?.integer != 0 }
  }
}
