import Inputs

/// `paligraph completion`: what makes a shell complete the program's commands and options.
enum CompletionCommand: Command {
  enum Shell: String, CaseIterable { case bash, zsh, fish }

  static let syntax = Syntax(
    name: "completion",
    arguments: [.init(name: "SHELL", kind: .words(Shell.allCases.map(\.rawValue)))], options: [],
    summary: "Prints what makes bash, zsh or fish complete commands, options and files.",
    remarks: [
      .list([
        ("bash", "source <(paligraph completion bash) in ~/.bashrc"),
        ("zsh", "source <(paligraph completion zsh) in ~/.zshrc, after compinit"),
        ("fish", "paligraph completion fish > ~/.config/fish/completions/paligraph.fish"),
      ])
    ])

  static func run(_ arguments: Arguments) throws {
    let name = arguments.positional[0]
    guard let shell = Shell(rawValue: name) else {
      let guess = Suggestion.text(for: name, among: Shell.allCases.map(\.rawValue))
      throw arguments.error(
        "there is no completion for '\(name.printable)'\(guess); there is for bash, zsh and fish")
    }
    let commands = CommandLineTool.commands.map { $0.syntax }
    switch shell {
    case .bash: Console.write(BashCompletion.text(commands))
    case .zsh: Console.write(ZshCompletion.text(commands))
    case .fish: Console.write(FishCompletion.text(commands))
    }
  }

  /// A text in single quotes, for all three shells.
  static func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "'\\''") + "'"
  }
}

extension Syntax {
  /// The argument at a place, where the command takes one that can be completed. `help` takes a command.
  func completion(ofArgument index: Int) -> Option.Value {
    guard arguments.indices.contains(index) else { return .free }
    if name == HelpCommand.syntax.name {
      return .words(CommandLineTool.commandNames)
    }
    return arguments[index].kind
  }
}

/// A function that `complete -F` calls: the words of the options and arguments by command, in `case`s.
private enum BashCompletion {
  static func text(_ commands: [Syntax]) -> String {
    let cases = commands.map(command).joined()
    let names = commands.map(\.name).joined(separator: " ")
    return """
      # bash completion for paligraph, written by: paligraph completion bash
      _paligraph_files() {
        local IFS=$'\\n'
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -d -- "$current"))
        if [ $# -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
        local ending
        for ending; do COMPREPLY+=($(compgen -f -X "!*.$ending" -- "$current")); done
      }
      _paligraph_words() { COMPREPLY=($(compgen -W "$1" -- "$current")); }
      _paligraph() {
        local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
        local place=-1 index
        COMPREPLY=()
        if [ "$COMP_CWORD" -le 1 ]; then
          _paligraph_words '\(names) --help --version'
          return
        fi
        for ((index = 2; index <= COMP_CWORD; index++)); do
          case ${COMP_WORDS[index]} in -*) ;; *) place=$((place + 1)) ;; esac
        done
        case ${COMP_WORDS[1]} in
      \(cases)  esac
      }
      complete -F _paligraph paligraph

      """
  }

  private static func command(_ syntax: Syntax) -> String {
    let valued = syntax.options.filter { $0.value != nil }
    let names = syntax.options.map(\.name) + ["--help"]
    var lines = ["  \(syntax.name))"]
    if !valued.isEmpty {
      lines.append("    case $previous in")
      lines += valued.map { "      \($0.name)) \(action($0.kind)); return ;;" }
      lines.append("    esac")
    }
    lines.append("    case $current in")
    lines.append("      -*) _paligraph_words '\(names.joined(separator: " "))'; return ;;")
    lines.append("    esac")
    // Values of options count as places too, so files are offered wherever they may be meant.
    let kinds = syntax.arguments.indices.map { syntax.completion(ofArgument: $0) }
    if kinds.count > 1 {
      lines.append("    case $place in")
      lines += kinds.enumerated().map { "      \($0)) \(action($1)) ;;" }
      lines += ["      *) \(action(kinds[kinds.count - 1])) ;;", "    esac"]
    } else {
      lines.append("    \(action(kinds.first ?? .free))")
    }
    return (lines + ["    ;;"]).map { "  \($0)\n" }.joined()
  }

