import JSON
import Plans
import Runtime
import Tensors

/// Bytes of a fuzzer as changes to a plan; 0 when there are no more.
struct PlanEdits {
  private var bytes: ArraySlice<UInt8>
  /// Most edits of one plan.
  private static let limit = 8

  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  mutating func next() -> UInt8 { bytes.popFirst() ?? 0 }

  mutating func edit(_ plan: inout Plan) {
    var left = Self.limit
    while !bytes.isEmpty, left > 0 {
      left -= 1
      edit(&plan, kind: next())
    }
  }

  private mutating func edit(_ plan: inout Plan, kind: UInt8) {
    switch kind % 12 {
    case 0...4: editView(of: &plan, kind)
    case 5: lay(&plan)
    case 6: hollow(&plan)
    case 7: editSteps(of: &plan)
    case 8: editKernel(of: &plan)
    case 9: editSection(of: &plan)
    case 10: editMemory(of: &plan)
    default: editPorts(of: &plan)
    }
  }

  // MARK: Choices

  /// A number below `count`, which is not 0.
  fileprivate mutating func below(_ count: Int) -> Int {
    (Int(next()) | (count > 256 ? Int(next()) << 8 : 0)) % count
  }

  private mutating func choice<Element>(_ values: [Element]) -> Element? {
    values.isEmpty ? nil : values[below(values.count)]
  }

  /// Small numbers, and seldom one at which something overflows.
  private mutating func number() -> Int {
    let byte = Int(next())
    guard byte >= 224 else { return byte % 32 - 2 }
    return [64, 256, 4096, 1 << 19, 1 << 20, 1 << 31, 1 << 40, 1 << 47][byte % 8]
      * (byte < 240 ? 1 : -1)
  }

  private mutating func dim(_ plan: Plan, beside former: Dim) -> Dim {
    let kind = next()
    guard let symbol = choice(plan.symbols), kind % 8 > 0 else { return Dim(number()) }
    let size = Dim(symbol: symbol.name)
    let made: Dim?
    switch kind % 8 {
    case 1: made = size
    case 2: made = try? former + Dim(number())
    case 3: made = try? size + Dim(number())
    case 4: made = try? size * Dim(number()) - size * size
    case 5:
      let other = choice(plan.symbols).map { Dim(symbol: $0.name) } ?? 1
      made = try? former + size - other
    // The same at 1 and at the bound, and larger between.
    case 6: made = try? former + (size - 1) * (Dim(symbol.bound) - size) * Dim(number())
    default: made = try? former * size
    }
    return made ?? former
  }

  // MARK: Views

  private mutating func editView(of plan: inout Plan, _ kind: UInt8) {
    guard let place = choice(plan.viewPlaces), var view = plan[place] else { return }
    let former = view
    switch kind % 12 {
    case 0:
      guard !view.shape.isEmpty else { return }
      let axis = below(view.shape.count)
      view.shape[axis] = dim(plan, beside: view.shape[axis])
      // Row-major again, or not.
      if kind & 32 != 0, let strides = try? view.shape.rowMajorStrides() { view.strides = strides }
    case 1:
      guard !view.strides.isEmpty else { return }
      let axis = below(view.strides.count)
      view.strides[axis] = dim(plan, beside: view.strides[axis])
    case 2: view.start = dim(plan, beside: view.start)
    case 3: view.region = region(plan, view.region)
    default:
      view = choice(plan.viewPlaces).flatMap { plan[$0] } ?? view
      if kind & 32 != 0 { view.element = former.element }
    }
    replace(former, by: view, at: place, everywhere: kind & 16 != 0, in: &plan)
  }

  private mutating func region(_ plan: Plan, _ former: PlanView.Region) -> PlanView.Region {
    switch next() % 4 {
    case 0: .arena(offset: plan.arenaBytes - 64 * number())
    case 1: .state(number())
    case 2: .tensor(number())
    default:
      if case .arena(let offset) = former { .arena(offset: offset + 64 * number()) } else { former }
    }
  }

  /// Changes a view, or all that are equal to it in its function.
  private func replace(
    _ former: PlanView, by view: PlanView, at place: ViewPlace, everywhere: Bool,
    in plan: inout Plan
  ) {
    guard everywhere else {
      plan[place] = view
      return
    }
    for other in plan.viewPlaces where other.function == place.function && plan[other] == former {
      plan[other] = view
    }
  }

  /// Lays a result on one of its step's operands, for all that read it.
  private mutating func lay(_ plan: inout Plan) {
    guard !plan.functions.isEmpty else { return }
    let function = below(plan.functions.count)
    guard !plan.functions[function].steps.isEmpty else { return }
    let index = below(plan.functions[function].steps.count)
    let step = plan.functions[function].steps[index]
    guard let operand = choice(step.operands.compactMap { $0 }) else { return }
    var view = step.result
    view.region = operand.region
    view.start = operand.start
    if next() % 4 == 0 { view.strides = operand.strides }
    replace(
      step.result, by: view, at: ViewPlace(function: function, role: .result(step: index)),
      everywhere: true, in: &plan)
  }

