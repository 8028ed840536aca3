import Inputs
import JSON

/// An object of a configuration file, read field by field.
///
/// A field that is absent takes its default. A field that is `null` is no absent one: it is an
/// error unless the reader asks for an optional value. That is how transformers reads them.
struct ConfigSection {
  typealias Problem = ConfigError.Problem

  let field: JSONField

  /// The path of a member, for error messages.
  func path(_ key: String) -> String { field.path.isEmpty ? key : "\(field.path).\(key)" }

  /// A nested object, nil when it is absent or `null`.
  func section(_ key: String) throws(Problem) -> ConfigSection? {
    guard let member = try member(key).present else { return nil }
    _ = try checked { () throws(JSONError) in try member.members() }
    return ConfigSection(field: member)
  }

  func int(
    _ key: String, in range: ClosedRange<Int>, default fallback: Int
  ) throws(Problem) -> Int {
    let member = try member(key)
    guard member.value != nil else { return fallback }
    return try checked { () throws(JSONError) in try member.int(in: range) }
  }

  /// As `int`, for a field that may be `null`.
  func optionalInt(
    _ key: String, in range: ClosedRange<Int>, default fallback: Int?
  ) throws(Problem) -> Int? {
    let member = try member(key)
    guard member.value != nil else { return fallback }
    return try checked { () throws(JSONError) in try member.present?.int(in: range) }
  }

  /// A number above zero.
  func positive(_ key: String, default fallback: Double) throws(Problem) -> Double {
    let member = try member(key)
    guard member.value != nil else { return fallback }
    let value = try checked { () throws(JSONError) in try member.double() }
    guard value > 0 else { throw .json(member.unexpected("a number above 0")) }
    return value
  }

  /// As `positive`, for a field that may be `null`.
  func optionalPositive(_ key: String, default fallback: Double?) throws(Problem) -> Double? {
    let member = try member(key)
    guard member.value != nil else { return fallback }
    guard member.present != nil else { return nil }
    return try positive(key, default: 0)
  }

  func bool(_ key: String, default fallback: Bool) throws(Problem) -> Bool {
    let member = try member(key)
    guard member.value != nil else { return fallback }
    return try checked { () throws(JSONError) in try member.bool() }
  }

  /// A string, nil when it is absent or `null`.
  func string(_ key: String) throws(Problem) -> String? {
    let member = try member(key)
    return try checked { () throws(JSONError) in try member.present?.string() }
  }

  /// The elements of an array, nil when it is absent or `null`.
  func elements(_ key: String) throws(Problem) -> [JSONField]? {
    let member = try member(key)
    return try checked { () throws(JSONError) in try member.present?.elements() }
  }

  /// The string's meaning in the table.
  func choice<Value>(
    _ key: String, among table: [String: Value], default fallback: Value
  ) throws(Problem) -> Value {
    let member = try member(key)
    guard member.value != nil else { return fallback }
    let name = try checked { () throws(JSONError) in try member.string() }
    guard let value = table[name] else { throw unsupported(key, name, table.keys.sorted()) }
    return value
  }

  /// Throws unless the field is absent, `null` or `false`.
  func refuseFeature(_ key: String) throws(Problem) {
    let member = try member(key)
    switch member.value {
    case nil, .null, .bool(false): return
    default: throw unsupported(key, nil, ["a checkpoint without it"])
    }
  }

  /// `found` is what the file says, nil when it says too much to repeat.
  func unsupported(_ key: String, _ found: String?, _ supported: [String]) -> Problem {
    let found = found.map { "\"\($0.printable)\"" } ?? "set"
    return .unsupported(field: path(key), found: found, supported: supported)
  }

  func member(_ key: String) throws(Problem) -> JSONField {
    try checked { () throws(JSONError) in try field.member(key) }
  }

  func checked<Value>(_ read: () throws(JSONError) -> Value) throws(Problem) -> Value {
    do throws(JSONError) { return try read() } catch { throw .json(error) }
  }
}
