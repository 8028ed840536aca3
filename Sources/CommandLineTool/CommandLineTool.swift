import Glibc
import Inputs
import PaliGraph
import Tensors

/// `paligraph`: reads the command line, hands the work to the library, prints what comes of it.
@main
enum CommandLineTool {
  static var commands: [any Command.Type] {
    [
      CompileCommand.self, RunCommand.self, DumpCommand.self, PassCommand.self, VerifyCommand.self,
      ExportCommand.self, BenchCommand.self, CacheCommand.self, CompletionCommand.self,
      HelpCommand.self,
    ]
  }

  static var commandNames: [String] { commands.map { $0.syntax.name } }

  static func command(named name: String) throws -> any Command.Type {
    for command in commands where command.syntax.name == name { return command }
    let guess = Suggestion.text(for: name, among: commandNames)
    throw UsageError(
      "there is no command '\(name.printable)'\(guess); paligraph --help lists them")
  }

  static func main() {
    Console.prepare()
    Interruption.unblock()
    // A file above the limit on sizes is an error like a full disk.
    signal(SIGXFSZ, SIG_IGN)
    MappedFile.reportLostPages(exitStatus: 1)
    do {
      try run(words)
    } catch {
      Console.writeError("paligraph: \(error)")
      switch error {
      case is UsageError: exit(2)
      case let interruption as Interruption: exit(interruption.exitStatus)
      default: exit(1)
      }
    }
  }

  /// The words of the command line. `CommandLine.arguments` repairs what is not UTF-8, so that files
  /// would not be found.
  private static var words: [String] {
    (1..<max(Int(CommandLine.argc), 1)).compactMap { index in
      CommandLine.unsafeArgv[index].map { String(systemPath: $0) }
    }
  }

  private static func run(_ arguments: [String]) throws {
    guard let name = arguments.first else {
      throw UsageError("a command is missing; paligraph --help lists them")
    }
    switch name {
    case "--help", "-h": Console.write(HelpCommand.overview.text)
    case "--version": Console.write("paligraph \(PaliGraph.version)\n")
    default:
      let command = try command(named: name)
      let rest = Array(arguments.dropFirst())
      if rest.contains("--help") || rest.contains("-h") {
        Console.write(command.syntax.help.text)
      } else {
        let arguments = try Arguments(rest, command.syntax)
        try arguments.checkSource()
        try EnvironmentVariable.check()
        try command.run(arguments)
      }
    }
  }
}

/// One command of the program.
protocol Command {
  static var syntax: Syntax { get }
  static func run(_ arguments: Arguments) throws
}

/// The command line cannot be understood.
struct UsageError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Something about a file went wrong: one line that begins with its name.
struct FileError: Error, CustomStringConvertible {
  let description: String

  init(_ path: String, _ problem: String) { description = "\(path.printable): \(problem)" }
}
