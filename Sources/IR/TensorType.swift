import Tensors

/// Element type and extents of a value: `f32[1x256x1152]`, `i64[1xT]`, a scalar `f32[]`.
public struct TensorType: Hashable, Sendable {
  public var element: ElementType
  public var shape: Shape

  public init(_ element: ElementType, _ shape: Shape) {
    self.element = element
    self.shape = shape
  }

  public var rank: Int { shape.count }

  /// The same extents with another element type.
  public func with(element: ElementType) -> TensorType { TensorType(element, shape) }

  /// The same element type with other extents.
  public func with(shape: Shape) -> TensorType { TensorType(element, shape) }
}

extension TensorType: CustomStringConvertible {
  public var description: String {
    let extents = shape.map { $0.isAtom ? "\($0)" : "(\($0))" }
    return "\(element.rawValue)[\(extents.joined(separator: "x"))]"
  }
}

extension Dim {
  /// A plain number or a lone symbol: needs no parentheses inside a shape.
  var isAtom: Bool {
    if let constant { return constant >= 0 }
    return symbols.count == 1 && self == Dim(symbol: symbols[0])
  }
}

/// A size that is known when a function is called: `symbol T <= 256` means 1 ≤ T ≤ 256.
/// Planning happens at the bound.
public struct Symbol: Hashable, Sendable {
  public let name: String
  public let bound: Int

  public init(_ name: String, bound: Int) {
    self.name = name
    self.bound = bound
  }

  /// Names that shapes can hold without ambiguity: upper-case letters, digits and `_`.
  public static func isValidName(_ name: String) -> Bool {
    guard let first = name.utf8.first, first >= UInt8(ascii: "A"), first <= UInt8(ascii: "Z")
    else { return false }
    return name.utf8.allSatisfy {
      ($0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z"))
        || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: "_")
    }
  }
}
