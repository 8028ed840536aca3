import Inputs

/// One JSON value, as exact as its text.
///
/// Integers keep all their digits, `2.0` stays a number that is no integer, object members keep
/// the order of the file. Equality compares strings by their UTF-8 bytes (`"é"` in its composed
/// and decomposed spelling differ), members in order, and numbers within their case only.
public enum JSON: Sendable {
  case null
  case bool(Bool)
  /// A number written without fraction and exponent that fits `Int64`.
  case integer(Int64)
  /// An integer above `Int64.max` that fits `UInt64`.
  case unsigned(UInt64)
  /// Any other number, an integer beyond 64 bits included. The reader yields finite values only.
  case number(Double)
  case string(String)
  case array([JSON])
  /// Keys are unique, bytewise, in everything the reader yields.
  case object([Member])

  /// A key of an object with its value.
  public struct Member: Sendable, Equatable {
    public var key: String
    public var value: JSON

    public init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }

    public static func == (a: Member, b: Member) -> Bool {
      a.key.hasSameBytes(as: b.key) && a.value == b.value
    }
  }

  /// The value of the member with exactly the key's bytes; nil when there is none or the value is
  /// no object. Looks at one member after the other.
  public subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key.hasSameBytes(as: key) }?.value
  }
}

extension JSON: Equatable {
  public static func == (a: JSON, b: JSON) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.unsigned(let a), .unsigned(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): a.hasSameBytes(as: b)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }
}
