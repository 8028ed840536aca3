import JSON
import Tensors
import Testing

@testable import Plans

extension Plan {
  /// Makes every function yield what a state holds, which is nothing but zeros: its ports alone remain.
  /// There is room behind the arena, where inputs can be moved to.
  mutating func removeSteps() {
    let offset = (stateBytes + Self.alignment - 1) / Self.alignment * Self.alignment
    states.append(PlanState(name: "results", element: .f32, shape: [1 << 20], offset: offset))
    stateBytes = offset + 4 << 20
    for function in functions.indices {
      functions[function].steps = []
      for port in functions[function].outputs.indices {
        let shape = functions[function].outputs[port].view.shape
        functions[function].outputs[port].view = PlanView(
          region: .state(states.count - 1), element: .f32, shape: shape,
          strides: (try? shape.rowMajorStrides()) ?? [])
      }
    }
  }

  mutating func editSymbol(_ name: String, _ change: (inout PlanSymbol) -> Void) throws {
    let index = try #require(symbols.firstIndex { $0.name == name })
    change(&symbols[index])
  }

  mutating func editFunction(
    _ name: String, _ change: (inout PlanFunction) throws -> Void
  ) throws {
    let index = try #require(functionIndex(name))
    try change(&functions[index])
  }

  /// Changes an input, which gets memory of its own at the end of the arena. Strides become row-major
  /// unless they are changed.
  mutating func edit(
    input name: String, of function: String, _ change: (inout PlanView) throws -> Void
  ) throws {
    let sizes = Dictionary(uniqueKeysWithValues: symbols.map { ($0.name, $0.bound) })
    var arenaBytes = self.arenaBytes
    try editFunction(function) { function in
      let port = try #require(function.inputs.firstIndex { $0.name == name })
      try function.inputs[port].view.edit(change)
      let view = function.inputs[port].view
      let elements = try view.elementsReached(at: sizes)
      let offset = (arenaBytes + Self.alignment - 1) / Self.alignment * Self.alignment
      function.inputs[port].view.region = .arena(offset: offset)
      arenaBytes = offset + elements * view.element.byteCount
    }
    self.arenaBytes = arenaBytes
  }

  mutating func edit(
    output name: String, of function: String, _ change: (inout PlanView) throws -> Void
  ) throws {
    try editFunction(function) { function in
      let port = try #require(function.outputs.firstIndex { $0.name == name })
      try function.outputs[port].view.edit(change)
    }
  }

  /// Changes a member of the section that the plan has for its family.
  mutating func setSection(_ name: String, _ value: JSON) {
    for section in sections.indices where ["paligemma", "siglip"].contains(sections[section].key) {
      guard case .object(var members) = sections[section].value else { continue }
      members.removeAll { $0.key == name }
      members.append(JSON.Member(name, value))
      sections[section].value = .object(members)
    }
  }
}

extension PlanView {
  /// Elements from the region's start to behind the farthest one.
  fileprivate func elementsReached(at sizes: [String: Int]) throws -> Int {
    try zip(shape.evaluate(sizes), strides.evaluate(sizes))
      .reduce(start.evaluate(sizes) + 1) { $0 + Swift.max(0, ($1.0 - 1) * $1.1) }
  }

  fileprivate mutating func edit(_ change: (inout PlanView) throws -> Void) throws {
    let former = strides
    try change(&self)
    if strides == former { strides = try shape.rowMajorStrides() }
  }
}

extension PlanPort {
  init(name: String, _ other: PlanPort) { self.init(name: name, view: other.view) }
}
