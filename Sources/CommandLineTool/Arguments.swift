import JSON

/// A command line taken apart by a command's syntax. Every error is a `UsageError`.
struct Arguments {
  /// In the order of `Syntax.arguments`.
  private(set) var positional: [String] = []
  private var values: [String: [String]] = [:]
  private let syntax: Syntax

  init(_ words: [String], _ syntax: Syntax) throws {
    self.syntax = syntax
    var words = words[...]
    var takesOptions = true
    while let word = words.popFirst() {
      if takesOptions, word == "--" {
        takesOptions = false
      } else if takesOptions, word.hasPrefix("-"), word != "-" {
        try takeOption(word, &words)
      } else {
        positional.append(word)
      }
    }
    guard positional.count == syntax.arguments.count else {
      let wanted = syntax.arguments.joined(separator: " ")
      throw error(
        positional.count < syntax.arguments.count
          ? "\(wanted) is missing"
          : "'\(positional[syntax.arguments.count].printable)' is one argument too many")
    }
    for (value, name) in zip(positional, syntax.arguments) where value.isEmpty {
      throw error("\(name) is empty")
    }
  }

  /// `--name value`, `--name=value` or `--flag`.
  private mutating func takeOption(_ word: String, _ rest: inout ArraySlice<String>) throws {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = syntax.option(named: name) else {
      throw error("there is no option '\(name.printable)'")
    }
    if option.value == nil {
      guard parts.count == 1 else { throw error("\(name) takes no value") }
      values[name] = []
      return
    }
    let value = parts.count == 2 ? String(parts[1]) : rest.first
    if parts.count == 1 { rest = rest.dropFirst() }
    guard let value, parts.count == 2 || syntax.option(named: value) == nil else {
      throw error("\(name) needs a value: \(option.value ?? "")")
    }
    guard option.mayBeEmpty || !value.isEmpty else {
      throw error("\(name) has an empty value where \(option.value ?? "") is needed")
    }
    guard option.mayRepeat || values[name] == nil else { throw error("\(name) is given twice") }
    values[name, default: []].append(value)
  }

  /// A usage error that says where help is.
  func error(_ problem: String) -> UsageError {
    UsageError("\(problem); paligraph \(syntax.name) --help explains the options")
  }

  func has(_ name: String) -> Bool { values[name] != nil }

  func all(_ name: String) -> [String] { values[name] ?? [] }

  func string(_ name: String) -> String? { values[name]?.first }

  func required(_ name: String) throws -> String {
    guard let value = string(name) else {
      throw error("\(name) \(syntax.option(named: name)?.value ?? "") is missing")
    }
    return value
  }

  func integer<Value: FixedWidthInteger>(
    _ name: String, in range: ClosedRange<Value>
  ) throws -> Value? {
    guard let text = string(name) else { return nil }
    guard let value = Value(text), range.contains(value) else {
      throw error(
        "\(name) \(text.printable) is no whole number from \(range.lowerBound) to \(range.upperBound)"
      )
    }
    return value
  }

  func number(_ name: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let text = string(name) else { return nil }
    guard let value = Double(text), range.contains(value) else {
      throw error(
        "\(name) \(text.printable) is no number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// One of a few words.
  func choice<Value: RawRepresentable & CaseIterable>(
    _ name: String, _ type: Value.Type = Value.self
  ) throws -> Value? where Value.RawValue == String {
    guard let text = string(name) else { return nil }
    guard let value = Value(rawValue: text) else {
      let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
      throw error("\(name) \(text.printable) is not known; it is one of \(known)")
    }
    return value
  }
}
