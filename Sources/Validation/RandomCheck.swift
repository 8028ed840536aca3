import Compiler
import IR
import Tensors

/// One random graph through every pass by itself, through the whole pipeline and through plans.
package struct RandomCheck {
  /// What became of a seed.
  package enum Outcome: Sendable {
    /// Everything computes what the graph says.
    case right
    /// The graph says nothing that f32 could hold: too large, or too sensitive to rounding.
    case skipped
    case wrong(String)
  }

  package static func outcome(ofSeed seed: Int) throws -> Outcome {
    let module = try RandomGraph.module(seed: seed)
    guard Verifier.diagnostics(of: module).isEmpty else { return .skipped }
    let reference = try ReferenceCalls(module)
    guard try reference.isWellConditioned() else { return .skipped }
    do {
      try check(module, reference)
      return .right
    } catch {
      let reproducer = (error as? Miscompilation)?.reproducerText ?? "\(module)"
      return .wrong("seed \(seed): \(error)\n\(reproducer)")
    }
  }

  private static func check(_ module: Module, _ reference: ReferenceCalls) throws {
    var settings = Validator.Settings()
    settings.threads = 1
    let validator = try Validator(module, settings: settings)
    try validator.run()
    let start = Validator.Stage(module: module, context: settings.context)
    for pass in PassManager.all {
      var expected = reference
      _ = try validator.check(pass, start, &expected)
    }
    var setup = PlanSetup.unoptimised
    setup.threads = 1
    setup.verifiesBetween = false
    if let difference = try PlanDifferential(reference: reference, setup: setup)
      .firstDifference(tolerance: Validator.planTolerance(.auto))
    {
      throw OpError("\(difference)")
    }
  }
}

extension ReferenceCalls {
  /// Whether rounding inputs and weights to f32, and to f32 what is computed from them, moves no result by more
  /// than a few times as much.
  package func isWellConditioned() throws -> Bool {
    let largest = expected.joined().joined().flatMap(\.values).reduce(0) {
      $1.isFinite ? max($0, abs($1)) : $0
    }
    guard largest < 1e6 else { return false }
    let step = 1e-6
    func changed(_ tensor: HostTensor, _ change: (Int, Double) -> Double) -> HostTensor {
      guard tensor.element.isFloatingPoint else { return tensor }
      let values = tensor.values.enumerated().map { change($0, $1) }
      return HostTensor(tensor.element, tensor.shape, values)
    }
    func moved(_ tensor: HostTensor) -> HostTensor {
      changed(tensor) { $1 * (1 + ($0.isMultiple(of: 2) ? step : -step)) }
    }
    let weights = seeded
    let found = try sequences.map { calls in
      var interpreter = try Interpreter(
        weights.module, source: { moved(try weights.weight($0)) })
      interpreter.adjust = { changed($0) { ElementType.f32.converted($1) } }
      return try calls.map {
        try interpreter.run($0.function, $0.inputs.map(moved), symbols: $0.sizes)
      }
    }
    return largestDifference(to: found) < 30 * step
  }
}
