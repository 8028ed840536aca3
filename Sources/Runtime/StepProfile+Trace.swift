import JSON

extension StepProfile {
  /// The trace format that Perfetto and chrome://tracing open: one complete event for each step, times in
  /// microseconds from the first one.
  public var trace: JSON {
    let origin = events.first?.start ?? 0
    let rows = events.map { event -> JSON in
      let (function, step, kernel) = describe(event)
      return [
        "name": .string(step), "cat": .string(kernel), "ph": "X", "pid": 1, "tid": 1,
        "ts": .number(Double(event.start - origin) / 1e3),
        "dur": .number(Double(event.end - event.start) / 1e3),
        "args": ["function": .string(function), "kernel": .string(kernel)],
      ]
    }
    return ["traceEvents": .array(rows), "displayTimeUnit": "ms"]
  }
}
