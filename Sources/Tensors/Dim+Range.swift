extension Dim {
  /// An interval that holds every value that this takes while each symbol is a whole number from 1 to
  /// its bound. Each product grows or falls with its symbols, so its ends are those at 1 and at the
  /// bounds; the ends of the sum are reached only where all products reach theirs together.
  ///
  /// - Throws: `DimError` for a symbol without a bound, or where a product or an end is past the limit.
  ///   When it does not throw, no `evaluate` within the bounds overflows.
  public func range(_ bounds: [String: Int]) throws -> ClosedRange<Int> {
    var (low, high) = (0, 0)
    for term in terms {
      var farthest = term.coefficient
      for symbol in term.symbols {
        guard let bound = bounds[symbol] else { throw DimError.unboundSymbol(symbol) }
        let (product, overflow) = farthest.multipliedReportingOverflow(by: bound)
        guard !overflow, product.magnitude <= Self.limit else { throw DimError.tooLarge }
        farthest = product
      }
      low += min(term.coefficient, farthest)
      high += max(term.coefficient, farthest)
    }
    guard low.magnitude <= Self.limit, high.magnitude <= Self.limit else { throw DimError.tooLarge }
    return low...high
  }
}
