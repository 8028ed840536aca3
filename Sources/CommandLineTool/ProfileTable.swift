import Plans
import Runtime

/// What `run --stats` says about the steps of a run: a row for each kernel, and the slowest steps.
struct ProfileTable {
  /// Several runs taken together.
  private struct Row {
    let name: String
    var calls = 0
    var seconds = 0.0
    var operations = 0.0
    var bytes = 0.0
    var limit = 0.0

    init(_ name: String) { self.name = name }

    mutating func add(_ measured: StepProfile.Measurement) {
      calls += 1
      seconds += measured.seconds
      operations += Double(measured.work.operations)
      bytes += Double(measured.bytes)
      limit += measured.limit
    }

    func cells(of total: Double) -> [String] {
      func rate(_ amount: Double) -> String {
        seconds > 0 && amount > 0 ? (amount / seconds * 1e-9).formatted(decimals: 1) : "-"
      }
      func percent(_ part: Double, _ whole: Double) -> String {
        whole > 0 && part > 0 ? (part / whole * 100).formatted(decimals: 1) : "-"
      }
      return [
        name, String(calls), (seconds * 1e3).formatted(decimals: 3), percent(seconds, total),
        rate(operations), rate(bytes), percent(limit, seconds),
      ]
    }
  }

  static let slowestCount = 10

  private let kernels: [Row]
  private let slowest: [Row]
  private let total: Double

  init(_ profile: StepProfile, _ limits: MachineLimits) throws {
    var byKernel: [String: Row] = [:]
    var byStep: [String: Row] = [:]
    for measured in try profile.measurements(limits) {
      let (function, step, kernel) = profile.describe(measured.event)
      byKernel[kernel, default: Row(kernel)].add(measured)
      let name = "@\(function) %\(step)"
      byStep[name, default: Row(name)].add(measured)
    }
    kernels = Self.slowestFirst(byKernel)
    slowest = Array(Self.slowestFirst(byStep).prefix(Self.slowestCount))
    total = kernels.reduce(0) { $0 + $1.seconds }
  }

  private static func slowestFirst(_ rows: [String: Row]) -> [Row] {
    rows.values.sorted { $0.seconds == $1.seconds ? $0.name < $1.name : $0.seconds > $1.seconds }
  }

  /// - Parameter width: the columns that there are.
  func lines(width: Int) -> [String] {
    let titles = ["calls", "ms", "% time", "GFLOPS", "GB/s", "% limit"]
    let tables = [(["kernel"], kernels), (["slowest steps"], slowest)].map { title, rows in
      TextTable([title + titles] + rows.map { $0.cells(of: total) }, .left, .right)
    }
    return tables.flatMap { $0.lines(width: width) }
  }
}
