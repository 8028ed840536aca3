import Compiler
import IR
import PaliGraph

/// `paligraph pass`: single passes on a textual graph.
enum PassCommand: Command {
  static let syntax = Syntax(
    name: "pass",
    arguments: [
      .init(name: "NAME[,NAME…]", kind: .words(PassManager.all.map(\.name))),
      .init(name: "GRAPH.pg", kind: .file(["pg"])),
    ], options: [],
    summary: "Runs passes on a textual graph and prints the result.",
    remarks: [
      .text("The passes, in the order in which compile runs them first:"),
      .list(PassManager.all.map { ($0.name, $0.summary) }),
    ])

  static func run(_ arguments: Arguments) throws {
    let names = arguments.positional[0].split(separator: ",", omittingEmptySubsequences: false)
    let manager: PassManager
    do { manager = try PassManager(named: names.map(String.init)) } catch let error as UnknownPass {
      throw UsageError(Suggestion.unknownPass(error.name))
    }
    let path = arguments.positional[1]
    var module = try ModelSource.graph(path).load().module
    var context = PassContext()
    do { try manager.run(&module, context: &context) } catch let error as PassError {
      throw FileError(path, "\(error)")
    }
    Console.write(module.description)
  }
}
