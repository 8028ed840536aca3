/// What became of a module's operations in one pass, by the names of their results.
///
/// Beside the graph and not in it: equal graphs stay equal whatever made them. Operations that a pass
/// did not make have no entry, even if they read something else now.
public struct PassProvenance: Sendable, Equatable {
  public struct Function: Sendable, Equatable {
    public let name: String
    /// The operations that the pass made. One may have the name of an operation that it replaced.
    public let made: [String: Derivation]
    /// The operations that are gone and whose name no new one has.
    public let removed: [String: Removal]
  }

  public struct Removal: Sendable, Equatable {
    public let rule: String
    /// What readers read instead; nil where the operation had no reader left.
    public let replacement: String?
  }

  /// The functions that the pass rewrote by rules.
  public internal(set) var functions: [Function] = []

  public init() {}
}

/// How a pass came to an operation.
public struct Derivation: Sendable, Equatable {
  /// The rules that led to it, in the order of their first use.
  public private(set) var rules: [String]
  /// The operations, before the pass, that these rules took in.
  public private(set) var sources: [String]

  public init(rules: [String], sources: [String]) {
    self.rules = rules
    self.sources = sources
  }

  mutating func add(rules more: [String]) {
    for rule in more where !rules.contains(rule) { rules.append(rule) }
  }

  mutating func add(sources more: [String]) {
    let known = Set(sources)
    sources += more.filter { !known.contains($0) }
  }
}
