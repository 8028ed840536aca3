import Tensors
import Testing

@Suite struct DimTests {
  let t = Dim(symbol: "T")
  let h = Dim(symbol: "H")

  @Test func `prints as the textual graph writes it`() throws {
    #expect("\(try t * 2 * h + t - 4)" == "2*H*T+T-4")
    #expect("\(try t - t)" == "0")
    #expect("\(try t * -1)" == "-T")
  }

  @Test func `equality is equality of polynomials`() throws {
    #expect(try (t + 1) * (t - 1) == t * t - 1)
  }

  @Test func `exact division finds the factor or nothing`() throws {
    #expect(try (t * h * 6).dividedExactly(by: h * 2) == t * 3)
    #expect(try (t + 1).dividedExactly(by: t) == nil)
    #expect((8 as Dim).dividedExactly(by: 3) == nil)
  }

  @Test func `large products are refused, never trapped`() {
    #expect(throws: DimError.tooLarge) { try Dim(1 << 40) * Dim(1 << 40) }
    #expect(throws: DimError.tooLarge) { try (t * t * t).evaluate(["T": 1 << 30]) }
    #expect(throws: DimError.unboundSymbol("T")) { try t.evaluate([:]) }
    // The smallest integer has no magnitude.
    #expect(throws: DimError.tooLarge) { try Dim(1 << 48) * Dim(-1 << 15) }
    #expect(throws: DimError.tooLarge) { try (t * Dim(-1 << 48)).evaluate(["T": 1 << 15]) }
  }

  @Test func `terms and degrees are bounded`() throws {
    let sum = try (0..<Dim.termLimit).reduce(0 as Dim) { try $0 + Dim(symbol: "T\($1)") }
    #expect(throws: DimError.tooLarge) { try sum + t }
    #expect(throws: DimError.tooLarge) { try sum * (t + 1) }
    let power = try (0..<Dim.degreeLimit).reduce(1 as Dim) { product, _ in try product * t }
    #expect(throws: DimError.tooLarge) { try power * t }
  }

  @Test func `a range holds the values at all values of the symbols`() throws {
    let bounds = ["T": 8, "H": 3]
    #expect(try (5 as Dim).range(bounds) == 5...5)
    #expect(try (t * 2 + 1).range(bounds) == 3...17)
    #expect(try (Dim(10) - t).range(bounds) == 2...9)
    #expect(try (t - h).range(bounds) == -2...7)
    // 1 at both ends of T, 13 between.
    #expect(try ((t - 1) * (Dim(8) - t) + 1).range(bounds) == -62...64)
    for dim in try [t * h - t * t + 3, h * h * t - h * 7, (t - h) * (h - 2)] {
      let range = try dim.range(bounds)
      for (x, y) in (1...8).flatMap({ x in (1...3).map { (x, $0) } }) {
        #expect(try range.contains(dim.evaluate(["T": x, "H": y])))
      }
    }
  }

  @Test func `a range that cannot be counted with is refused`() throws {
    #expect(throws: DimError.tooLarge) { try (t * t).range(["T": 1 << 25]) }
    #expect(throws: DimError.tooLarge) { try (t * t - t * t * h).range(["T": 1 << 25, "H": 1]) }
    #expect(throws: DimError.tooLarge) { try (t * t + t).range(["T": 1 << 24]) }
    #expect(throws: DimError.tooLarge) { try (Dim(0) - t * t - t).range(["T": 1 << 24]) }
    #expect(throws: DimError.unboundSymbol("H")) { try (t + h).range(["T": 1]) }
  }
}

/// The smallest value of a polynomial, against trying all.
@Suite struct DimMinimumTests {
  static let (t, h) = (Dim(symbol: "T"), Dim(symbol: "H"))

  static let polynomials: [Dim] = [
    (try? t - 1) ?? 0, (try? 5 - t) ?? 0, (try? t * h - h * 2 - t * 2 + 4) ?? 0,
    (try? (t - 1) * (7 - t)) ?? 0, (try? (t - 4) * (t - 4) - h) ?? 0, (try? t * t * h - 3) ?? 0,
    (try? (t - 3) * (h - 5) * (h - 2)) ?? 0, 7, -2,
  ]

  @Test(arguments: polynomials)
  func `it is that of all sizes`(polynomial: Dim) throws {
    let values = try (1...7).flatMap { t in
      try (1...6).map { h in try polynomial.evaluate(["T": t, "H": h]) }
    }
    let smallest = try polynomial.minimum(["T": 7, "H": 6])
    #expect(smallest.value == values.min())
    let sizes = try #require(smallest.sizes)
    let all = ["T": 1, "H": 1].merging(sizes) { $1 }
    #expect(try polynomial.evaluate(all) == smallest.value)
  }

  @Test func `where too many values would have to be tried it is only bounded`() throws {
    let (t, h) = (Self.t, Self.h)
    let smallest = try ((t - 4) * (t - 4)).minimum(["T": 1 << 20])
    #expect(smallest.value <= 0 && smallest.sizes == nil)
    // Ends suffice for these.
    #expect(try (t * h - h).minimum(["T": 1 << 20, "H": 1 << 20]).value == 0)
    #expect(try (1 - t * t).minimum(["T": 1 << 20]).value == 1 - (1 << 40))
    #expect(throws: DimError.unboundSymbol("H")) { try (t - h).minimum(["T": 2]) }
    #expect(throws: DimError.tooLarge) { try (0 - t * t * t).minimum(["T": 1 << 20]) }
  }
}
