import Foundation
import Pipeline
import Plans
import Runtime

/// Runs a plan again and again: `Soak PLAN COUNT [PICTURE]`. With a picture the plan's model answers a
/// prompt about it, else the plan's first function runs. Every tenth part begins by opening the plan anew.
/// Fails when memory or open files grow after the first tenth.
@main
enum Soak {
  /// What the process holds.
  private struct Holdings: CustomStringConvertible {
    let residentBytes: Int
    let openFiles: Int
    let threads: Int

    init() throws {
      let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(
        separator: " ")
      residentBytes = (Int(pages[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE))
      openFiles = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
      threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    }

    var description: String {
      "\(residentBytes / 1024) KiB resident, \(openFiles) open files, \(threads) threads"
    }
  }

  /// Growth that the allocator and the first use of pages explain.
  private static let tolerance = 2 << 20

  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard 2...3 ~= arguments.count, let count = Int(arguments[1]), count >= 10 else {
      finish("usage: Soak PLAN COUNT [PICTURE], COUNT at least 10", status: 2)
    }
    do {
      let picture = try arguments.dropFirst(2).first.map { try RGBImage.decode(path: $0) }
      try soak(arguments[0], count, picture)
    } catch {
      finish("\(error)", status: 1)
    }
  }

  private static func soak(_ path: String, _ count: Int, _ picture: RGBImage?) throws {
    var first: Holdings?
    for part in 0..<10 {
      let share = count / 10 + (part < count % 10 ? 1 : 0)
      let steps = try picture.map { try answers(path, share, $0) } ?? runs(path, share)
      let holdings = try Holdings()
      print("\(path): \(share) runs of \(steps) steps: \(holdings)")
      guard let first else {
        first = holdings
        continue
      }
      guard holdings.residentBytes <= first.residentBytes + tolerance,
        holdings.openFiles == first.openFiles, holdings.threads == first.threads
      else { finish("\(path): it grows, from \(first) to \(holdings)", status: 1) }
    }
  }

  /// Returns the steps of one run.
  private static func runs(_ path: String, _ count: Int) throws -> Int {
    let executor = try Executor(PlanFile(path: path))
    for _ in 0..<count { try executor.run(0) }
    return executor.file.plan.functions[0].steps.count
  }

  /// Returns the steps of all functions.
  private static func answers(_ path: String, _ count: Int, _ picture: RGBImage) throws -> Int {
    let session = try Session(plan: path)
    for index in 0..<count {
      // Every other picture is another one, so that it is looked at again.
      let pixels = index % 2 == 0 ? picture.pixels : picture.pixels.reversed()
      let shown = RGBImage(width: picture.width, height: picture.height, pixels: pixels)
      _ = try session.answer(
        GenerationRequest(picture: shown, prompt: "caption en", maxNewTokens: 8))
    }
    return session.file.plan.functions.reduce(0) { $0 + $1.steps.count }
  }

  private static func finish(_ message: String, status: Int32) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(status)
  }
}
