import IR

extension Pass {
  /// `fuse_activation` recognises `gelu`, exact and by tanh, and `silu` in the primitives that model
  /// code and exporters write them with.
  static let fuseActivation = Pass(
    "fuse_activation", .reassociating,
    "Recognises gelu and silu in the primitives they are written with.",
    rules: [FuseActivationRules.gelu, FuseActivationRules.silu])
}

enum FuseActivationRules {
  static let gelu = RewriteRule(
    "gelu", on: ["mul", "div"],
    "½x(1 + erf(x/√2)) => gelu(x); ½x(1 + tanh(√(2/π)(x + 0.044715x³))) => gelu(x) "
      + "{approximate = tanh}, however the products are arranged and the powers written"
  ) { anchor, graph in
    guard let product = graph.product(anchor), product.factors.count == 2 else { return nil }
    for (x, gate) in [(0, 1), (1, 0)].map({ (product.factors[$0], product.factors[$1]) }) {
      guard graph.type(of: x) == graph.type(of: .value(anchor.result)),
        let sum = graph.definition(of: gate, is: "add"), graph.isReadOnce(sum),
        let (term, one) = graph.scaled(sum), let (curve, weight) = graph.weighted(term),
        near(weight * product.number, 0.5), near(one * product.number, 0.5),
        let function = graph.definition(of: curve, is: "erf", "tanh"), graph.isReadOnce(function),
        let argument = function["x"],
        let polynomial = graph.polynomial(argument, of: x, degree: 3)
      else { continue }
      let isTanh = function.op == "tanh"
      guard zip(polynomial, isTanh ? tanhArgument : erfArgument).allSatisfy(near) else { continue }
      var patch = graph.patch()
      let result = try patch.append(
        "gelu", [x], isTanh ? ["approximate": .word("tanh")] : [:])
      return try patch.replacing(with: result)
    }
    return nil
  }

  static let silu = RewriteRule(
    "silu", on: ["mul"],
    "x·sigmoid(x) => silu(x)"
  ) { anchor, graph in
    for (x, gate) in graph.orders(anchor) {
      guard let sigmoid = graph.definition(of: gate, is: "sigmoid"), graph.isReadOnce(sigmoid),
        sigmoid["x"] == x
      else { continue }
      var patch = graph.patch()
      let result = try patch.append("silu", [x])
      return try patch.replacing(with: result)
    }
    return nil
  }

  /// Coefficients of 1, x, x² and x³ inside erf and tanh.
  private static let erfArgument = [0, 0.5.squareRoot(), 0, 0]
  private static let tanhArgument = [
    0, (2 / Double.pi).squareRoot(), 0, 0.044715 * (2 / Double.pi).squareRoot(),
  ]

  /// Constants are rounded, and some code writes them with few digits.
  private static func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-5 * abs(b) }
}

extension RewriteGraph {
  /// The factors of a product, its parts included that are read here only: known numbers multiplied,
  /// and the others.
  fileprivate func product(_ anchor: Operation) -> (number: Double, factors: [Operand])? {
    var (number, factors) = (1.0, [Operand]())
    var pending: [Operand?] = [.value(anchor.result)]
    while let operand = pending.popLast() {
      guard let operand, factors.count <= 2 else { return nil }
      if let value = scalar(operand) {
        number *= value
      } else if let part = definition(of: operand, is: "mul", "div"),
        part.result == anchor.result || isReadOnce(part)
      {
        if part.op == "mul" {
          pending += part.operands
        } else if let (x, factor) = scaledOrDivided(part) {
          number *= factor
          pending.append(x)
        } else {
          factors.append(operand)
        }
      } else {
        factors.append(operand)
      }
    }
    return (number, factors)
  }

  /// x and c for x·c, with c = 1 where there is no factor.
  fileprivate func weighted(_ operand: Operand) -> (operand: Operand, factor: Double)? {
    guard let product = definition(of: operand, is: "mul", "div"), isReadOnce(product) else {
      return (operand, 1)
    }
    return scaledOrDivided(product)
  }

  /// An operand as a polynomial in x: the coefficients of x⁰ … xᵈ. nil when it is none, or when a part
  /// of it is read elsewhere.
  fileprivate func polynomial(_ operand: Operand?, of x: Operand, degree: Int) -> [Double]? {
    let zero = [Double](repeating: 0, count: degree + 1)
    if operand == x { return zero.indices.map { $0 == 1 ? 1 : 0 } }
    if let number = scalar(operand) { return zero.indices.map { $0 == 0 ? number : 0 } }
    guard let operation = definition(of: operand, is: "add", "mul", "div", "pow"),
      readerCount(of: operation.result) == 1, !isReturned(operation.result),
      let a = polynomial(operation["a"], of: x, degree: degree)
    else { return nil }
    if operation.op == "pow" {
      guard let exponent = scalar(operation["b"]), [1, 2, 3].contains(exponent) else {
        return nil
      }
      return (1..<Int(exponent)).reduce(Optional(a)) { power, _ in
        power.flatMap { Self.product($0, a) }
      }
    }
    guard let b = polynomial(operation["b"], of: x, degree: degree) else { return nil }
    switch operation.op {
    case "add": return zip(a, b).map(+)
    case "mul": return Self.product(a, b)
    default: return b[0] != 0 && b.dropFirst().allSatisfy { $0 == 0 } ? a.map { $0 / b[0] } : nil
    }
  }

  /// nil when the degree grows beyond what is looked for.
  private static func product(_ a: [Double], _ b: [Double]) -> [Double]? {
    var result = [Double](repeating: 0, count: a.count)
    for (i, left) in a.enumerated() where left != 0 {
      for (j, right) in b.enumerated() where right != 0 {
        guard i + j < result.count else { return nil }
        result[i + j] += left * right
      }
    }
    return result
  }
}
