import Foundation
import Runtime

/// Times every kernel on some megabytes and prints how much it reads and writes in a second:
/// `KernelBenchmark [WORD…]` for the cases whose names contain a word.
@main
enum KernelBenchmark {
  static func main() {
    do {
      let words = CommandLine.arguments.dropFirst()
      let cases = KernelCase.all.filter { one in
        words.isEmpty || one.kernel == "exp" || words.contains { one.name.contains($0) }
      }
      print(header)
      var slow = 0
      guard let exp = cases.first(where: { $0.kernel == "exp" }) else { return }
      let reference = try Timing(exp, threads: 1).bytesPerSecond
      for one in cases {
        let (alone, pair) = (try Timing(one, threads: 1), try Timing(one, threads: 2))
        let share = alone.bytesPerSecond / reference
        if share < one.least.share { slow += 1 }
        print(row(one, alone, pair, share))
        fflush(nil)
      }
      print("\n\(slow) of \(cases.count) slower than they should be")
      guard words.isEmpty else { return }
      let missing = Executor.kernelNames.filter { name in
        !KernelCase.isLeftOut(name) && !cases.contains { $0.kernel == name }
      }
      if !missing.isEmpty { print("no case for \(missing.joined(separator: ", "))") }
      if slow > 0 || !missing.isEmpty { exit(1) }
    } catch {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      exit(2)
    }
  }

  private static let header =
    "| kernel | MB | GB/s, 1 thread | of exp | GB/s, 2 threads | |\n|---|--:|--:|--:|--:|---|"

  private static func row(
    _ one: KernelCase, _ alone: Timing, _ pair: Timing, _ share: Double
  ) -> String {
    let numbers = [
      String(format: "%.1f", Double(alone.bytes) * 1e-6),
      String(format: "%.2f", alone.bytesPerSecond * 1e-9), String(format: "%.2f", share),
      String(format: "%.2f", pair.bytesPerSecond * 1e-9),
    ]
    let mark = share < one.least.share ? "slow" : share < 0.1 ? one.least.reason : ""
    return "| \(one.name) | \(numbers.joined(separator: " | ")) | \(mark) |"
  }
}
