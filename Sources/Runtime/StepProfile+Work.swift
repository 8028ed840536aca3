import Plans

extension StepProfile {
  /// One run of a step: its work at the sizes of the call, and the time it took.
  public struct Measurement: Sendable {
    public let event: Event
    public let work: PlanWork
    /// The least seconds in which this machine could do the work; 0 when nothing is counted.
    public let limit: Double

    public var seconds: Double { Double(event.end - event.start) * 1e-9 }
    /// Bytes of tensors, states, operands and the result.
    public var bytes: Int { work.allBytes }
  }

  /// All events with their work, held against the limits of the machine.
  ///
  /// The limit of a step is the time for its arithmetic at the peak of its weights' type, or for
  /// reading its tensors and states from memory, whichever is more. What lies in the arena may be in
  /// a cache and does not count for it.
  public func measurements(_ limits: MachineLimits) throws -> [Measurement] {
    var known: [WorkKey: PlanWork] = [:]
    return try events.map { event in
      let step = plan.functions[event.function].steps[event.step]
      let key = WorkKey(function: event.function, step: event.step, sizes: calls[event.call])
      let work = try known[key] ?? plan.work(of: step, at: sizes(of: event))
      known[key] = work
      let limit = max(
        Double(work.operations) / limits.peak(of: step.kernel),
        Double(work.bytes) / limits.readBandwidth)
      return Measurement(event: event, work: work, limit: limit)
    }
  }

  private func sizes(of event: Event) -> [String: Int] {
    Dictionary(
      zip(plan.symbols.map(\.name), calls[event.call]), uniquingKeysWith: { first, _ in first })
  }

  /// Steps do the same work whenever the symbols have the same values.
  private struct WorkKey: Hashable {
    let function: Int
    let step: Int
    let sizes: [Int]
  }
}

extension MachineLimits {
  /// Multiplications and additions in a second that a kernel could do, by the type of its weights.
  func peak(of kernel: String) -> Double {
    if kernel.contains("int8") || kernel.contains("int4") { return int8 }
    return kernel.contains("bf16") ? bf16 : f32
  }
}
