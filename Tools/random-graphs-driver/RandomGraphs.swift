import Foundation
import Synchronization
import Validation

/// Checks random graphs on all processors: `RandomGraphs COUNT [SEED]`. Prints each that is wrong, with a
/// small graph that shows it, and totals now and then.
@main
enum RandomGraphs {
  private struct Totals {
    var right = 0
    var skipped = 0
    var wrong = 0
    var next: Int
  }

  static func main() {
    let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    guard let count = numbers.first, count > 0, numbers.count == CommandLine.arguments.count - 1,
      numbers.count <= 2
    else {
      FileHandle.standardError.write(Data("usage: RandomGraphs COUNT [SEED]\n".utf8))
      exit(2)
    }
    let first = numbers.dropFirst().first ?? 0
    let totals = Mutex(Totals(next: first))
    let start = Date()
    DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) { _ in
      while let seed = next(totals, end: first + count) { check(seed, totals, since: start) }
    }
    tell(summary(totals, since: start))
    exit(totals.withLock { $0.wrong } == 0 ? 0 : 1)
  }

  private static func tell(_ text: String) {
    FileHandle.standardOutput.write(Data("\(text)\n".utf8))
  }

  private static func next(_ totals: borrowing Mutex<Totals>, end: Int) -> Int? {
    totals.withLock { totals in
      guard totals.next < end else { return nil }
      totals.next += 1
      return totals.next - 1
    }
  }

  private static func check(_ seed: Int, _ totals: borrowing Mutex<Totals>, since start: Date) {
    let outcome = Result { try RandomCheck.outcome(ofSeed: seed) }
    let checked = totals.withLock { totals in
      switch outcome {
      case .success(.right): totals.right += 1
      case .success(.skipped): totals.skipped += 1
      case .success(.wrong(let problem)):
        totals.wrong += 1
        tell(problem)
      case .failure(let error):
        totals.wrong += 1
        tell("seed \(seed): \(error)")
      }
      return totals.right + totals.skipped + totals.wrong
    }
    if checked.isMultiple(of: 10_000) { tell(summary(totals, since: start)) }
  }

  private static func summary(_ totals: borrowing Mutex<Totals>, since start: Date) -> String {
    let seconds = Date().timeIntervalSince(start)
    return totals.withLock { totals in
      let checked = totals.right + totals.skipped + totals.wrong
      return "\(checked) graphs: \(totals.right) right, \(totals.wrong) wrong, "
        + "\(totals.skipped) skipped; \(Int(seconds)) s, \(Int(Double(checked) / seconds)) each second"
    }
  }
}