  /// Takes all steps out of a function; its outputs repeat what is in a tensor or a state.
  private mutating func hollow(_ plan: inout Plan) {
    guard !plan.functions.isEmpty else { return }
    let function = below(plan.functions.count)
    plan.functions[function].steps = []
    for index in plan.functions[function].outputs.indices {
      var view = plan.functions[function].outputs[index].view
      let tensor = plan.tensors.firstIndex {
        $0.packing == nil && $0.element == view.element && $0.byteCount > 0
      }
      let state = plan.states.firstIndex { $0.element == view.element && $0.byteCount > 0 }
      guard let region = state.map(PlanView.Region.state) ?? tensor.map(PlanView.Region.tensor)
      else { continue }
      view.region = region
      view.strides = view.strides.map { _ in 0 }
      view.start = 0
      plan.functions[function].outputs[index].view = view
    }
  }
}

extension PlanEdits {
  // MARK: Steps, kernels, sections, memory, ports

  private mutating func editSteps(of plan: inout Plan) {
    guard !plan.functions.isEmpty else { return }
    let function = below(plan.functions.count)
    let count = plan.functions[function].steps.count
    guard count > 0 else { return }
    let (index, other) = (below(count), below(count))
    switch next() % 4 {
    case 0: plan.functions[function].steps.remove(at: index)
    case 1: plan.functions[function].steps.swapAt(index, other)
    case 2: plan.functions[function].steps.append(plan.functions[function].steps[index])
    default: plan.functions[function].steps[index].operands.append(nil)
    }
  }

  private mutating func editKernel(of plan: inout Plan) {
    guard !plan.functions.isEmpty else { return }
    let function = below(plan.functions.count)
    guard !plan.functions[function].steps.isEmpty else { return }
    let index = below(plan.functions[function].steps.count)
    var step = plan.functions[function].steps[index]
    if next() % 2 == 0 { step.kernel = choice(KernelRegistry.names) ?? step.kernel }
    if !step.attributes.isEmpty, next() % 2 == 0 {
      let attribute = below(step.attributes.count)
      step.attributes[attribute].value = value(plan, beside: step.attributes[attribute].value)
    }
    plan.functions[function].steps[index] = step
  }

  /// Another value of an attribute. Lists, as those of windows, keep their numbers small: time is not
  /// what is looked at.
  private mutating func value(_ plan: Plan, beside former: JSON) -> JSON {
    switch next() % 4 {
    case 0: return .integer(Int64(number()))
    case 1: return dim(plan, beside: 1).json
    case 2: return .bool(next() % 2 == 0)
    default:
      guard case .array(var list) = former, !list.isEmpty else {
        return .string(choice(["none", "relu", "bf16", "add", "inf", "nan"]) ?? "")
      }
      list[below(list.count)] = .integer(Int64(below(10)))
      return .array(list)
    }
  }

  private mutating func editSection(of plan: inout Plan) {
    guard !plan.sections.isEmpty else { return }
    let index = below(plan.sections.count)
    plan.sections[index].value = edited(plan.sections[index].value)
  }

  /// A value with another number somewhere.
  private mutating func edited(_ value: JSON) -> JSON {
    switch value {
    case .object(var members) where !members.isEmpty:
      let index = below(members.count)
      members[index].value = edited(members[index].value)
      return .object(members)
    case .array(var elements) where !elements.isEmpty:
      let index = below(elements.count)
      elements[index] = edited(elements[index])
      return .array(elements)
    default: return .integer(Int64(number()))
    }
  }

  private mutating func editMemory(of plan: inout Plan) {
    switch next() % 5 {
    case 0: plan.arenaBytes += 64 * number()
    case 1: plan.stateBytes += 64 * number()
    case 2 where !plan.states.isEmpty:
      let index = below(plan.states.count)
      plan.states[index].offset += 64 * number()
    case 3 where !plan.states.isEmpty:
      let index = below(plan.states.count)
      guard !plan.states[index].shape.isEmpty else { return }
      plan.states[index].shape[below(plan.states[index].shape.count)] = number()
    default:
      guard !plan.symbols.isEmpty else { return }
      plan.symbols[below(plan.symbols.count)].bound = number()
    }
  }

  private mutating func editPorts(of plan: inout Plan) {
    guard !plan.functions.isEmpty else { return }
    let function = below(plan.functions.count)
    let (inputs, outputs) = (
      plan.functions[function].inputs.count, plan.functions[function].outputs.count
    )
    switch next() % 4 {
    case 0 where inputs > 0:
      plan.functions[function].inputs.swapAt(below(inputs), below(inputs))
    case 1 where inputs > 0: plan.functions[function].inputs.remove(at: below(inputs))
    case 2 where outputs > 0:
      plan.functions[function].outputs.append(plan.functions[function].outputs[below(outputs)])
    // The least that has the type: a port that is written beyond its end.
    default:
      guard inputs > 0 else { return }
      let port = below(inputs)
      let former = plan.functions[function].inputs[port].view
      var view = former
      view.region = .arena(offset: plan.arenaBytes - 64)
      view.start = Dim(64 / view.element.byteCount - 1)
      view.shape = view.shape.map { _ in 1 }
      view.strides = view.strides.map { _ in 1 }
      replace(
        former, by: view, at: ViewPlace(function: function, role: .input(port)), everywhere: true,
        in: &plan)
    }
  }
}
