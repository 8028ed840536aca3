import Compiler
import IR
import JSON
import Plans
import Tensors

/// A module at some stage as JSON: everything that its text says, in a schema that is versioned and
/// documented in `docs/DUMP-FORMAT.md`.
public struct ModuleDump {
  /// Counts up when a reader of the version before would misread a dump.
  public static let version = 1

  private let module: Module
  private let stage: String
  private let functions: [Function]
  private let history: PassHistory?

  /// - Parameters:
  ///   - stage: what the module went through, such as `imported` or `fuse_norm`.
  ///   - name: dumps only this function, with all symbols and tensors.
  ///   - history: where operations came from, as far as it is known.
  public init(
    _ module: Module, stage: String, function name: String? = nil, history: PassHistory? = nil
  ) {
    self.module = module
    self.stage = stage
    self.history = history
    functions = module.functions.filter { name == nil || $0.name == name }
  }

  public var json: JSON {
    var members: [JSON.Member] = [
      .init("format", "paligraph-dump"), .init("version", .integer(Self.version)),
      .init("stage", .string(stage)), .init("module", .string(module.name)),
      .init(
        "symbols",
        .array(
          module.symbols.map { ["name": .string($0.name), "bound": .integer($0.bound)] })),
      .init("tensors", .array(module.tensors.map(json))),
      .init("functions", .array(functions.map(json))),
    ]
    if let memory = try? MemoryPlan(of: module), isPlanned {
      members.append(
        .init(
          "memory",
          [
            "arena_bytes": .integer(memory.arenaBytes), "lower_bound": .integer(memory.lowerBound),
          ]))
    }
    return .object(members)
  }

  private var isPlanned: Bool {
    module.functions.contains { $0.values.contains { $0.offset != nil } }
  }

  private func json(_ tensor: ModuleTensor) -> JSON {
    let kind =
      switch tensor.kind {
      case .weight: "weight"
      case .buffer(let persistent): persistent ? "persistent_buffer" : "buffer"
      case .state: "state"
      }
    var members = [JSON.Member("name", .string(tensor.name))] + type(tensor.type)
    members.append(.init("kind", .string(kind)))
    if let value = tensor.initializer { members.append(.init("value", value.dump)) }
    if let packing = tensor.packing { members.append(.init("packing", .string(packing.rawValue))) }
    if let original = tensor.original { members.append(.init("copy_of", .string(original))) }
    return .object(members)
  }

  private func type(_ type: TensorType) -> [JSON.Member] {
    [
      .init("element", .string(type.element.rawValue)),
      .init("shape", .array(type.shape.map(\.json))),
    ]
  }

  private func json(_ function: Function) -> JSON {
    [
      "name": .string(function.name),
      "values": .array(
        function.values.map { value in
          let place = value.offset.map { [JSON.Member("offset", .integer($0))] } ?? []
          return .object([.init("name", .string(value.name))] + type(value.type) + place)
        }),
      "parameters": .array(function.parameters.map { .integer($0.index) }),
      "operations": .array(function.operations.map { json($0, in: function) }),
      "results": .array(
        function.results.map { result in
          .object(
            (result.name.map { [JSON.Member("name", .string($0))] } ?? [])
              + [.init("operand", result.operand.dump)])
        }),
    ]
  }

  private func json(_ operation: Operation, in function: Function) -> JSON {
    var members: [JSON.Member] = [
      .init("op", .string(operation.op)),
      .init("operands", .array(operation.operands.map { $0?.dump ?? .null })),
      .init(
        "attributes",
        .object(
          operation.attributes.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.dump) })),
      .init("results", .array(operation.results.map { .integer($0.index) })),
    ]
    if let kernel = operation.kernel { members.append(.init("kernel", .string(kernel))) }
    if let origin = history?.origin(of: function[operation.result].name, in: function.name) {
      members.append(.init("origin", origin.dump))
    }
    return .object(members)
  }
}

extension Operand {
  fileprivate var dump: JSON {
    switch self {
    case .value(let id): ["value": .integer(id.index)]
    case .tensor(let id): ["tensor": .integer(id.index)]
    }
  }
}

extension Attribute {
  /// Tagged with its kind, since `2` may be a size or a number.
  fileprivate var dump: JSON {
    switch self {
    case .dimension(let value): ["dimension": value.json]
    case .real(let value): ["real": value.dump]
    case .flag(let value): ["flag": .bool(value)]
    case .word(let value): ["word": .string(value)]
    case .list(let values): ["list": .array(values.map(\.dump))]
    }
  }
}

extension Double {
  /// A number, or `inf`, `-inf` and `nan` as strings.
  fileprivate var dump: JSON { isFinite ? .number(self) : .string("\(self)") }
}

extension Initializer {
  fileprivate var dump: JSON {
    switch self {
    case .iota: ["kind": "iota"]
    case .splat(let value): ["kind": "splat", "value": value.dump]
    case .dense(let values): ["kind": "dense", "values": .array(values.map(\.dump))]
    case .ropeFrequencies(let base): ["kind": "rope_frequencies", "base": base.dump]
    case .random(let seed, let scale, let rounded):
      .object(
        [.init("kind", "random"), .init("seed", .integer(seed)), .init("scale", scale.dump)]
          + (rounded.map { [.init("rounded", .string($0.rawValue))] } ?? []))
    }
  }
}

extension PassHistory.Origin {
  fileprivate var dump: JSON {
    [
      "made_by": .array(
        steps.map { step in
          ["pass": .string(step.pass), "rules": .array(step.rules.map { .string($0) })]
        }),
      "from": .array(imported.map { .string($0) }),
    ]
  }
}
