import IR
import Tensors

extension ParityCase {
  /// How far a model is from what transformers computes: largest differences, and the steps of greedy
  /// generation with another token.
  struct Deviation {
    var features = 0.0
    var logits = 0.0
    var wrongTokens: [Int] = []
  }

  /// Runs vision, prefill and all steps of decode in the interpreter.
  ///
  /// - Parameters:
  ///   - source: values of weights.
  ///   - slot: where a step with so many tokens before it writes its keys and values.
  func deviation(
    of module: Module, source: Interpreter.Source? = nil, slot: (Int) -> Int = { $0 }
  ) throws -> Deviation {
    var found = Deviation()
    var interpreter = try Interpreter(module, source: source ?? weight)
    let features = try interpreter.run("vision", [expected("pixel_values")])[0]
    found.features = try Self.largestDifference(
      features.values, expected("image_features").values)
    let rows = try expected("logits")
    let tokens = try expected("tokens").values
    let prompt = try prompt
    var logits = try interpreter.run("prefill", [features, prompt])[0]
    for step in tokens.indices {
      if step > 0 {
        logits = try interpreter.run(
          "decode", [HostTensor(.i64, [1, 1], [tokens[step - 1]])],
          symbols: ["P": slot(prompt.count + step - 1)])[0]
      }
      let row = rows.values[step * rows.shape[1]..<(step + 1) * rows.shape[1]]
      found.logits = max(found.logits, Self.largestDifference(logits.values, Array(row)))
      let best = logits.values.indices.max { logits.values[$0] < logits.values[$1] }
      if best.map(Double.init) != tokens[step] { found.wrongTokens.append(step) }
    }
    return found
  }

  /// Infinite when one is not a number or their counts differ.
  private static func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { largest, pair in
      let difference = abs(pair.0 - pair.1)
      return difference.isNaN ? .infinity : max(largest, difference)
    }
  }
}
