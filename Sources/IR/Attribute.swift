import Tensors

/// A compile-time parameter of an operation, as the text writes it.
public enum Attribute: Hashable, Sendable {
  /// A size or index, possibly symbolic: `14`, `P+1`.
  case dimension(Dim)
  /// A real number; always printed with a point or an exponent: `1e-06`, `0.5`, `-inf`.
  case real(Double)
  /// `true` or `false`.
  case flag(Bool)
  /// A choice from a fixed set: `tanh`.
  case word(String)
  /// Several of one kind: `[1, T, 32]`.
  case list([Attribute])

  public static func dimensions(_ values: [Dim]) -> Attribute {
    .list(values.map { .dimension($0) })
  }

  public static func integer(_ value: Int) -> Attribute { .dimension(Dim(value)) }

  public static func integers(_ values: [Int]) -> Attribute { .list(values.map { .integer($0) }) }

  public var dimension: Dim? {
    if case .dimension(let value) = self { value } else { nil }
  }

  public var integer: Int? { dimension?.constant }

  public var real: Double? {
    switch self {
    case .real(let value): value
    case .dimension(let value): value.constant.map { Double($0) }
    default: nil
    }
  }

  public var flag: Bool? {
    if case .flag(let value) = self { value } else { nil }
  }

  public var word: String? {
    if case .word(let value) = self { value } else { nil }
  }

  public var list: [Attribute]? {
    if case .list(let values) = self { values } else { nil }
  }

  public var dimensions: [Dim]? {
    guard let list else { return nil }
    let values = list.compactMap(\.dimension)
    return values.count == list.count ? values : nil
  }

  public var integers: [Int]? { dimensions?.constants }

  public var reals: [Double]? {
    guard let list else { return nil }
    let values = list.compactMap(\.real)
    return values.count == list.count ? values : nil
  }
}

extension Attribute: CustomStringConvertible {
  public var description: String {
    switch self {
    case .dimension(let value): "\(value)"
    // Swift prints the shortest decimal that reads back as the same Double, always with `.` or `e`.
    case .real(let value): "\(value)"
    case .flag(let value): "\(value)"
    case .word(let value): value
    case .list(let values): "[\(values.map(\.description).joined(separator: ", "))]"
    }
  }
}

/// Attributes of one operation by name.
public typealias Attributes = [String: Attribute]
