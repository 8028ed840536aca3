import JSON

/// What a trace of `run --profile` says about each step: all its calls together. Slices around whole
/// calls, which have the category `call`, only group those of their steps.
public struct TraceProfile: Sendable {
  struct Step: Sendable {
    var calls = 0
    var seconds = 0.0
    /// Multiplications and additions, and bytes of operands and results.
    var operations = 0.0
    var bytes = 0.0
    /// The least that the machine's limits allow for this work.
    var limitSeconds = 0.0
  }

  /// By function and name of the step.
  private(set) var steps: [String: [String: Step]] = [:]

  /// Throws `JSONError` for a file that is no such trace.
  public init(_ trace: JSONField) throws(JSONError) {
    for event in try trace.member("traceEvents").elements() {
      guard try event.member("ph").string() == "X",
        try event.member("cat").present?.string() != "call"
      else { continue }
      let arguments = try event.member("args")
      let function = try arguments.member("function").string()
      let name = try event.member("name").string()
      var step = steps[function]?[name] ?? Step()
      step.calls += 1
      step.seconds += try event.member("dur").double() * 1e-6
      step.operations += try arguments.member("flops").double()
      step.bytes += try arguments.member("bytes").double()
      step.limitSeconds += try arguments.member("limit_us").double() * 1e-6
      steps[function, default: [:]][name] = step
    }
  }
}
