import Plans

/// When each step ran, in the order of execution.
public struct StepProfile: Sendable {
  public struct Event: Sendable {
    public let function: Int
    public let step: Int
    /// Which call of a function it belongs to, all functions counted together.
    public let call: Int
    /// Nanoseconds of the monotonic clock.
    public let start: UInt64
    public let end: UInt64
  }

  let plan: Plan
  public let events: [Event]
  /// The values of the plan's symbols in each call.
  let calls: [[Int]]

  init(plan: Plan, events: [Event], calls: [[Int]]) {
    self.plan = plan
    self.events = events
    self.calls = calls
  }

  /// Seconds and calls by kernel, slowest first, of one function or of all.
  public func totals(
    ofFunction function: Int? = nil
  ) -> [(kernel: String, calls: Int, seconds: Double)] {
    var totals: [String: (calls: Int, seconds: Double)] = [:]
    for event in events where function == nil || event.function == function {
      let kernel = plan.functions[event.function].steps[event.step].kernel
      totals[kernel, default: (0, 0)].calls += 1
      totals[kernel, default: (0, 0)].seconds += Double(event.end - event.start) * 1e-9
    }
    return totals.map { ($0.key, $0.value.calls, $0.value.seconds) }
      .sorted { $0.2 == $1.2 ? $0.0 < $1.0 : $0.2 > $1.2 }
  }

  /// Name, kernel and function of an event's step.
  public func describe(_ event: Event) -> (function: String, step: String, kernel: String) {
    let function = plan.functions[event.function]
    return (function.name, function.steps[event.step].name, function.steps[event.step].kernel)
  }
}
