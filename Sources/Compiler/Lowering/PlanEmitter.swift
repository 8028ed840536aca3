import IR
import JSON
import Plans
import Tensors

/// Turns a module whose kernels are chosen and whose memory is planned into a plan.
struct PlanEmitter {
  private let module: Module
  private var plan: Plan
  private var tensorIndex: [TensorID: Int] = [:]
  private var stateIndex: [TensorID: Int] = [:]

  static func emit(_ module: Module) throws -> Plan {
    let memory = try MemoryPlan(of: module)
    var emitter = PlanEmitter(module)
    emitter.plan.symbols = module.symbols.map { PlanSymbol(name: $0.name, bound: $0.bound) }
    emitter.plan.arenaBytes = memory.arenaBytes
    emitter.plan.arenaLowerBound = memory.lowerBound
    try emitter.emitTensors()
    emitter.plan.functions = try module.functions.map { try emitter.function($0) }
    return emitter.plan
  }

  private init(_ module: Module) {
    self.module = module
    plan = Plan(name: module.name)
  }

  /// Tensors that some function reads, in module order, and all states.
  private mutating func emitTensors() throws {
    var used: Set<TensorID> = []
    for function in module.functions {
      for operation in function.operations {
        used.formUnion(operation.operands.compactMap { $0?.tensor })
      }
      used.formUnion(function.results.compactMap(\.operand.tensor))
    }
    for index in module.tensors.indices {
      let id = TensorID(index)
      let tensor = module.tensors[index]
      let shape = try tensor.type.shape.evaluate(module.bounds)
      if tensor.kind == .state {
        stateIndex[id] = plan.states.count
        let state = PlanState(
          name: tensor.name, element: tensor.type.element, shape: shape, offset: plan.stateBytes)
        plan.stateBytes += state.byteCount.alignedForPlan
        plan.states.append(state)
      } else if used.contains(id) {
        tensorIndex[id] = plan.tensors.count
        plan.tensors.append(
          PlanTensor(
            name: tensor.name, element: tensor.type.element, shape: shape, packing: tensor.packing))
      }
    }
  }

  private func function(_ function: Function) throws -> PlanFunction {
    let layouts = try Layout.analyze(function, in: module)
    func view(_ operand: Operand) throws -> PlanView {
      let type = module.type(of: operand, in: function)
      let layout =
        try operand.value.map { layouts[$0.index] }
        ?? module.layout(of: operand)
      return PlanView(
        region: try region(of: layout.root, in: function), element: type.element,
        shape: type.shape, strides: layout.strides, start: layout.offset)
    }
    var result = PlanFunction(name: function.name)
    result.inputs = try function.parameters.map {
      PlanPort(name: function[$0].name, view: try view(.value($0)))
    }
    result.outputs = try function.results.enumerated().map { index, output in
      PlanPort(name: output.name ?? "output\(index)", view: try view(output.operand))
    }
    for operation in function.operations {
      guard let kernel = operation.kernel else { continue }
      let site = try module.site(of: operation, in: function)
      result.steps.append(
        PlanStep(
          kernel: kernel, name: function[operation.result].name,
          operands: try operation.operands.map { try $0.map(view) },
          result: try view(.value(operation.result)), attributes: attributes(of: operation),
          // Nothing but figures depends on it.
          multiplyAdds: (try? site.definition.multiplyAdds(site)) ?? 0))
    }
    return result
  }

  private func region(of root: Operand, in function: Function) throws -> PlanView.Region {
    switch root {
    case .value(let id):
      guard let offset = function[id].offset else {
        throw OpError("%\(function[id].name) has no place in the arena; run plan_memory first")
      }
      return .arena(offset: offset)
    case .tensor(let id):
      if let index = stateIndex[id] { return .state(index) }
      if let index = tensorIndex[id] { return .tensor(index) }
      throw OpError("%\(module.tensor(id).name) is not in the plan")
    }
  }

  /// Every attribute, defaults included, so that the run side needs no op definitions.
  private func attributes(of operation: Operation) -> [JSON.Member] {
    let specs = OpRegistry.definition(of: operation.op)?.attributes ?? []
    return specs.map(\.name).sorted().compactMap { name in
      operation.attribute(name).map { JSON.Member(name, $0.json) }
    }
  }
}

extension Attribute {
  /// As a plan stores it; kernels know which kind each of theirs is.
  var json: JSON {
    switch self {
    case .dimension(let value): value.json
    // The sign of a NaN means nothing.
    case .real(let value):
      value.isFinite ? .number(value) : .string(value.isNaN ? "nan" : "\(value)")
    case .flag(let value): .bool(value)
    case .word(let value): .string(value)
    case .list(let values): .array(values.map(\.json))
    }
  }
}
