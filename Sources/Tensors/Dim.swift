/// One extent of a tensor: an exact polynomial with integer coefficients over named symbols.
///
/// `256` is the constant polynomial, `T` a symbol whose value is known when a function is called,
/// `P + 1` what a cache holds after one more token. Arithmetic is exact, so two dimensions are
/// equal exactly when they are equal for all values of their symbols. Strides and element offsets
/// of views use the same type.
public struct Dim: Hashable, Sendable {
  /// A product of symbols (sorted, repeated for powers) with its factor. No symbols: the constant.
  struct Term: Hashable, Sendable {
    var symbols: [String]
    var coefficient: Int
  }

  /// Non-zero terms: more symbols first, then alphabetical, the constant last. Empty means zero.
  let terms: [Term]

  /// Largest magnitude of any coefficient or evaluated value (2^48): shapes from files stay far
  /// from integer overflow.
  public static let limit = 1 << 48
  /// Most products in a polynomial, and most symbols in a product: what arithmetic costs is bounded.
  public static let termLimit = 64
  public static let degreeLimit = 16

  public init(_ value: Int) {
    terms = value == 0 ? [] : [Term(symbols: [], coefficient: value)]
  }

  public init(symbol: String) {
    terms = [Term(symbols: [symbol], coefficient: 1)]
  }

  /// Collects equal symbol products, drops zeros and sorts. Throws when a coefficient, a product or
  /// the polynomial leaves its limit.
  init(collecting terms: [Term]) throws {
    var sums: [[String]: Int] = [:]
    for term in terms {
      let (sum, overflow) = sums[term.symbols, default: 0].addingReportingOverflow(term.coefficient)
      guard !overflow, sum.magnitude <= Self.limit, term.symbols.count <= Self.degreeLimit else {
        throw DimError.tooLarge
      }
      sums[term.symbols] = sum
    }
    self.terms =
      sums
      .filter { $0.value != 0 }
      .map { Term(symbols: $0.key, coefficient: $0.value) }
      .sorted { $0.sortKey < $1.sortKey }
    guard self.terms.count <= Self.termLimit else { throw DimError.tooLarge }
  }

  private init(checking result: (partialValue: Int, overflow: Bool)) throws {
    guard !result.overflow, result.partialValue.magnitude <= Self.limit else {
      throw DimError.tooLarge
    }
    self.init(result.partialValue)
  }

  /// The value when no symbol is involved.
  public var constant: Int? {
    switch terms.count {
    case 0: 0
    case 1 where terms[0].symbols.isEmpty: terms[0].coefficient
    default: nil
    }
  }

  /// The polynomial as its products, largest degree first.
  public var products: [(coefficient: Int, symbols: [String])] {
    terms.map { ($0.coefficient, $0.symbols) }
  }

  public var isOne: Bool { constant == 1 }

  /// All symbols that occur, sorted.
  public var symbols: [String] { Set(terms.flatMap(\.symbols)).sorted() }

  public static func + (a: Dim, b: Dim) throws -> Dim {
    if let x = a.constant, let y = b.constant {
      return try Dim(checking: x.addingReportingOverflow(y))
    }
    return try Dim(collecting: a.terms + b.terms)
  }

  public static func - (a: Dim, b: Dim) throws -> Dim {
    try a + (b * Dim(-1))
  }

  public static func * (a: Dim, b: Dim) throws -> Dim {
    // Most extents are numbers, and most factors of the others are 1.
    if let x = a.constant, let y = b.constant {
      return try Dim(checking: x.multipliedReportingOverflow(by: y))
    }
    if a.isOne { return b }
    if b.isOne { return a }
    var products: [Term] = []
    for x in a.terms {
      for y in b.terms {
        let (product, overflow) = x.coefficient.multipliedReportingOverflow(by: y.coefficient)
        guard !overflow else { throw DimError.tooLarge }
        products.append(Term(symbols: (x.symbols + y.symbols).sorted(), coefficient: product))
      }
    }
    return try Dim(collecting: products)
  }

