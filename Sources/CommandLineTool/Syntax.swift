/// What a command takes on its command line.
struct Syntax {
  struct Option {
    let name: String
    /// What the value is called in help; nil for a flag.
    let value: String?
    let help: String
    var mayRepeat = false
    /// Whether a value of no characters means something.
    var mayBeEmpty = false

    static func flag(_ name: String, _ help: String) -> Option {
      Option(name: name, value: nil, help: help)
    }

    static func value(_ name: String, _ value: String, _ help: String) -> Option {
      Option(name: name, value: value, help: help)
    }

    static func texts(_ name: String, _ value: String, _ help: String) -> Option {
      Option(name: name, value: value, help: help, mayRepeat: true, mayBeEmpty: true)
    }

    static func values(_ name: String, _ value: String, _ help: String) -> Option {
      Option(name: name, value: value, help: help, mayRepeat: true)
    }

    fileprivate var spelling: String { value.map { "\(name) \($0)" } ?? name }
  }

  let name: String
  /// Names of the arguments that are no options; all must be given.
  let arguments: [String]
  let options: [Option]
  let summary: String

  var synopsis: String { (["paligraph", name] + arguments + ["[options]"]).joined(separator: " ") }

  var help: String {
    let width = options.map(\.spelling.count).max() ?? 0
    let lines = options.map { option in
      let gap = String(repeating: " ", count: width - option.spelling.count + 2)
      return "  \(option.spelling)\(gap)\(option.help)"
    }
    return (["usage: \(synopsis)", "", summary, ""] + lines).joined(separator: "\n") + "\n"
  }

  func option(named name: String) -> Option? { options.first { $0.name == name } }
}
