import Compiler
import IR
import JSON
import Plans
import Tensors

/// What the viewer's page holds of a model, as compact JSON: each text once, each version of an
/// operation once, and of each snapshot only which versions it consists of.
struct ViewerData {
  private var strings: [String] = []
  private var stringIndex: [String: Int] = [:]
  private var nodes = VersionTable()
  private var tensors = VersionTable()
  private let history: PassHistory
  private let function: String?

  /// - Parameter function: shows only this function.
  init(_ history: PassHistory, function: String? = nil) {
    self.history = history
    self.function = function
  }

  /// - Parameters:
  ///   - plan: the steps and the memory of the last snapshot, when that is planned.
  ///   - profile: measured times of those steps.
  static func json(
    _ history: PassHistory, plan: Plan?, profile: TraceProfile?, function: String?
  ) throws -> JSON {
    var data = ViewerData(history, function: function)
    let snapshots = history.snapshots.map { data.snapshot($0) }
    var members: [JSON.Member] = [
      .init("module", .string(history.last.module.name)),
      .init(
        "symbols",
        .array(
          history.last.module.symbols.map { .array([.string($0.name), .integer($0.bound)]) })),
      .init("ops", data.definitions),
      .init("snapshots", .array(snapshots)),
    ]
    if let plan {
      members.append(.init("memory", try data.memory(plan)))
      members.append(.init("steps", try StepTable.json(plan, profile: profile, only: function)))
    }
    members += [
      .init("nodes", .array(data.nodes.versions)), .init("tensors", .array(data.tensors.versions)),
      .init("strings", .array(data.strings.map { .string($0) })),
    ]
    return .object(members)
  }

  private mutating func index(_ text: String?) -> JSON {
    guard let text else { return -1 }
    if let known = stringIndex[text] { return .integer(known) }
    stringIndex[text] = strings.count
    strings.append(text)
    return .integer(strings.count - 1)
  }

  private func isShown(_ function: Function) -> Bool {
    self.function == nil || self.function == function.name
  }

  private mutating func snapshot(_ snapshot: PassHistory.Snapshot) -> JSON {
    let module = snapshot.module
    var members: [JSON.Member] = [.init("position", .integer(snapshot.position))]
    if let report = snapshot.report {
      let rules = report.rewrites.sorted { $0.key < $1.key }.map { "\($0.key) ×\($0.value)" }
      members += [
        .init("pass", .string(report.pass)), .init("class", .string(report.exactness.rawValue)),
        .init("rewrites", .string(rules.joined(separator: ", "))),
        .init("remark", report.remark.map { .string($0) } ?? .null),
        .init(
          "summary",
          .string((try? PassManager.pass(named: report.pass).summary) ?? "")),
      ]
    }
    members += [
      .init("tensors", .array(VersionTable.runs(module.tensors.map { version(of: $0, module) }))),
      .init(
        "functions",
        .array(
          module.functions.filter(isShown).map { function in
            json(function, module, snapshot.functions[function.name])
          })),
    ]
    return .object(members)
  }

  private mutating func version(of tensor: ModuleTensor, _ module: Module) -> Int {
    let kind =
      switch tensor.kind {
      case .weight: "weight"
      case .buffer: "buffer"
      case .state: "state"
      }
    let notes = [
      tensor.packing.map { "packed as \($0.rawValue)" }, tensor.original.map { "copy of %\($0)" },
      tensor.initializer.map { "value \($0)" },
    ].compactMap { $0 }
    let row: [JSON] = [
      index(tensor.name), index("\(tensor.type)"), index(kind),
      index(notes.joined(separator: ", ")),
    ]
    return tensors.index(of: .array(row))
  }

