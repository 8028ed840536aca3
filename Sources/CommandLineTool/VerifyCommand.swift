import JSON
import PaliGraph
import Plans

/// `paligraph verify`: whether a plan is whole.
enum VerifyCommand: Command {
  static let syntax = Syntax(
    name: "verify", arguments: ["PLAN"], options: [],
    summary: "Compares every byte of a plan with the checksums that it carries.")

  static func run(_ arguments: Arguments) throws {
    let path = arguments.positional[0]
    let file = try PlanFile(path: path)
    try file.verifyTensors()
    Console.write(
      "\(path.printable): whole; \(file.entries.count) tensors, \(file.byteCount.inMegabytes)\n")
  }
}
