import Inputs

/// A place in a JSON document: what stands there, if anything, and the path that leads to it.
///
/// Readers of configuration files walk fields rather than bare values, so that every error names
/// its field: `text_config.hidden_size: expected an integer, found 2.5`. A field of an absent
/// parent is absent too; asking an absent field for a value throws `JSONError.missing`, unless
/// `present` was asked first:
///
///     let root = JSONField(document)
///     let hidden = try root.member("hidden_size").int(in: 1...65536)
///     let layers = try root.member("layers").present?.int(in: 1...512) ?? 12
public struct JSONField: Sendable {
  /// Nil when the field is absent.
  public let value: JSON?
  /// Keys joined by dots, `[i]` for array elements; empty for the document itself.
  public let path: String

  public init(_ value: JSON?, path: String = "") {
    self.value = value
    self.path = path
  }

  /// The field itself unless it is absent or `null`, which mean the same in Hugging Face files.
  public var present: JSONField? {
    switch value {
    case nil, .null: nil
    default: self
    }
  }

  /// The member of an object. Throws when this is anything else than an object or absent.
  public func member(_ key: String) throws(JSONError) -> JSONField {
    let path = Self.join(path, key)
    switch value {
    case nil: return JSONField(nil, path: path)
    case .object: return JSONField(value?[key], path: path)
    default: throw unexpected("an object")
    }
  }

  /// All members of an object in file order, with their keys.
  public func members() throws(JSONError) -> [(key: String, field: JSONField)] {
    guard case .object(let members) = try found() else { throw unexpected("an object") }
    return members.map { ($0.key, JSONField($0.value, path: Self.join(path, $0.key))) }
  }

  /// All elements of an array.
  public func elements() throws(JSONError) -> [JSONField] {
    guard case .array(let values) = try found() else { throw unexpected("an array") }
    return values.enumerated().map { JSONField($1, path: Self.join(path, "[\($0)]")) }
  }

  /// An integer within the range. `2.0` is not an integer.
  public func int(in range: ClosedRange<Int> = Int.min...Int.max) throws(JSONError) -> Int {
    let expected =
      range == Int.min...Int.max
      ? "an integer" : "an integer from \(range.lowerBound) to \(range.upperBound)"
    guard case .integer(let value) = try found(), let int = Int(exactly: value),
      range.contains(int)
    else { throw unexpected(expected) }
    return int
  }

  /// Any number within the range, integers included. Always finite.
  public func double(
    in range: ClosedRange<Double> = -Double.infinity...Double.infinity
  ) throws(JSONError) -> Double {
    let value: Double
    switch try found() {
    case .integer(let integer): value = Double(integer)
    case .unsigned(let integer): value = Double(integer)
    case .number(let number): value = number
    default: throw unexpected("a number")
    }
    guard range.contains(value) else {
      throw unexpected("a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  public func bool() throws(JSONError) -> Bool {
    guard case .bool(let value) = try found() else { throw unexpected("true or false") }
    return value
  }

  public func string() throws(JSONError) -> String {
    guard case .string(let value) = try found() else { throw unexpected("a string") }
    return value
  }

  /// The error that says what should stand here, for checks of the reader's own.
  public func unexpected(_ expected: String) -> JSONError {
    guard let value else { return .missing(path: path) }
    return .unexpected(path: path, expected: expected, found: value.summary)
  }

  private func found() throws(JSONError) -> JSON {
    guard let value else { throw .missing(path: path) }
    return value
  }

  /// `a` and `b` make `a.b`, `a` and `[0]` make `a[0]`.
  static func join(_ path: String, _ step: String) -> String {
    path.isEmpty || step.isEmpty || step.utf8.first == UInt8(ascii: "[")
      ? path + step : "\(path).\(step)"
  }
}

extension JSON {
  /// The value in a few printable words for an error message.
  var summary: String {
    switch self {
    case .null, .bool, .integer, .unsigned, .number: encoded()
    case .string(let text): "\"\(text.printable)\""
    case .array(let elements): "an array of \(elements.count)"
    case .object: "an object"
    }
  }
}