  private mutating func json(
    _ function: Function, _ module: Module, _ changes: PassHistory.Changes?
  ) -> JSON {
    let versions = function.operations.map { version(of: $0, function, module) }
    let made = (changes?.made ?? [:]).sorted { $0.key < $1.key }.map { name, derivation -> JSON in
      .array([
        index(name), .array(derivation.rules.map { index($0) }),
        .array(derivation.sources.map { index($0) }),
      ])
    }
    let removed = (changes?.removed ?? [:]).sorted { $0.key < $1.key }.map {
      name, removal -> JSON in
      .array([index(name), index(removal.rule), index(removal.replacement)])
    }
    return [
      "name": .string(function.name),
      "parameters": .array(
        function.parameters.map { id in
          .array([index(function[id].name), index("\(function[id].type)")])
        }),
      "results": .array(
        function.results.enumerated().map { number, result in
          .array([
            index(result.name ?? "result \(number)"),
            index(module.name(of: result.operand, in: function)),
          ])
        }),
      "nodes": .array(VersionTable.runs(versions)), "made": .array(made),
      "removed": .array(removed),
    ]
  }

  private mutating func version(
    of operation: Operation, _ function: Function, _ module: Module
  ) -> Int {
    let attributes = operation.attributes.sorted { $0.key < $1.key }
      .map { "\($0.key) = \($0.value)" }
    let value = function[operation.result]
    let operands = operation.operands.map { operand in
      index(operand.map { module.name(of: $0, in: function) })
    }
    var row: [JSON] = [
      index(value.name), index("\(value.type)"), index(operation.op), .array(operands),
      index(attributes.joined(separator: ", ")), index(operation.kernel),
      .integer(value.offset ?? -1),
    ]
    if operation.results.count > 1 {
      row.append(.array(operation.results.dropFirst().map { index(function[$0].name) }))
    }
    return nodes.index(of: .array(row))
  }

  /// Of every op that occurs: group, formula, names of operands.
  private var definitions: JSON {
    var ops: Set<String> = []
    for snapshot in history.snapshots {
      for function in snapshot.module.functions { ops.formUnion(function.operations.map(\.op)) }
    }
    return .object(
      ops.sorted().compactMap { op in
        OpRegistry.definition(of: op).map { definition in
          JSON.Member(
            op,
            .array([
              .string(definition.group.rawValue), .string(definition.formula),
              .array(definition.operands.map { .string($0.name) }),
            ]))
        }
      })
  }

  /// Each function's buffers: value, offset, bytes, first and last moment.
  private mutating func memory(_ plan: Plan) throws -> JSON {
    let module = history.last.module
    let memory = try MemoryPlan(of: module)
    let functions = zip(module.functions, memory.buffers).filter { isShown($0.0) }
    return [
      "arena": .integer(plan.arenaBytes), "bound": .integer(plan.arenaLowerBound),
      "functions": .array(
        functions.map { function, buffers in
          [
            "name": .string(function.name), "moments": .integer(function.operations.count + 2),
            "buffers": .array(
              buffers.map { buffer in
                .array([
                  index(function[buffer.root].name), .integer(function[buffer.root].offset ?? 0),
                  .integer(buffer.bytes), .integer(buffer.lifetime.lowerBound),
                  .integer(buffer.lifetime.upperBound),
                ])
              }),
          ]
        }),
    ]
  }
}

/// Rows that are equal get the same number.
private struct VersionTable {
  private(set) var versions: [JSON] = []
  private var known: [String: Int] = [:]

  mutating func index(of row: JSON) -> Int {
    let key = row.encoded()
    if let index = known[key] { return index }
    known[key] = versions.count
    versions.append(row)
    return versions.count - 1
  }

  /// Numbers as runs of successive ones: first, count, first, count …
  static func runs(_ indices: [Int]) -> [JSON] {
    var runs: [(first: Int, count: Int)] = []
    for index in indices {
      if let last = runs.last, last.first + last.count == index {
        runs[runs.count - 1].count += 1
      } else {
        runs.append((index, 1))
      }
    }
    return runs.flatMap { [.integer($0.first), .integer($0.count)] }
  }
}
