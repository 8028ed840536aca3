import Inputs

/// A command line taken apart by a command's syntax. Every error is a `UsageError`.
struct Arguments {
  /// In the order of `Syntax.arguments`.
  private(set) var positional: [String] = []
  private var values: [String: [String]] = [:]
  private let syntax: Syntax

  init(_ words: [String], _ syntax: Syntax) throws {
    self.syntax = syntax
    let all = words
    var words = words[...]
    var takesOptions = true
    while let word = words.popFirst() {
      if takesOptions, word == "--" {
        takesOptions = false
      } else if takesOptions, word.hasPrefix("-"), word != "-" {
        try takeOption(word, &words, of: all)
      } else {
        positional.append(word)
      }
    }
    let known = syntax.arguments
    guard positional.count >= known.count(where: { !$0.isOptional }),
      positional.count <= known.count
    else {
      throw error(
        positional.count < known.count
          ? "\(known.map(\.name).joined(separator: " ")) is missing"
          : "'\(positional[known.count].printable)' is one argument too many")
    }
    for (value, argument) in zip(positional, known) {
      guard !value.isEmpty else { throw error("\(argument.name) is empty") }
      guard argument.kind.isPath || !value.hasPathBytes else { throw notUTF8(value, all) }
    }
    for case (let name, .integer(let range)) in syntax.options.map({ ($0.name, $0.kind) }) {
      _ = try integer(name, in: range)
    }
    try checkCompanions()
  }

  /// Only names of files may have other bytes: a prompt would not be the one that was asked.
  ///
  /// - Parameter all: the words after the command, of which `word` is one.
  private func notUTF8(_ word: String, _ all: [String]) -> UsageError {
    let place = (all.firstIndex(of: word) ?? 0) + 2
    return UsageError(
      "argument \(place), '\(word.printable)', is not UTF-8; write it in UTF-8")
  }

  private func checkCompanions() throws {
    for option in syntax.options where has(option.name) && !option.companions.isEmpty {
      guard option.companions.contains(where: has) else {
        let names = option.companions.compactMap { syntax.option(named: $0)?.spelling }
        throw error("\(option.name) needs \(names.joined(separator: " or "))")
      }
    }
  }

  /// Throws unless every option that is given has an effect in a use.
  ///
  /// - Parameter subject: what is used so, such as the path of a plan.
  func check(_ use: Use, of subject: String) throws {
    for option in syntax.options where has(option.name) && !option.hasEffect(in: use) {
      throw error(refusal(of: option, use, subject.printable))
    }
  }

  /// Throws unless every option that is given has an effect on the file that is given first.
  func checkSource() throws {
    guard let path = positional.first, let use = Use(source: path), syntax.uses.contains(use) else {
      return
    }
    try check(use, of: path)
  }

  private func refusal(of option: Syntax.Option, _ use: Use, _ subject: String) -> String {
    let allowed = option.uses.filter { $0.axis == use.axis }
    let deciding = syntax.optionNames(onlyFor: use)
    if let last = deciding.last, deciding.contains(where: has) {
      let names = deciding.dropLast().joined(separator: ", ")
      return "\(option.name) does not go with \(names.isEmpty ? "" : names + " and ")\(last)"
    }
    let found = allowed == Use.models && use == .plan ? "none" : use.singular
    return "\(option.name) is for \(allowed.plural), and \(subject) is \(found)"
  }

  /// `--name value`, `--name=value` or `--flag`.
  private mutating func takeOption(
    _ word: String, _ rest: inout ArraySlice<String>, of all: [String]
  ) throws {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = syntax.option(named: name) else {
      let guess = Suggestion.text(for: name, among: syntax.options.map(\.name))
      throw error("there is no option '\(name.printable)'\(guess)")
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
    guard option.kind.isPath || !value.hasPathBytes else {
      throw notUTF8(parts.count == 2 ? word : value, all)
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
    guard let value = Value(rawValue: text) ?? Value(rawValue: text.americanSpelling) else {
      let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
      let guess = Suggestion.text(for: text, among: Value.allCases.map(\.rawValue))
      throw error("\(name) \(text.printable) is not known\(guess); it is one of \(known)")
    }
    return value
  }
}

extension String {
  /// `optimised` as `optimized`: both spellings are taken where a word is one of a few.
  fileprivate var americanSpelling: String {
    hasSuffix("ised") ? String(dropLast(4)) + "ized" : self
  }
}
