/// `paligraph help`: what there is, one command, or all of it as a manual page.
enum HelpCommand: Command {
  static let syntax = Syntax(
    name: "help", arguments: [.init(name: "COMMAND", isOptional: true)],
    options: [.flag("--man", "print the manual page of the program, for man -l -")],
    summary: "Explains a command, or lists them all.")

  static func run(_ arguments: Arguments) throws {
    let name = arguments.positional.first
    if arguments.has("--man") {
      guard name == nil else { throw arguments.error("--man has all commands; leave COMMAND out") }
      return Console.write(ManualPage.text)
    }
    guard let name else { return Console.write(overview.text) }
    Console.write(try CommandLineTool.command(named: name).syntax.help.text)
  }

  static var overview: [HelpBlock] {
    [
      .text("paligraph compiles vision-language models to one file and runs them on the CPU."),
      .list(CommandLineTool.commands.map { ($0.syntax.synopsis, $0.syntax.summary) }),
      .text(
        "paligraph COMMAND --help explains a command's options, paligraph --version tells the "
          + "version, paligraph help --man is the manual page.\n"
          + "Exit status: 0 done, 1 failed on its input, 2 wrong usage."),
    ]
  }
}
