import PaliGraph

/// The manual page, in the language of `man`.
enum ManualPage {
  static var text: String {
    var page = """
      .TH PALIGRAPH 1 "" "paligraph \(PaliGraph.version)" "User Commands"
      .SH NAME
      paligraph \\- compiles vision-language models to one file and runs them on the CPU
      .SH SYNOPSIS

      """
    for command in CommandLineTool.commands {
      page += ".B \(escaped(command.syntax.synopsis))\n.br\n"
    }
    page += ".SH COMMANDS\n"
    for command in CommandLineTool.commands { page += section(of: command.syntax) }
    page += ".SH ENVIRONMENT\n"
    for variable in EnvironmentVariable.all {
      page += item("\(variable.name)=\(variable.value)", variable.help)
    }
    return page + """
      .SH EXIT STATUS
      0 done, 1 failed on its input, 2 wrong usage; 128 and the signal's number when it was asked to end.

      """
  }

  private static func section(of syntax: Syntax) -> String {
    var page = ".SS \(escaped(syntax.synopsis))\n\(escaped(syntax.summary))\n"
    for option in syntax.options { page += item(option.spelling, option.help) }
    for remark in syntax.remarks {
      switch remark {
      case .text(let text): page += ".PP\n\(escaped(text))\n"
      case .list(let items):
        for (term, meaning) in items { page += item(term, meaning) }
      }
    }
    return page
  }

  private static func item(_ term: String, _ meaning: String) -> String {
    ".TP\n.B \(escaped(term))\n\(escaped(meaning))\n"
  }

  /// A line of text that `man` prints as it is.
  private static func escaped(_ text: String) -> String {
    let line = text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing(
      "\n", with: "\n.br\n")
    return line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
  }
}
