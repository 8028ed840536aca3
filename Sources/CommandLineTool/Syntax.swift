/// What a command takes on its command line: the one table from which parsing, help, completion and the
/// manual come.
struct Syntax {
  struct Option {
    /// What the value of an option or argument is.
    enum Value: Equatable {
      /// A file; names with one of the endings come first, and with none of them all files do.
      case file([String])
      case directory
      /// `NAME=FILE`.
      case namedFile
      case words([String])
      /// A whole number of a range.
      case integer(ClosedRange<UInt64>)
      /// Anything else: a text, a name, another number.
      case free

      /// Whether it may have bytes that are not UTF-8, as names of files may.
      var isPath: Bool {
        switch self {
        case .file, .directory, .namedFile: true
        case .words, .integer, .free: false
        }
      }
    }

    let name: String
    /// What the value is called in help; nil for a flag.
    let value: String?
    let help: String
    var kind = Value.free
    var mayRepeat = false
    /// Whether a value of no characters means something.
    var mayBeEmpty = false
    /// The uses in which it has an effect. An axis of which none is named does not matter.
    var uses: Set<Use> = []
    /// Options of which one must be given too, or it has no effect.
    var companions: [String] = []

    static func flag(_ name: String, _ help: String) -> Option {
      Option(name: name, value: nil, help: help)
    }

    static func value(
      _ name: String, _ value: String, _ help: String, _ kind: Value = .free
    ) -> Option {
      Option(name: name, value: value, help: help, kind: kind)
    }

    static func texts(_ name: String, _ value: String, _ help: String) -> Option {
      Option(name: name, value: value, help: help, mayRepeat: true, mayBeEmpty: true)
    }

    static func values(
      _ name: String, _ value: String, _ help: String, _ kind: Value = .free
    ) -> Option {
      Option(name: name, value: value, help: help, kind: kind, mayRepeat: true)
    }

    /// The option, with an effect in these uses only.
    func only(_ uses: Use...) -> Option { only(Set(uses)) }

    func only(_ uses: Set<Use>) -> Option {
      var option = self
      option.uses = uses
      return option
    }

    /// The option, with an effect only beside one of these.
    func needing(_ names: String...) -> Option {
      var option = self
      option.companions = names
      return option
    }

    /// Whether it has an effect in a use.
    func hasEffect(in use: Use) -> Bool {
      uses.contains(use) || !uses.contains { $0.axis == use.axis }
    }

    var spelling: String { value.map { "\(name) \($0)" } ?? name }
  }

  /// Something on the command line that is no option.
  struct Argument {
    let name: String
    var kind = Option.Value.free
    var isOptional = false

    /// A model or a plan.
    static let planOrModel = Argument(name: "PLAN|MODEL", kind: .file(["plan", "pg", "onnx"]))
    static let model = Argument(name: "MODEL", kind: .file(["pg", "onnx"]))
  }

  let name: String
  let arguments: [Argument]
  let options: [Option]
  let summary: String
  /// What the command may be used for and on; an option that has no effect in one of them is refused there.
  var uses: [Use] = []
  /// More for the end of its help.
  var remarks: [HelpBlock] = []

  var synopsis: String {
    let names = arguments.map { $0.isOptional ? "[\($0.name)]" : $0.name }
    return (["paligraph", name] + names + (options.isEmpty ? [] : ["[options]"])).joined(
      separator: " ")
  }

  func option(named name: String) -> Option? { options.first { $0.name == name } }

  /// The options that have an effect in no other use of the axis.
  func optionNames(onlyFor use: Use) -> [String] {
    options.filter { $0.uses.filter { $0.axis == use.axis } == [use] }.map(\.name)
  }
}