  private static func action(_ kind: Syntax.Option.Value) -> String {
    switch kind {
    case .file(let endings): (["_paligraph_files"] + endings).joined(separator: " ")
    case .directory: "COMPREPLY=($(compgen -d -- \"$current\"))"
    case .words(let words): "_paligraph_words '\(words.joined(separator: " "))'"
    case .free, .namedFile: "_paligraph_files"
    case .integer: ":"
    }
  }
}

/// A function for each command that calls `_arguments`.
private enum ZshCompletion {
  static func text(_ commands: [Syntax]) -> String {
    let names = commands.map { "    \(CompletionCommand.quoted("\($0.name):\($0.summary)"))\n" }
    let cases = commands.map { syntax in
      let specs = syntax.options.map(option) + [CompletionCommand.quoted("--help[explain]")]
      let arguments = syntax.arguments.enumerated().map { index, argument in
        CompletionCommand.quoted(
          "\(index + 1):\(escaped(argument.name)):\(action(syntax.completion(ofArgument: index)))")
      }
      let lines = (specs + arguments).joined(separator: " \\\n        ")
      return "    \(syntax.name))\n      _arguments \\\n        \(lines)\n      ;;\n"
    }
    return """
      #compdef paligraph
      # zsh completion for paligraph, written by: paligraph completion zsh
      _paligraph() {
        local -a commands
        commands=(
      \(names.joined())  )
        if ((CURRENT == 2)); then
          _describe command commands
          return
        fi
        local command=$words[2]
        shift words
        ((CURRENT--))
        case $command in
      \(cases.joined())  esac
      }
      compdef _paligraph paligraph

      """
  }

  private static func option(_ option: Syntax.Option) -> String {
    let value = option.value.map { ":\(escaped($0)):\(action(option.kind))" } ?? ""
    let star = option.mayRepeat ? "*" : ""
    return CompletionCommand.quoted("\(star)\(option.name)[\(escaped(option.help))]\(value)")
  }

  private static func action(_ kind: Syntax.Option.Value) -> String {
    switch kind {
    case .file([]), .free, .namedFile: "_files"
    case .integer: ""
    case .file(let endings): "_files -g \"*.(\(endings.joined(separator: "|")))\""
    case .directory: "_files -/"
    case .words(let words): "(\(words.joined(separator: " ")))"
    }
  }

  /// A text in which brackets and colons mean nothing.
  private static func escaped(_ text: String) -> String {
    text.replacing("[", with: "\\[").replacing("]", with: "\\]").replacing(":", with: "\\:")
  }
}

/// A `complete` for each command and option.
private enum FishCompletion {
  static func text(_ commands: [Syntax]) -> String {
    var lines = ["# fish completion for paligraph, written by: paligraph completion fish"]
    lines.append("complete -c paligraph -n __fish_use_subcommand -f")
    for syntax in commands {
      lines.append(
        "complete -c paligraph -n __fish_use_subcommand -a \(syntax.name) "
          + "-d \(quoted(syntax.summary))")
    }
    for syntax in commands {
      let condition = "-n '__fish_seen_subcommand_from \(syntax.name)'"
      for option in syntax.options {
        let name =
          option.name.hasPrefix("--")
          ? "-l \(option.name.dropFirst(2))" : "-s \(option.name.dropFirst())"
        let value = option.value == nil ? "" : " -r" + action(option.kind)
        lines.append(
          "complete -c paligraph \(condition) \(name)\(value) -d \(quoted(option.help))")
      }
      for index in syntax.arguments.indices {
        if case .words(let words) = syntax.completion(ofArgument: index) {
          lines.append(
            "complete -c paligraph \(condition) -f -a \(quoted(words.joined(separator: " ")))")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func action(_ kind: Syntax.Option.Value) -> String {
    switch kind {
    case .words(let words): " -f -a \(quoted(words.joined(separator: " ")))"
    case .directory: " -f -a '(__fish_complete_directories)'"
    case .integer: " -f"
    case .file, .free, .namedFile: ""
    }
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
  }
}
