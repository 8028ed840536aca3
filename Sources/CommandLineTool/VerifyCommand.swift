import JSON
import PaliGraph
import Plans

/// `paligraph verify`: whether a plan is whole.
enum VerifyCommand: Command {
  static let syntax = Syntax(
    name: "verify", arguments: ["PLAN"],
    options: [.value("--dtype", "TYPE", "for models, which cannot be verified yet")],
    summary: "Compares every byte of a plan with the checksums that it carries.")

  static func run(_ arguments: Arguments) throws {
    let path = arguments.positional[0]
    guard !ModelSource.isModel(path) else {
      throw UsageError(
        "\(path.printable): only plans can be verified so far; compile it to a plan first")
    }
    guard !arguments.has("--dtype") else {
      throw arguments.error("--dtype is for models, and only plans can be verified so far")
    }
    let file = try PlanFile(path: path)
    try file.verifyTensors()
    Console.write(
      "\(path.printable): whole; \(file.entries.count.counting("tensor")), \(file.byteCount.inMegabytes)\n"
    )
  }
}
