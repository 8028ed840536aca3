import Interchange
import Inputs
import PaliGraph
import Plans

/// The plan that a command runs: the one that is given, or that of a model, compiled into the user's
/// cache unless it is there.
struct OpenedPlan {
  let file: PlanFile
  /// Keeps the plan in the cache while this process runs it.
  private let hold: PlanCache.Hold?

  init(_ path: String, _ sizes: InputSizes) throws {
    guard ModelSource.isModel(path) else {
      file = try PlanFile(path: path)
      hold = nil
      return
    }
    (file, hold) = try Interruption.watching { try Self.cached(path, sizes) }
  }

  private static func cached(
    _ path: String, _ sizes: InputSizes
  ) throws -> (PlanFile, PlanCache.Hold) {
    let source = try ModelSource(path: path)
    let limit = try PlanCache.limit()
    let cached = try PlanCache.path(for: source, sizes: sizes)
    if let hold = PlanCache.hold(cached), let file = try? PlanFile(path: cached) {
      return (file, hold)
    }
    let model = try source.load(sizes: sizes)
    CompileCommand.warn(model)
    Console.writeError("\(path.printable): compiling to \(cached), once")
    let compilation = try model.compile()
    try CompileCommand.write(model, compilation, to: cached, isQuiet: false)
    guard let hold = PlanCache.hold(cached) else {
      throw FileError(cached, "it was removed from the cache at once; run again")
    }
    let file = try PlanFile(path: cached)
    for entry in try PlanCache.evict(above: limit) {
      Console.writeError(
        "\(entry.path.printable): left the cache, which has room for \(limit.inMegabytes)")
    }
    return (file, hold)
  }

  /// What the plan is for.
  var use: Use {
    if ScoringSession.opens(file) { return .scoring }
    return file.plan.section(SessionSettings.section) == nil ? .tensors : .answering
  }
}
