import IR

/// The first element of two lists of tensors that is further away than allowed.
package struct Difference: Sendable, CustomStringConvertible {
  /// Which of the tensors.
  package let index: Int
  /// What is wrong with it, in words.
  package let problem: String

  package var description: String { "result \(index), \(problem)" }

  /// The first tensor that differs by more than `tolerance` × the largest number in it, or than
  /// `tolerance` where that is below 1. NaN must meet NaN.
  package static func first(
    from expected: [HostTensor], to found: [HostTensor], tolerance: Double
  ) -> Difference? {
    for (index, (a, b)) in zip(expected, found).enumerated() {
      guard a.shape == b.shape, a.element == b.element else {
        return Difference(
          index: index, problem: "is \(b.element)\(b.shape), expected \(a.element)\(a.shape)")
      }
      let unit = max(1, a.largest)
      // An infinite unit would allow everything.
      for (position, (x, y)) in zip(a.values, b.values).enumerated()
      where x != y && !(x.isNaN && y.isNaN) && !(abs(x - y) <= tolerance * unit) {
        return Difference(index: index, problem: "element \(position) is \(y), expected \(x)")
      }
    }
    return expected.count == found.count
      ? nil
      : Difference(index: 0, problem: "\(found.count) results, expected \(expected.count)")
  }

  /// The largest difference of any element, in the units of `first`.
  package static func largest(from expected: [HostTensor], to found: [HostTensor]) -> Double {
    zip(expected, found).reduce(0) { largest, pair in
      let unit = max(1, pair.0.largest)
      return zip(pair.0.values, pair.1.values).reduce(largest) { largest, numbers in
        let (x, y) = numbers
        return x == y || (x.isNaN && y.isNaN) ? largest : max(largest, abs(x - y) / unit)
      }
    }
  }
}

extension HostTensor {
  /// The largest magnitude of a finite element.
  fileprivate var largest: Double { values.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 } }
}
