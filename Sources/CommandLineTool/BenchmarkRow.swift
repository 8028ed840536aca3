import Inputs
import JSON
import PaliGraph
import Plans
import Runtime
import Tensors

/// One function: its time, and which share of the machine's limit it reaches.
struct BenchmarkRow {
  /// A kernel's steps in one call of a function.
  struct Kernel {
    let name: String
    let seconds: Double
    let work: PlanWork

    var json: JSON.Member {
      JSON.Member(
        name,
        [
          "seconds": .number(seconds), "operations": .integer(work.operations),
          "bytes": .integer(work.bytes),
        ])
    }
  }

  let name: String
  let seconds: Double
  let work: PlanWork
  let limits: MachineLimits
  /// Multiplications and additions in a second that the weights' type allows.
  let peak: Double
  /// Slowest first; empty unless they were asked for.
  let kernels: [Kernel]

  var operationsPerSecond: Double { Double(work.operations) / seconds }
  var bytesPerSecond: Double { Double(work.bytes) / seconds }
  /// The time that the machine needs at least for the arithmetic or for reading weights and states,
  /// whichever is more, as a share of the time taken.
  var shareOfLimit: Double {
    max(Double(work.operations) / peak, Double(work.bytes) / limits.readBandwidth) / seconds
  }

  /// A line for the function and one for each kernel.
  var lines: [String] {
    let title = name.printable
    let padding = String(repeating: " ", count: max(9 - title.count, 1))
    return [
      "\(title)\(padding)"
        + "\((seconds * 1e3).formatted(decimals: 1)) ms, \(giga(operationsPerSecond)) GFLOPS, "
        + "\(giga(bytesPerSecond)) GB/s, "
        + "\((shareOfLimit * 100).formatted(decimals: 0)) % of the machine's limit"
    ]
      + kernels.map { kernel in
        "  \(kernel.name.printable) \((kernel.seconds * 1e3).formatted(decimals: 3)) ms, "
          + "\(giga(Double(kernel.work.operations) / kernel.seconds)) GFLOPS, "
          + "\(giga(Double(kernel.work.bytes) / kernel.seconds)) GB/s"
      }
  }
}

extension MachineLimits {
  /// The arithmetic that most of the weights' bytes are multiplied with.
  func peak(of plan: Plan) -> Double {
    var bytes = [0, 0, 0]
    for tensor in plan.tensors {
      let kind = tensor.packing?.rounds == true ? 2 : tensor.element == .bf16 ? 1 : 0
      bytes[kind] += tensor.byteCount
    }
    let most = bytes.indices.max { bytes[$0] < bytes[$1] } ?? 0
    return [f32, bf16, int8][most]
  }

  var json: JSON {
    [
      "read_bytes_per_s": .number(readBandwidth), "f32_flops": .number(f32),
      "bf16_flops": .number(bf16), "int8_ops": .number(int8),
    ]
  }

  var line: String {
    "limits   reads \(giga(readBandwidth)) GB/s, f32 \(giga(f32)), bf16 "
      + "\(giga(bf16)), int8 \(giga(int8)) GFLOPS; a step is handed out in "
      + "\((dispatch * 1e6).formatted(decimals: 1)) µs"
  }
}

private func giga(_ value: Double) -> String { (value * 1e-9).formatted(decimals: 1) }
