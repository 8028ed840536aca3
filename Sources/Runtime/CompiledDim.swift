import Tensors

/// A dimension ready for evaluation without allocation: terms with up to three symbols each, by the
/// symbols' positions in the plan.
struct CompiledDim {
  private struct Term {
    var coefficient: Int
    /// -1 where a term has fewer symbols.
    var symbols: InlineArray<3, Int>
  }

  private let terms: [Term]

  /// Throws for an unknown symbol or a product of more than three.
  init(_ dim: Dim, symbols: [String: Int]) throws {
    terms = try dim.products.map { product in
      guard product.symbols.count <= 3 else { throw DimError.tooLarge }
      var term = Term(coefficient: product.coefficient, symbols: InlineArray(repeating: -1))
      for (index, name) in product.symbols.enumerated() {
        guard let symbol = symbols[name] else { throw DimError.unboundSymbol(name) }
        term.symbols[index] = symbol
      }
      return term
    }
  }

  /// Positions of the symbols that occur.
  var symbols: Set<Int> {
    Set(terms.flatMap { term in (0..<3).map { term.symbols[$0] }.filter { $0 >= 0 } })
  }

  /// No smaller than any value while each symbol is between 1 and its bound; wraps as `evaluate`.
  func largest(_ bounds: UnsafePointer<Int>) -> Int {
    terms.reduce(0) { sum, term in
      sum &+ (term.coefficient < 0 ? term.coefficient : Self.evaluate(term, bounds))
    }
  }

  /// The value at the given symbol values, wrapping on overflow: callers check the views it yields.
  func evaluate(_ values: UnsafePointer<Int>) -> Int {
    var sum = 0
    // Elements of an array that are visited one by one may be boxed in unoptimised builds.
    for index in terms.indices { sum &+= Self.evaluate(terms[index], values) }
    return sum
  }

  private static func evaluate(_ term: Term, _ values: UnsafePointer<Int>) -> Int {
    var product = term.coefficient
    for index in 0..<3 where term.symbols[index] >= 0 { product &*= values[term.symbols[index]] }
    return product
  }
}
