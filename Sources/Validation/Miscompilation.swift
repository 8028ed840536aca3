import Compiler
import IR

/// A pass that does not keep its promise: which one, by which rewrite, and where it shows.
public struct Miscompilation: Error, Sendable {
  /// The pass, or `plan` when only what the plan computes is wrong.
  public let pass: String
  public let exactness: Pass.Exactness
  /// The single rewrite without which results are right; nil when it is none.
  public internal(set) var rewrite: PassContext.Rewrite?
  /// The function that returns something wrong, and the first of its values that is.
  public let function: String?
  public let value: String?
  /// The symbols at which it shows.
  public let sizes: [String: Int]
  public let problem: String
  /// A small module on which the pass fails likewise; nil when none was found.
  public internal(set) var reproducer: Module?

  init(
    pass: Pass, _ exactness: Pass.Exactness, _ problem: String, function: String? = nil,
    value: String? = nil, sizes: [String: Int] = [:]
  ) {
    self.init(
      pass: pass.name, exactness, problem, function: function, value: value, sizes: sizes)
  }

  init(
    pass: String, _ exactness: Pass.Exactness, _ problem: String, function: String? = nil,
    value: String? = nil, sizes: [String: Int] = [:]
  ) {
    (self.pass, self.exactness, self.problem) = (pass, exactness, problem)
    (self.function, self.value, self.sizes) = (function, value, sizes)
  }

  /// Operations of the reproducer.
  public var reproducerSize: Int {
    reproducer?.functions.reduce(0) { $0 + $1.operations.count } ?? 0
  }

  /// The reproducer as a text that says what it is for.
  public var reproducerText: String? {
    reproducer.map { "// pass: \(pass)\n// \(description)\n\($0)" }
  }
}

extension Miscompilation: CustomStringConvertible {
  public var description: String {
    let author =
      pass == "plan" ? "the plan" : "pass \(pass)\(rewrite.map { " (\($0.rule))" } ?? "")"
    let place = [function.map { "@\($0)" }, value.map { "%\($0)" }].compactMap { $0 }
    let bindings = sizes.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
    let symbols = bindings.isEmpty ? "" : " at \(bindings.joined(separator: ", "))"
    let number = rewrite.map { "; rewrite \($0.number), \($0.subject)" } ?? ""
    let subject = place.isEmpty ? "" : "\(place.joined(separator: ", "))\(symbols): "
    return "\(author) is not \(exactness.rawValue): \(subject)\(problem)\(number)"
  }
}
