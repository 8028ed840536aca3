extension Dim {
  /// Most combinations of symbol values that `minimum` tries.
  private static let trialLimit = 1 << 16

  /// The smallest value that this takes while each symbol is from 1 to its bound, and values of its
  /// symbols at which it does.
  ///
  /// A polynomial is smallest at an end of a symbol that all its products grow or fall with, or that no
  /// product has twice. All values of other symbols are tried. Where that is too much, the value is
  /// only known to be no larger than the smallest, and `sizes` is nil.
  ///
  /// - Throws: `DimError` for a symbol without a bound or a value past the limit.
  public func minimum(_ bounds: [String: Int]) throws -> (value: Int, sizes: [String: Int]?) {
    var trials: [[String: Int]] = [[:]]
    for symbol in symbols {
      guard let bound = bounds[symbol] else { throw DimError.unboundSymbol(symbol) }
      guard let values = candidates(for: symbol, bound, atMost: Self.trialLimit / trials.count)
      else { return (-(try (0 - self).largest(bounds)), nil) }
      trials = trials.flatMap { sizes in values.map { sizes.merging([symbol: $0]) { $1 } } }
    }
    var smallest: (value: Int, sizes: [String: Int]) = (try evaluate(trials[0]), trials[0])
    for sizes in trials.dropFirst() {
      let value = try evaluate(sizes)
      if value < smallest.value { smallest = (value, sizes) }
    }
    return smallest
  }

  /// Values of a symbol among which there is one for the smallest value; nil for more than `limit`.
  private func candidates(for symbol: String, _ bound: Int, atMost limit: Int) -> [Int]? {
    let products = terms.filter { $0.symbols.contains(symbol) }
    if products.allSatisfy({ $0.coefficient > 0 }) { return [1] }
    if products.allSatisfy({ $0.coefficient < 0 }) { return [bound] }
    let isLinear = products.allSatisfy { $0.symbols.count { $0 == symbol } == 1 }
    if isLinear { return limit < 2 ? nil : [1, bound] }
    return bound > limit ? nil : Array(1...max(bound, 1))
  }
}
