import IR

/// Runs passes over a module, in order, and reports on each.
public struct PassManager {
  public struct Options {
    /// Runs the verifier after every pass.
    public var verifiesBetween = false
    /// Called after every pass with its position in the run, counted from 1.
    public var afterPass: ((_ position: Int, PassReport, Module) throws -> Void)?

    public init(
      verifiesBetween: Bool = false,
      afterPass: ((_ position: Int, PassReport, Module) throws -> Void)? = nil
    ) {
      self.verifiesBetween = verifiesBetween
      self.afterPass = afterPass
    }
  }

  public let passes: [Pass]
  public var options: Options

  /// The whole pipeline, or other passes.
  public init(passes: [Pass] = Self.pipeline, options: Options = Options()) {
    self.passes = passes
    self.options = options
  }

  /// The named passes, in the given order. Throws `UnknownPass`.
  public init(named names: [String], options: Options = Options()) throws {
    self.init(passes: try names.map(Self.pass(named:)), options: options)
  }

  /// Runs all passes, or as many as `context.rewriteLimit` leaves work for.
  ///
  /// Throws `PassError`; the module is then in the state before the failing pass.
  @discardableResult
  public func run(_ module: inout Module, context: inout PassContext) throws -> [PassReport] {
    var reports: [PassReport] = []
    for (index, pass) in passes.enumerated() where !context.isExhausted {
      let report = try run(pass, &module, &context)
      reports.append(report)
      try options.afterPass?(index + 1, report, module)
    }
    return reports
  }

  private func run(
    _ pass: Pass, _ module: inout Module, _ context: inout PassContext
  ) throws -> PassReport {
    var result = module
    context.begin(pass)
    let clock = ContinuousClock()
    let duration = try clock.measure {
      do { try pass.transform(&result, &context) } catch let failure as RewriteFailure {
        throw PassError(
          pass: pass.name, rule: failure.rule, subject: failure.subject, reason: failure.reason)
      } catch {
        throw PassError(pass: pass.name, rule: nil, subject: nil, reason: "\(error)")
      }
    }
    if options.verifiesBetween, let broken = Verifier.diagnostics(of: result).first {
      throw PassError(
        pass: pass.name, rule: nil, subject: broken.subject,
        reason: "the pass broke the module: \(broken.message)")
    }
    let report = PassReport(
      pass: pass.name, exactness: context.exactness ?? pass.exactness, duration: duration,
      rewrites: context.counts, remark: context.remark, provenance: context.provenance,
      before: PassReport.Size(module), after: PassReport.Size(result))
    module = result
    return report
  }
}

/// A name that no pass has.
public struct UnknownPass: Error, Sendable, CustomStringConvertible {
  public let name: String

  public var description: String {
    let known = PassManager.all.map(\.name).joined(separator: ", ")
    return "there is no pass '\(name)'; the passes are \(known)"
  }
}
