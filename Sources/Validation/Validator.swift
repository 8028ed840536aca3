import Compiler
import IR

/// Holds every pass to its class on one module: the reference interpreter runs the module before and
/// after it on seeded inputs. What the plan computes is compared in the end.
public struct Validator {
  public struct Settings: Sendable {
    public var passes = PassManager.pipeline
    public var context = PassContext()
    /// Applies only so many rewrites; nil for all.
    public var stopAfter: Int?
    /// Threads that execute the plan.
    public var threads = 2
    /// Multiply-adds of one evaluation of all functions up to which symbols grow.
    public var workLimit = 100_000_000
    /// Called often; may throw to give up.
    public var checkpoint: @Sendable () throws -> Void = {}

    public init() {}

    /// Whether the passes end in something that can be executed.
    fileprivate var makesPlans: Bool {
      passes.last?.name == "plan_memory" && passes.contains { $0.name == "select_kernels" }
    }
  }

  /// What one pass was found to do.
  public struct Finding: Sendable {
    /// The pass, or `plan` for the executed plan.
    public let name: String
    /// The class it was held to.
    public let exactness: Pass.Exactness
    public let rewrites: Int
    /// The largest difference of a result, and what was allowed: in units of the largest number of
    /// that result, or of 1 where that is more.
    public let error: Double
    public let tolerance: Double
    /// How far weights were moved, in words.
    public let remark: String?
  }

  public let module: Module
  public let settings: Settings
  /// Values of the symbols at which everything runs.
  public let sizes: [[String: Int]]
  let source: SeededValues.Source

  /// - Parameter source: the value of a weight or persistent buffer; those it has none for get
  ///   numbers made from their names.
  /// - Throws: `ValidationError` when the module is too large to be interpreted.
  public init(
    _ module: Module, settings: Settings = Settings(),
    source: @escaping @Sendable (ModuleTensor) throws -> HostTensor? = { _ in nil }
  ) throws {
    self.module = module
    self.settings = settings
    self.source = source
    sizes = try module.affordableSizes(workLimit: settings.workLimit)
  }

  /// Runs all passes and the plan, and tells of each.
  ///
  /// - Throws: `Miscompilation` for the first that does not keep its promise.
  public func run(_ report: (Finding) throws -> Void = { _ in }) throws {
    var stage = Stage(module: module, context: settings.context)
    stage.context.rewriteLimit = settings.stopAfter
    try settings.checkpoint()
    var reference = try ReferenceCalls(module, at: sizes, source: source)
    for pass in settings.passes where !stage.context.isExhausted {
      try settings.checkpoint()
      let (after, finding) = try check(pass, stage, &reference)
      stage = after
      try report(finding)
    }
    guard settings.stopAfter == nil, settings.makesPlans else { return }
    try settings.checkpoint()
    try report(try checkPlan(stage, reference))
  }

  /// A module on its way through the passes.
  struct Stage {
    var module: Module
    var context: PassContext
  }
}

// MARK: One pass

extension Validator {
  /// Runs a pass and compares; expects from then on what the module after it returns.
  func check(
    _ pass: Pass, _ before: Stage, _ reference: inout ReferenceCalls
  ) throws -> (Stage, Finding) {
    var after = before
    let report: PassReport
    do { report = try apply(pass, to: &after) } catch let error as PassError {
      throw miscompilation(by: pass, error, before)
    }
    guard report.rewriteCount > 0 else {
      return (after, Finding(pass, report, error: 0, remark: nil))
    }
    let comparison = try PassComparison(reference, before, after)
    if let problem = try comparison.excess(allowed: report.exactness) {
      throw miscompilation(by: pass, report.exactness, before, moving: problem)
    }
    if let first = comparison.firstDifference(tolerance: report.exactness.tolerance) {
      throw try miscompilation(
        by: pass, report.exactness, before, after, comparison.expected, first)
    }
    reference.expect(comparison.found)
    return (
      after,
      Finding(pass, report, error: comparison.largestDifference, remark: comparison.remark)
    )
  }

