import Compiler
import IR

/// A module on its way through the passes: as it was imported and after each pass that changed it.
public struct PassHistory {
  /// The module at one moment.
  public struct Snapshot {
    public let module: Module
    /// The pass before this moment; nil for the imported module.
    public let report: PassReport?
    /// The pass's position in the run, from 1; 0 for the imported module.
    public let position: Int
    /// What the pass made and removed, by function.
    public let functions: [String: Changes]
  }

  /// What one pass did to the operations of one function, by the names of their results.
  public struct Changes {
    public var made: [String: Derivation] = [:]
    public var removed: [String: PassProvenance.Removal] = [:]
  }

  /// Where an operation came from, over all passes.
  public struct Origin: Equatable {
    public struct Step: Equatable {
      public let pass: String
      public let rules: [String]
    }

    /// The passes that made it or what it was made of, first one first.
    public var steps: [Step] = []
    /// The operations of the imported graph that it was made of, as far as they are known.
    public var imported: [String] = []
  }

  /// Never empty; the first one is the imported module.
  public private(set) var snapshots: [Snapshot]

  public init(imported module: Module) {
    snapshots = [Snapshot(module: module, report: nil, position: 0, functions: [:])]
  }

  /// To be called after each pass. A pass that did nothing is passed over.
  public mutating func append(_ module: Module, after report: PassReport, at position: Int) {
    guard report.rewriteCount > 0 else { return }
    var functions: [String: Changes] = [:]
    for function in module.functions {
      let rewritten = report.provenance.functions.first { $0.name == function.name }
      var changes = Changes(made: rewritten?.made ?? [:], removed: rewritten?.removed ?? [:])
      if let before = last.module[function: function.name] {
        changes.addInserted(function, before, rules: report.rewrites.keys.sorted())
      }
      functions[function.name] = changes
    }
    snapshots.append(
      Snapshot(module: module, report: report, position: position, functions: functions))
  }

  /// The module after the last pass.
  public var last: Snapshot { snapshots[snapshots.count - 1] }

  /// Where the operation of a function came from; nil when no pass made it.
  public func origin(of name: String, in function: String) -> Origin? {
    var origin = Origin(imported: [name])
    for snapshot in snapshots.reversed() {
      guard let report = snapshot.report, let made = snapshot.functions[function]?.made else {
        continue
      }
      var (rules, sources): ([String], [String]) = ([], [])
      for name in origin.imported {
        rules += made[name]?.rules.filter { !rules.contains($0) } ?? []
        sources += (made[name]?.sources ?? [name]).filter { !sources.contains($0) }
      }
      if !rules.isEmpty { origin.steps.append(Origin.Step(pass: report.pass, rules: rules)) }
      origin.imported = sources
    }
    origin.steps.reverse()
    return origin.steps.isEmpty ? nil : origin
  }
}

extension PassHistory.Changes {
  /// Takes in the operations that a pass inserted without a rewrite rule, such as the copies that
  /// kernels need: they come from what they read.
  fileprivate mutating func addInserted(_ after: Function, _ before: Function, rules: [String]) {
    let known = Set(before.values.map(\.name))
    for operation in after.operations {
      let name = after[operation.result].name
      guard !known.contains(name), made[name] == nil else { continue }
      let read = operation.operands.compactMap { $0?.value.map { after[$0].name } }
      made[name] = Derivation(rules: rules, sources: read.filter(known.contains))
    }
  }
}
