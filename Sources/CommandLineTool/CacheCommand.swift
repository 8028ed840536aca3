import Glibc
import Inputs
import JSON
import PaliGraph

/// `paligraph cache`: the plans of models that were run without having been compiled.
enum CacheCommand: Command {
  static let syntax = Syntax(
    name: "cache", arguments: [.init(name: "clear", kind: .words(["clear"]), isOptional: true)],
    options: [
      .value(
        "--older-than", "AGE",
        "clear only what was not run for so long: 30d, 12h, 10m or 45s; by default all"),
      .flag("--json", "print one JSON object instead of a table"),
    ],
    summary: "Lists or clears the plans that run MODEL keeps.",
    remarks: [
      .text(
        "They are in $XDG_CACHE_HOME/paligraph or ~/.cache/paligraph. When they take more than "
          + "PALIGRAPH_CACHE_LIMIT bytes, 50 GB by default, those that were not run for the longest "
          + "time are removed, but none that a process runs.")
    ])

  static func run(_ arguments: Arguments) throws {
    let age = try age(arguments)
    guard let action = arguments.positional.first else {
      guard age == nil else { throw arguments.error("--older-than goes with clear only") }
      return try list(arguments)
    }
    guard action == "clear" else {
      let guess = Suggestion.text(for: action, among: ["clear"])
      throw arguments.error("'\(action.printable)' is not known\(guess); it is clear or nothing")
    }
    guard !arguments.has("--json") else { throw arguments.error("--json does not go with clear") }
    clear(try PlanCache.entries().filter { $0.age >= age ?? 0 })
  }

  private static func list(_ arguments: Arguments) throws {
    let entries = try PlanCache.entries()
    let (directory, limit) = (try PlanCache.location(), try PlanCache.limit())
    let total = entries.reduce(0) { $0 + $1.byteCount }
    guard !arguments.has("--json") else {
      let plans = entries.map { entry -> JSON in
        [
          "path": .string(entry.path), "bytes": .integer(entry.byteCount),
          "last_run": .integer(entry.lastUse),
        ]
      }
      let object: JSON = [
        "directory": .string(directory), "limit_bytes": .integer(limit), "bytes": .integer(total),
        "plans": .array(plans),
      ]
      return Console.write(object.encoded() + "\n")
    }
    if !entries.isEmpty {
      let rows = entries.map { entry in
        [entry.name, entry.byteCount.inMegabytes, "run \(entry.age.asAge) ago"]
      }
      Console.write(lines: TextTable(rows, .left, .right).lines(width: Console.outputColumns))
    }
    let count = entries.count.counting("plan")
    Console.write(lines: [
      "\(directory.printable): \(count), \(total.inMegabytes) of at most \(limit.inMegabytes)"
    ])
  }

  private static func clear(_ entries: [PlanCache.Entry]) {
    let removed = entries.filter(PlanCache.remove)
    let total = removed.reduce(0) { $0 + $1.byteCount }
    let kept = entries.count - removed.count
    Console.write(lines: [
      "\(removed.count.counting("plan")) removed, \(total.inMegabytes)"
        + (kept == 0 ? "" : "; \(kept) in use or not removable")
    ])
  }

  /// Seconds that `--older-than` says.
  private static func age(_ arguments: Arguments) throws -> Int? {
    guard let text = arguments.string("--older-than") else { return nil }
    let units: [Character: Int] = ["d": 86_400, "h": 3600, "m": 60, "s": 1]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()),
      (0...1 << 20).contains(count)
    else {
      throw arguments.error("--older-than \(text.printable) is no age such as 30d, 12h, 10m or 45s")
    }
    return count * unit
  }
}

extension PlanCache.Entry {
  fileprivate var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// Seconds since it was run.
  fileprivate var age: Int { max(0, time(nil) - lastUse) }
}

extension Int {
  /// A number of seconds in the largest unit that fits.
  fileprivate var asAge: String {
    switch self {
    case ..<120: "\(self) s"
    case ..<7200: "\(self / 60) min"
    case ..<172_800: "\(self / 3600) h"
    default: "\(self / 86_400) days"
    }
  }
}
