import JSON
import Plans

extension StepProfile {
  /// The category of a slice that is a whole call of a function; those of steps have their kernel.
  public static let callCategory = "call"

  /// The trace format that Perfetto and chrome://tracing open, times in microseconds from the first
  /// step. Metadata name the process and its one track. Each call of a function is a slice around
  /// those of its steps. A slice says its arithmetic (`flops`), the bytes it touches and the least time
  /// that the machine's limits allow (`limit_us`); that of a call, the sums.
  ///
  /// - Parameter callName: what the call of a function is called, the calls of that function counted
  ///   from 1.
  public func trace(
    _ limits: MachineLimits,
    callName: (_ function: String, _ count: Int) -> String = { function, _ in "@\(function)" }
  ) throws -> JSON {
    let measured = try measurements(limits)
    var counts: [Int: Int] = [:]
    var events = metadata
    var rest = measured[...]
    while let first = rest.first {
      let steps = rest.prefix { $0.event.call == first.event.call }
      rest = rest.dropFirst(steps.count)
      counts[first.event.function, default: 0] += 1
      let name = callName(
        plan.functions[first.event.function].name, counts[first.event.function] ?? 0)
      events.append(callSlice(name, steps))
      events += steps.map(stepSlice)
    }
    return [
      "traceEvents": .array(events), "displayTimeUnit": "ms",
      "otherData": [
        "read_bytes_per_s": .number(limits.readBandwidth), "f32_flops": .number(limits.f32),
        "bf16_flops": .number(limits.bf16), "int8_ops": .number(limits.int8),
      ],
    ]
  }

  private var metadata: [JSON] {
    [("process_name", "paligraph @\(plan.name)"), ("thread_name", "steps")].map { kind, name in
      ["name": .string(kind), "ph": "M", "pid": 1, "tid": 1, "args": ["name": .string(name)]]
    }
  }

  private func callSlice(_ name: String, _ steps: ArraySlice<Measurement>) -> JSON {
    let (first, last) = (steps[steps.startIndex].event, steps[steps.endIndex - 1].event)
    let arguments: JSON = [
      "function": .string(plan.functions[first.function].name),
      "flops": .integer(steps.reduce(0) { $0 + $1.work.operations }),
      "bytes": .integer(steps.reduce(0) { $0 + $1.bytes }),
      "limit_us": .number(steps.reduce(0) { $0 + $1.limit } * 1e6),
    ]
    return slice(name, Self.callCategory, first.start, last.end, arguments)
  }

  private func stepSlice(_ measured: Measurement) -> JSON {
    let (function, step, kernel) = describe(measured.event)
    let arguments: JSON = [
      "function": .string(function), "kernel": .string(kernel),
      "flops": .integer(measured.work.operations), "bytes": .integer(measured.bytes),
      "limit_us": .number(measured.limit * 1e6),
    ]
    return slice(step, kernel, measured.event.start, measured.event.end, arguments)
  }

  /// A complete event.
  private func slice(
    _ name: String, _ category: String, _ start: UInt64, _ end: UInt64, _ arguments: JSON
  ) -> JSON {
    let origin = events.first?.start ?? 0
    return [
      "name": .string(name), "cat": .string(category), "ph": "X", "pid": 1, "tid": 1,
      "ts": .number(Double(start - origin) / 1e3), "dur": .number(Double(end - start) / 1e3),
      "args": arguments,
    ]
  }
}
