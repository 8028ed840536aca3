import Inputs

/// A pass that could not do its work: which one, where, and why.
public struct PassError: Error, Sendable, CustomStringConvertible {
  public let pass: String
  /// The rewrite rule at work, when there was one.
  public let rule: String?
  /// The operation at hand, such as `@main, %out = add`; nil when the failure is not tied to one.
  public let subject: String?
  public let reason: String

  public init(pass: String, rule: String?, subject: String?, reason: String) {
    (self.pass, self.rule, self.subject, self.reason) = (pass, rule, subject, reason)
  }

  public var description: String {
    let name = rule.map { "\(pass) (\($0))" } ?? pass
    return "pass \(name): \(subject.map { "\($0): " } ?? "")\(reason)".printable
  }
}

/// What went wrong inside a pass; the manager adds the pass's name.
struct RewriteFailure: Error {
  let rule: String?
  let subject: String
  let reason: String
}
