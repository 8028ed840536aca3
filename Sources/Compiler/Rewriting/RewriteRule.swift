import IR

/// One named rewrite: looks at an operation, the anchor, and proposes a patch for it or nothing.
///
/// The body checks every guard first, then builds the patch; it never changes the graph.
struct RewriteRule: Sendable {
  typealias Body = @Sendable (_ anchor: Operation, _ graph: RewriteGraph) throws -> Patch?

  let name: String
  /// Ops the rule is tried on; all when empty.
  let anchors: Set<String>
  /// What becomes of what, and when: `transpose(transpose(x)) => transpose(x)`.
  let law: String
  let body: Body

  init(_ name: String, on anchors: Set<String>, _ law: String, _ body: @escaping Body) {
    self.name = name
    self.anchors = anchors
    self.law = law
    self.body = body
  }

  /// More sweeps than any graph needs: each rule makes the graph smaller or more regular, and one
  /// sweep carries a change from operands to readers all the way.
  static let sweepLimit = 64

  /// Applies the rules to every function until none fits.
  ///
  /// Within a function the operations are walked in order; the first rule that fits wins. Throws
  /// `RewriteFailure` naming rule and operation.
  static func apply(
    _ rules: [RewriteRule], to module: inout Module, _ context: inout PassContext
  ) throws {
    for index in module.functions.indices {
      var graph = RewriteGraph(module, function: index)
      for sweep in 1...sweepLimit {
        guard try graph.sweep(rules, &context) else { break }
        if sweep == sweepLimit {
          throw RewriteFailure(
            rule: nil, subject: "@\(module.functions[index].name)",
            reason: "the rewrites do not settle after \(sweepLimit) sweeps")
        }
      }
      module = context.finish(graph)
    }
  }
}

extension RewriteGraph {
  /// One walk over the function that commits the first patch found for each operation.
  mutating func sweep(_ rules: [RewriteRule], _ context: inout PassContext) throws -> Bool {
    try sweep { operation, graph in
      for rule in rules where rule.anchors.isEmpty || rule.anchors.contains(operation.op) {
        do {
          if let patch = try rule.body(operation, graph) { return (rule.name, patch) }
        } catch {
          throw RewriteFailure(
            rule: rule.name, subject: graph.subject(operation), reason: "\(error)")
        }
      }
      return nil
    } accept: { rule, subject in
      context.takeRewrite(rule, subject)
    }
  }
}
