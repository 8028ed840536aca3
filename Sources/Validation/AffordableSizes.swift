import IR
import Tensors

/// Why a module cannot be validated.
public struct ValidationError: Error, Sendable, CustomStringConvertible {
  public let description: String
}

extension Module {
  /// Elements of weights, states and buffers that interpreting holds, about 24 bytes each.
  static let elementLimit = 400_000_000

  /// Multiply-adds that one evaluation of all functions may take at the smallest sizes, a good minute or
  /// two of them for all passes: networks for pictures have sizes that cannot shrink.
  static let leastWorkLimit = 40_000_000_000

  /// Values of the symbols: all at 1, and up to their bounds as far as interpreting all functions takes
  /// no more than `workLimit` multiply-adds. Throws `ValidationError`.
  func affordableSizes(workLimit: Int) throws -> [[String: Int]] {
    let elements = tensors.reduce(0) { total, tensor in
      total + ((try? tensor.type.shape.elementCount().evaluate(bounds)) ?? Self.elementLimit)
    }
    guard elements <= Self.elementLimit else {
      throw ValidationError(
        description: "its tensors have \(elements) elements, of which the interpreter takes "
          + "\(Self.elementLimit); verify a smaller model of the same kind")
    }
    func work(_ sizes: [String: Int]) -> Double {
      functions.reduce(0) { $0 + $1.multiplyAdds(in: self, at: sizes) }
    }
    let seeded = SeededValues(module: self)
    let least = seeded.sizes(0)
    guard work(least) <= Double(Self.leastWorkLimit) else {
      throw ValidationError(
        description: "interpreting it takes \(Int(work(least) / 1e6)) million multiply-adds at the "
          + "smallest sizes, of which the interpreter does \(Self.leastWorkLimit / 1_000_000); "
          + "verify a smaller model of the same kind")
    }
    guard !symbols.isEmpty else { return [least] }
    var share = 1.0
    while work(seeded.sizes(share)) > Double(workLimit), share > 1e-9 { share *= 0.75 }
    // Orders in which sizes grow and shrink again find what was not laid out anew.
    return [share, 0, share / 2].map(seeded.sizes).reduce(into: []) { list, sizes in
      if !list.contains(sizes) { list.append(sizes) }
    }
  }
}

extension Function {
  /// About how many multiply-adds the interpreter does in one call.
  package func multiplyAdds(in module: Module, at sizes: [String: Int]) -> Double {
    operations.reduce(0) { total, operation in
      let elements = operation.results.first.flatMap { count(self[$0].type.shape, sizes) } ?? 0
      return total + max(elements, multiplyAdds(of: operation, module, sizes))
    }
  }

  /// More than any number where there are too many to count.
  private func multiplyAdds(
    of operation: Operation, _ module: Module, _ sizes: [String: Int]
  ) -> Double {
    guard let site = try? module.site(of: operation, in: self) else { return 0 }
    let count = try? site.definition.multiplyAdds(site).evaluate(sizes)
    return count.map { Double($0) } ?? .infinity
  }

  private func count(_ shape: Shape, _ sizes: [String: Int]) -> Double {
    ((try? shape.evaluate(sizes)) ?? []).reduce(1) { $0 * Double($1) }
  }
}
