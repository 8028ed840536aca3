import Compiler
import Foundation

/// Places the buffers of every problem in a folder within its capacity and prints a table.
@main
enum PlannerBenchmark {
  static func main() {
    guard CommandLine.arguments.count == 2 else { fail("usage: bench-planner DIR", status: 2) }
    do {
      let problems = try ChallengeProblem.all(in: CommandLine.arguments[1])
      print(header)
      var solved = 0
      for problem in problems {
        let result = Outcome(of: problem)
        if result.isSolved { solved += 1 }
        print(result.row(problem))
        fflush(nil)
      }
      print("\n\(solved) of \(problems.count) solved")
      if solved < problems.count { exit(1) }
    } catch { fail("\(error)", status: 1) }
  }

  static let header =
    "| file | buffers | lower bound | capacity | greedy / bound | arena | verdict | nodes | "
    + "Msteps | seconds |\n|---|--:|--:|--:|--:|--:|---|--:|--:|--:|"

  private static func fail(_ message: String, status: Int32) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(status)
  }
}

/// What the planner made of one problem.
struct Outcome {
  let bound: Int
  let greedy: Int
  let placement: ArenaPlacement
  let fault: String?
  let duration: Duration
  let isSolved: Bool

  init(of problem: ChallengeProblem) {
    bound = ArenaPlacement.lowerBound(of: problem.buffers)
    greedy = ArenaPlacement.greedy(problem.buffers, goal: problem.capacity).bytes
    let clock = ContinuousClock()
    let start = clock.now
    placement = ArenaPlacement.place(problem.buffers, capacity: problem.capacity)
    duration = clock.now - start
    fault = problem.fault(in: placement.offsets)
    isSolved = fault == nil && problem.bytes(of: placement.offsets) <= problem.capacity
  }

  private var verdict: String {
    if let fault { return "WRONG: \(fault)" }
    if isSolved { return "solved" }
    return placement.ending == .limit ? "stopped at the limit" : "impossible"
  }

  func row(_ problem: ChallengeProblem) -> String {
    let ratio = String(format: "%.3f", Double(greedy) / Double(max(bound, 1)))
    let seconds = Double(duration / .milliseconds(1)) / 1000
    let cells: [Any] = [
      problem.name, problem.buffers.count, bound, problem.capacity, ratio, placement.bytes,
      verdict, placement.effort.nodes, placement.effort.steps / 1_000_000,
      String(format: "%.2f", seconds),
    ]
    return "| " + cells.map { "\($0)" }.joined(separator: " | ") + " |"
  }
}
