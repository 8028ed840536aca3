import Inputs

/// A weight with numbers that are NaN or infinite.
public struct NotFiniteWeight: Sendable, Equatable {
  public let name: String
  /// How many they are.
  public let count: Int

  public init(name: String, count: Int) {
    self.name = name
    self.count = count
  }
}

extension [NotFiniteWeight] {
  /// The first few and how many more there are, in words.
  public var summary: String {
    let shown = prefix(4).map { "\($0.name.printable) (\($0.count))" }.joined(separator: ", ")
    return "NaN or infinite numbers in \(count == 1 ? "weight" : "\(count) weights,") \(shown)"
      + (count > 4 ? ", …" : "")
  }
}