  /// Runs one pass, with the verifier behind it where it did something.
  @discardableResult
  func apply(_ pass: Pass, to stage: inout Stage) throws -> PassReport {
    let report = try PassManager(passes: [pass]).run(&stage.module, context: &stage.context)[0]
    if report.rewriteCount > 0, let broken = Verifier.diagnostics(of: stage.module).first {
      throw PassError(
        pass: pass.name, rule: nil, subject: broken.subject,
        reason: "the pass broke the module: \(broken.message)")
    }
    return report
  }
}

// MARK: The plan

extension Validator {
  /// Compiles once more, to a plan, and executes it. Kernels compute in f32, and with int8 or int4
  /// weights round what they multiply by them.
  private func checkPlan(_ last: Stage, _ reference: ReferenceCalls) throws -> Finding {
    var reference = reference
    if last.module.hasRoundingPackings {
      let (unpacked, values) = try last.module.unpacked(reference.seeded.weight)
      let weights = last.context.interpreterSource(weights: reference.seeded.weight)
      try reference.expect(unpacked) { try values[$0.name] ?? weights($0) }
    }
    let tolerance = Self.planTolerance(settings.context.dtype)
    let outcome = planOutcome(of: module, passes: settings.passes, source)
    if let fault = try fault(of: outcome, last, reference, tolerance) { throw fault }
    return Finding(
      name: "plan", exactness: .reassociating, rewrites: 0,
      error: reference.largestDifference(to: try outcome.get()), tolerance: tolerance, remark: nil)
  }

  /// What the plan that these passes make returns, or why it does not run.
  func planOutcome(
    of module: Module, passes: [Pass], _ source: @escaping SeededValues.Source
  ) -> Result<[[[HostTensor]]], any Error> {
    Result {
      var setup = PlanSetup(passes: passes, threads: settings.threads)
      setup.context = settings.context
      setup.verifiesBetween = false
      let calls = try ReferenceCalls(
        module, at: module.symbolsOnly(sizes), source: source, evaluates: false)
      return try PlanDifferential(reference: calls, setup: setup).results()
    }
  }

  /// Products with int8 and int4 weights round what they multiply by them to 8 bits.
  static func planTolerance(_ dtype: PassContext.DType) -> Double {
    switch dtype {
    case .auto, .f32, .bf16: 1e-4
    case .int8, .int4: 0x1p-3
    }
  }
}

extension Validator.Finding {
  fileprivate init(_ pass: Pass, _ report: PassReport, error: Double, remark: String?) {
    self.init(
      name: pass.name, exactness: report.exactness, rewrites: report.rewriteCount, error: error,
      tolerance: report.exactness.tolerance, remark: remark)
  }
}

extension Validator.Finding: CustomStringConvertible {
  /// One line for people.
  public var description: String {
    let verdict =
      rewrites == 0 && name != "plan"
      ? "nothing to do"
      : error == 0 ? "equal" : "off by \(error.inShort) of \(tolerance.inShort)"
    let count = name == "plan" ? "" : "\(rewrites) rewrite\(rewrites == 1 ? "" : "s")"
    let line =
      "  \(name.filled(to: 22))\(exactness.rawValue.filled(to: 15))\(count.filled(to: 15))\(verdict)"
    return line + (remark.map { "; \($0)" } ?? "")
  }
}

extension Pass.Exactness {
  /// How far a result may move, in units of its largest number. Folded tables are rounded to f32.
  /// Approximating passes round weights only, which is held to its own bound; given the rounded
  /// weights, they must compute the same.
  public var tolerance: Double {
    switch self {
    case .exact: 0
    case .reassociating, .approximating: 1e-5
    }
  }
}

extension Double {
  /// Two digits: `3.4e-07`.
  fileprivate var inShort: String {
    guard self > 0, isFinite else { return "\(self)" }
    let power = logBase10
    let scaled = self / power.1
    return "\((scaled * 10).rounded() / 10)e\(power.0)"
  }

  /// The exponent of the first decimal digit, and its power of ten.
  private var logBase10: (Int, Double) {
    var (exponent, power) = (0, 1.0)
    while self < power { (exponent, power) = (exponent - 1, power / 10) }
    while self >= power * 10 { (exponent, power) = (exponent + 1, power * 10) }
    return (exponent, power)
  }
}

extension String {
  fileprivate func filled(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(1, width - count))
  }
}
