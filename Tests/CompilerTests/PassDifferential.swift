import Compiler
import IR

/// Runs two versions of a module on the same seeded inputs and compares what they return.
struct PassDifferential {
  let before: Module
  let after: Module
  let context: PassContext
  let exactness: Pass.Exactness

  /// The first result that differs by more than the class allows, in words.
  func firstDifference() throws -> String? {
    let seeded = SeededValues(module: before)
    for share in [1.0, 0.0, 0.5] {
      let sizes = seeded.sizes(share)
      var old = try Interpreter(before, source: seeded.weight)
      var new = try Interpreter(after, source: context.interpreterSource(weights: seeded.weight))
      for function in before.functions {
        let inputs = try seeded.inputs(of: function, at: sizes)
        let expected = try old.run(function.name, inputs, symbols: sizes)
        let found = try new.run(function.name, inputs, symbols: sizes)
        if let difference = CompilerTests.firstDifference(
          from: expected, to: found, tolerance: tolerance)
        {
          return "@\(function.name) at \(sizes): \(difference)"
        }
      }
    }
    return nil
  }

  private var tolerance: Double {
    switch exactness {
    case .exact: 0
    // Folded tables are rounded to f32.
    case .reassociating: 1e-5
    // bf16 keeps 8 bits.
    case .approximating: 0x1p-6
    }
  }
}
