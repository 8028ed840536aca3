import JSON
import Plans

extension StepProfile {
  /// The trace format that Perfetto and chrome://tracing open: one complete event for each step, times in
  /// microseconds from the first one, with its arithmetic (`flops`), the bytes it touches and the least
  /// time that the machine's limits allow (`limit_us`).
  public func trace(_ limits: MachineLimits) throws -> JSON {
    let origin = events.first?.start ?? 0
    let rows = try measurements(limits).map { measured -> JSON in
      let event = measured.event
      let (function, step, kernel) = describe(event)
      return [
        "name": .string(step), "cat": .string(kernel), "ph": "X", "pid": 1, "tid": 1,
        "ts": .number(Double(event.start - origin) / 1e3),
        "dur": .number(Double(event.end - event.start) / 1e3),
        "args": [
          "function": .string(function), "kernel": .string(kernel),
          "flops": .integer(measured.work.operations), "bytes": .integer(measured.bytes),
          "limit_us": .number(measured.limit * 1e6),
        ],
      ]
    }
    return [
      "traceEvents": .array(rows), "displayTimeUnit": "ms",
      "otherData": [
        "read_bytes_per_s": .number(limits.readBandwidth), "f32_flops": .number(limits.f32),
        "bf16_flops": .number(limits.bf16), "int8_ops": .number(limits.int8),
      ],
    ]
  }
}
