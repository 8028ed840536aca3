import Tensors

/// A dimension ready for evaluation without allocation: products by their factors and the positions of
/// their symbols in the plan, all in one array each.
struct CompiledDim {
  private var coefficients: [Int] = []
  /// Where the symbols of each product end in `positions`.
  private var ends: [Int] = []
  private var positions: [Int] = []

  /// Throws for an unknown symbol.
  init(_ dim: Dim, symbols: [String: Int]) throws {
    for product in dim.products {
      coefficients.append(product.coefficient)
      for name in product.symbols {
        guard let symbol = symbols[name] else { throw DimError.unboundSymbol(name) }
        positions.append(symbol)
      }
      ends.append(positions.count)
    }
  }

  /// Positions of the symbols that occur.
  var symbols: Set<Int> { Set(positions) }

  /// No smaller than any value while each symbol is between 1 and its bound.
  func largest(_ bounds: UnsafePointer<Int>) -> Int {
    sum { $0 < 0 ? nil : bounds }
  }

  /// The value at the given symbol values. It overflows at none within the bounds: `Dim.range` of each
  /// dimension was taken when the plan was verified.
  func evaluate(_ values: UnsafePointer<Int>) -> Int {
    sum { _ in values }
  }

  /// The sum of the products at the values that are chosen for each factor; nil for all ones.
  private func sum(_ values: (_ coefficient: Int) -> UnsafePointer<Int>?) -> Int {
    var (sum, place) = (0, 0)
    // Elements of an array that are visited one by one may be boxed in unoptimised builds.
    for index in coefficients.indices {
      var product = coefficients[index]
      let chosen = values(product)
      while place < ends[index] {
        if let chosen { product &*= chosen[positions[place]] }
        place += 1
      }
      sum &+= product
    }
    return sum
  }
}
