import IR

/// One transformation of a module, under the name that users know it by.
///
/// A pass keeps the module valid and its meaning the same, up to what its `exactness` allows.
public struct Pass: Sendable {
  /// How far results may move from those of the module before the pass.
  public enum Exactness: String, Sendable, Comparable, CaseIterable {
    /// Equal values; only the sign of a zero may change.
    case exact
    /// The same real number, rounded in another order or fewer times.
    case reassociating
    /// Another number within a bound that the pass states, such as rounding weights to bf16.
    case approximating

    /// In the order of the cases.
    public static func < (a: Self, b: Self) -> Bool { allCases.prefix { $0 != b }.contains(a) }
  }

  /// One kind of change that a pass makes.
  public struct Rewrite: Sendable {
    /// As reports count it.
    public let name: String
    /// What becomes of what, and when: `transpose(transpose(x)) => transpose(x)`.
    public let law: String

    init(_ name: String, _ law: String) {
      self.name = name
      self.law = law
    }
  }

  public let name: String
  /// One sentence: what it does to the graph.
  public let summary: String
  public let exactness: Exactness
  public let rewrites: [Rewrite]
  /// The rules that it applies, for passes that are made of rules.
  let rules: [RewriteRule]
  let transform: @Sendable (inout Module, inout PassContext) throws -> Void

  init(
    _ name: String, _ exactness: Exactness, _ summary: String, rewrites: [Rewrite],
    rules: [RewriteRule] = [],
    transform: @escaping @Sendable (inout Module, inout PassContext) throws -> Void
  ) {
    self.name = name
    self.exactness = exactness
    self.summary = summary
    self.rewrites = rewrites
    self.rules = rules
    self.transform = transform
  }

  /// A pass that applies rewrite rules to every function until none fits.
  init(_ name: String, _ exactness: Exactness, _ summary: String, rules: [RewriteRule]) {
    let rewrites = rules.map { Rewrite($0.name, $0.law) }
    self.init(name, exactness, summary, rewrites: rewrites, rules: rules) { module, context in
      try RewriteRule.apply(rules, to: &module, &context)
    }
  }
}
