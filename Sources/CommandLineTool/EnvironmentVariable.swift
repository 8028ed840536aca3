@preconcurrency import Glibc
import Inputs
import PaliGraph
import Runtime

/// A variable of the environment that changes what the program does.
struct EnvironmentVariable {
  let name: String
  let value: String
  let help: String

  static let all = [
    EnvironmentVariable(
      name: "PALIGRAPH_ISA", value: "NAME",
      help: "the strongest kernels that may be used: scalar, avx2, avx512 or avx512bf16"),
    EnvironmentVariable(
      name: "PALIGRAPH_MEMORY_LIMIT", value: "BYTES",
      help: "what the arena and states of a plan may take, instead of what is available"),
    EnvironmentVariable(
      name: "PALIGRAPH_PIXEL_LIMIT", value: "PIXELS", help: "what a picture may have"),
    EnvironmentVariable(
      name: "PALIGRAPH_CACHE_LIMIT", value: "BYTES",
      help: "what the plans that run MODEL keeps may take together; by default 50 GB"),
    EnvironmentVariable(
      name: "XDG_CACHE_HOME", value: "DIR",
      help: "where run MODEL keeps plans, in paligraph/; by default ~/.cache"),
    EnvironmentVariable(
      name: "COLUMNS", value: "N", help: "how wide help is printed; by default as the terminal is"),
    EnvironmentVariable(
      name: "NO_COLOR", value: "1", help: "changes nothing, since the program uses no colour"),
  ]

  /// Throws for a value that would be taken for something else than what it says, and for a misspelt name.
  /// Limits are checked where they are used.
  static func check() throws {
    do { try InstructionSetVariable.check() } catch { throw UsageError("\(error)") }
    for name in names where name.hasPrefix(prefix) { try checkName(name) }
  }

  /// How the names of all but the customary variables begin.
  private static let prefix = "PALIGRAPH_"

  /// The names of all variables, in no order.
  private static var names: [String] {
    var (names, next): ([String], _) = ([], environ)
    while let variable = next.pointee {
      names.append(String(String(cString: variable).prefix { $0 != "=" }))
      next += 1
    }
    return names
  }

  /// Other names that begin like ours are left alone: whoever starts the program may have variables of
  /// their own, such as the `PALIGRAPH_PORT` that Kubernetes gives to all beside a service of this name.
  private static func checkName(_ name: String) throws {
    let known = all.map(\.name).filter { $0.hasPrefix(prefix) }
    guard !known.contains(name),
      let meant = Suggestion.nearest(
        to: String(name.dropFirst(prefix.count)),
        among: known.map { String($0.dropFirst(prefix.count)) })
    else { return }
    throw UsageError(
      "the variable \(name.printable) has no effect (did you mean '\(prefix)\(meant)'?); unset it otherwise"
    )
  }
}
