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

  /// The value at the given symbol values, wrapping on overflow: callers check the views it yields.
  func evaluate(_ values: UnsafePointer<Int>) -> Int {
    var sum = 0
    for term in terms {
      var product = term.coefficient
      for index in 0..<3 where term.symbols[index] >= 0 { product &*= values[term.symbols[index]] }
      sum &+= product
    }
    return sum
  }
}
