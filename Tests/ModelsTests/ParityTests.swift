import IR
import Models
import Tensors
import Testing

/// The textbook graph in the reference interpreter against transformers: the proof that builder and
/// IR mean the same model.
@Suite struct ParityTests {
  @Test(arguments: try ParityFixtures.names())
  func `image features, logits and greedy tokens equal those of transformers`(name: String) throws {
    let reference = try ParityCase(name)
    var interpreter = try Interpreter(reference.module(), source: reference.weight)
    let features = try interpreter.run("vision", [reference.expected("pixel_values")])[0]
    let featureDifference = try largestDifference(
      features.values, reference.expected("image_features").values)
    #expect(featureDifference < 1e-4)

    let expected = try reference.expected("logits")
    let vocabulary = expected.shape[1]
    let tokens = try reference.expected("tokens").values
    let prompt = try reference.prompt
    var logits = try interpreter.run("prefill", [features, prompt])[0]
    var logitDifference = 0.0
    for step in tokens.indices {
      if step > 0 {
        logits = try interpreter.run(
          "decode", [HostTensor(.i64, [1, 1], [tokens[step - 1]])],
          symbols: ["P": prompt.count + step - 1])[0]
      }
      let row = expected.values[step * vocabulary..<(step + 1) * vocabulary]
      logitDifference = max(logitDifference, largestDifference(logits.values, Array(row)))
      let best = logits.values.indices.max { logits.values[$0] < logits.values[$1] }
      #expect(best.map(Double.init) == tokens[step], "step \(step)")
    }
    #expect(logitDifference < 1e-4)
  }

  /// Infinite when one is not a number or their counts differ.
  private func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { largest, pair in
      let difference = abs(pair.0 - pair.1)
      return difference.isNaN ? .infinity : max(largest, difference)
    }
  }
}