  /// The exact quotient, or nil when `divisor` is zero, not a single term, or leaves a remainder.
  public func dividedExactly(by divisor: Dim) -> Dim? {
    if self == divisor, !terms.isEmpty { return Dim(1) }
    guard divisor.terms.count == 1 else { return nil }
    let by = divisor.terms[0]
    var quotient: [Term] = []
    for term in terms {
      guard term.coefficient % by.coefficient == 0 else { return nil }
      var symbols = term.symbols
      for symbol in by.symbols {
        guard let index = symbols.firstIndex(of: symbol) else { return nil }
        symbols.remove(at: index)
      }
      quotient.append(Term(symbols: symbols, coefficient: term.coefficient / by.coefficient))
    }
    return try? Dim(collecting: quotient)
  }

  /// The value at the given symbol values. Throws for a symbol without a value or past the limit.
  public func evaluate(_ values: [String: Int]) throws -> Int {
    var total = 0
    for term in terms {
      var product = term.coefficient
      for symbol in term.symbols {
        guard let value = values[symbol] else { throw DimError.unboundSymbol(symbol) }
        let (next, overflow) = product.multipliedReportingOverflow(by: value)
        guard !overflow, next.magnitude <= Self.limit else { throw DimError.tooLarge }
        product = next
      }
      total += product
      guard total.magnitude <= Self.limit else { throw DimError.tooLarge }
    }
    return total
  }

  /// No smaller than any value that this takes while each symbol is between 1 and its bound: terms
  /// that grow count at the bounds, terms that fall at 1. Throws as `evaluate` does.
  public func largest(_ bounds: [String: Int]) throws -> Int {
    let ones = bounds.mapValues { _ in 1 }
    let falling = try Dim(collecting: terms.filter { $0.coefficient < 0 })
    return try (self - falling).evaluate(bounds) + falling.evaluate(ones)
  }

  /// The polynomial with every known symbol replaced by a dimension.
  public func substituting(_ values: [String: Dim]) throws -> Dim {
    try terms.reduce(Dim(0)) { sum, term in
      let product = try term.symbols.reduce(Dim(term.coefficient)) { product, symbol in
        try product * (values[symbol] ?? Dim(symbol: symbol))
      }
      return try sum + product
    }
  }
}

extension Dim.Term {
  fileprivate var sortKey: (Int, String) { (-symbols.count, symbols.joined(separator: "*")) }
}

public enum DimError: Error, Equatable {
  case tooLarge
  case unboundSymbol(String)
}

extension Dim: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self.init(value) }
}

extension Dim: CustomStringConvertible {
  /// `256`, `T`, `P+1`, `2*T*H-4`: what the textual graph prints and parses.
  public var description: String {
    guard !terms.isEmpty else { return "0" }
    var text = ""
    for term in terms {
      let factor = abs(term.coefficient)
      let product = term.symbols.joined(separator: "*")
      let body = product.isEmpty ? "\(factor)" : factor == 1 ? product : "\(factor)*\(product)"
      text += term.coefficient < 0 ? "-" : text.isEmpty ? "" : "+"
      text += body
    }
    return text
  }
}

/// The extents of a tensor, outermost first.
public typealias Shape = [Dim]

extension [Dim] {
  /// Number of elements. Throws past `Dim.limit`.
  public func elementCount() throws -> Dim {
    try reduce(Dim(1)) { try $0 * $1 }
  }

  /// Row-major strides in elements.
  public func rowMajorStrides() throws -> [Dim] {
    var strides = [Dim](repeating: 1, count: count)
    for axis in indices.dropLast().reversed() {
      strides[axis] = try strides[axis + 1] * self[axis + 1]
    }
    return strides
  }

  public func evaluate(_ values: [String: Int]) throws -> [Int] {
    try map { try $0.evaluate(values) }
  }

  /// Every extent when none is symbolic.
  public var constants: [Int]? {
    let values = compactMap(\.constant)
    return values.count == count ? values : nil
  }
}
